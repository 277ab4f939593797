//! API keys: creates, lists, rotates and revokes them. The bucket has the digest of a key; the key itself is shown once.

mod command;
mod list;
mod open;
mod rotate;

use std::io;

use sandcastle::{
    KeyRecord, Name, Scope, Secret, layout,
    store::{ObjectStore, StoreError},
};
use time::{Duration, OffsetDateTime};

pub use command::Keys;
pub use list::list;
pub use open::{OpenError, Opened};
pub use rotate::rotate;

/// Hex digits of the digest that are the id of a key in lists.
const ID_DIGITS: usize = 12;
/// Fewest hex digits of an id that are accepted.
const FEWEST_DIGITS: usize = 8;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 100;
/// The name of the key that `sandcastle serve` records.
pub(crate) const DEVELOPMENT_KEY: &str = "development key";
/// Keys on one page of a list.
const PAGE: u16 = 1000;

/// Why a command on keys failed.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// An invalid name.
    #[error("the name must have 1 to {MAX_NAME} characters and no control characters")]
    Name,
    /// An invalid time until it expires.
    #[error("--expires-in-days must be 1 to 36500")]
    Expiry,
    /// A malformed id.
    #[error("the id must be 8 to 64 hex digits, as `sandcastle keys list` shows it; never pass the key itself")]
    Id,
    /// An unknown id.
    #[error("no key has the id {0}")]
    Unknown(String),
    /// An ambiguous id.
    #[error("several ids begin with {0}: give more digits")]
    Ambiguous(String),
    /// The key has expired.
    #[error("{0} has expired: create a new key")]
    Ended(String),
    /// The development key.
    #[error(
        "{0} is the development key, which `sandcastle serve` records at each start: delete the file dev-key in the data folder, then revoke the key"
    )]
    Development(String),
    /// A key that has been rotated.
    #[error("{0} has been rotated: rotate the newer key")]
    Retired(String),
    /// The new key could not be printed.
    #[error("the new key could not be printed and was deleted; the old key still works")]
    NotShown(#[source] io::Error),
    /// The new key was printed, and the old one could not be revoked.
    #[error("the new key works, but the old one could not be revoked: run `sandcastle keys revoke {id}`")]
    OldStays {
        /// The old one.
        id: String,
        /// Why.
        #[source]
        source: Box<KeysError>,
    },
    /// The output could not be written.
    #[error("write the output")]
    Write(#[source] io::Error),
    /// The bucket failed.
    #[error("access the bucket")]
    Store(#[from] StoreError),
    /// A record could not be serialised.
    #[error("serialise the key record")]
    Record(#[source] serde_json::Error),
}

/// The properties of a new key.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Its organisation.
    pub org: Name,
    /// The member who owns the sandboxes that it starts.
    pub member: Name,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its name.
    pub name: String,
    /// Days until it expires; never when absent.
    pub expires_in_days: Option<u32>,
    /// Limit on the running sandboxes of the member; none when absent.
    pub sandbox_limit: Option<u32>,
}

/// Creates a key and returns it. It cannot be read again later.
pub async fn create(store: &dyn ObjectStore, new: NewKey) -> Result<Secret, KeysError> {
    let secret = Secret::generate();
    record(store, &secret, new).await?;
    Ok(secret)
}

/// Records a given secret as a key, unless it is recorded already.
pub async fn record(store: &dyn ObjectStore, secret: &Secret, new: NewKey) -> Result<(), KeysError> {
    let length = new.name.chars().count();
    if !(1..=MAX_NAME).contains(&length) || new.name.chars().any(char::is_control) {
        return Err(KeysError::Name);
    }
    let created_at = OffsetDateTime::now_utc();
    let expires_at = match new.expires_in_days {
        None => None,
        Some(days @ 1..=36_500) => created_at.checked_add(Duration::days(days.into())),
        Some(_) => return Err(KeysError::Expiry),
    };
    let NewKey { org, member, scopes, name, sandbox_limit, .. } = new;
    let record = KeyRecord { org, member, scopes, name, created_at, expires_at, retired_at: None, sandbox_limit };
    put_new(store, secret, &record).await
}

async fn put_new(store: &dyn ObjectStore, secret: &Secret, record: &KeyRecord) -> Result<(), KeysError> {
    let json = serde_json::to_vec_pretty(record).map_err(KeysError::Record)?;
    store.put_new(&layout::api_key(&secret.digest()), json.into()).await?;
    Ok(())
}

/// Revokes the key whose id begins with these digits, and returns its id.
pub async fn revoke(store: &dyn ObjectStore, id: &str) -> Result<String, KeysError> {
    let digest = find(store, id).await?;
    store.delete(&[layout::api_key(&digest)]).await?;
    Ok(short(&digest))
}

/// The only digest that begins with `id`.
async fn find(store: &dyn ObjectStore, id: &str) -> Result<String, KeysError> {
    let hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex || !(FEWEST_DIGITS..=64).contains(&id.len()) {
        return Err(KeysError::Id);
    }
    let mut found = digests(store).await?.into_iter().filter(|digest| digest.starts_with(id));
    let digest = found.next().ok_or_else(|| KeysError::Unknown(id.to_owned()))?;
    match found.next() {
        None => Ok(digest),
        Some(_) => Err(KeysError::Ambiguous(id.to_owned())),
    }
}

async fn digests(store: &dyn ObjectStore) -> Result<Vec<String>, StoreError> {
    let (mut digests, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.list(layout::API_KEYS, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(digests) };
        let digest = |key: &String| Some(key.strip_prefix(layout::API_KEYS)?.strip_suffix(".json")?.to_owned());
        digests.extend(page.iter().filter_map(digest));
        after = Some(last.clone());
    }
}

fn short(digest: &str) -> String {
    digest.chars().take(ID_DIGITS).collect()
}

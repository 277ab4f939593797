//! API keys: making, listing, rotating and revoking them. The bucket keeps a key's digest; the key itself is shown once.

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

/// Digits of its digest that name a key in lists.
const ID_DIGITS: usize = 12;
/// Fewer digits than this are taken for a slip.
const FEWEST_DIGITS: usize = 8;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 100;
/// The name of the key that `serve` makes for itself.
pub(crate) const DEVELOPMENT_KEY: &str = "development key";
/// Keys on one page of a list.
const PAGE: u16 = 1000;

/// Why a command on keys was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A name that cannot stand in a table.
    #[error("a key's name has 1 to {MAX_NAME} characters and no control characters")]
    Name,
    /// A time that is no time.
    #[error("a key expires in 1 to 36,500 days")]
    Expiry,
    /// What was given to revoke or rotate.
    #[error("a key's id is 8 to 64 hex digits, as `sandcastle keys list` shows it; never give the key itself")]
    Id,
    /// No such key.
    #[error("there is no key with the id {0}")]
    Unknown(String),
    /// More than one such key.
    #[error("more than one key has an id that begins with {0}: give more digits")]
    Ambiguous(String),
    /// It has ended.
    #[error("{0} has ended already: create a new key")]
    Ended(String),
    /// It is the development key.
    #[error(
        "{0} is the development key, which `sandcastle serve` records at each start: delete the file dev-key, then revoke it"
    )]
    Development(String),
    /// It has a successor.
    #[error("{0} is being replaced by a newer key already: rotate that one")]
    Retired(String),
    /// The new key could not be handed over.
    #[error("the new key could not be printed; it was taken back, and the old one works")]
    NotShown(#[source] io::Error),
    /// The new key was handed over, and the old one works too.
    #[error("the new key works, and so does the old one: end that with `sandcastle keys revoke {id}`")]
    OldStays {
        /// The old one.
        id: String,
        /// Why.
        #[source]
        source: Box<KeysError>,
    },
    /// What a command came to could not be written.
    #[error("write to the terminal")]
    Write(#[source] io::Error),
    /// The bucket.
    #[error("the bucket")]
    Store(#[from] StoreError),
    /// A record could not be written down.
    #[error("write key record")]
    Record(#[source] serde_json::Error),
}

/// What a new key is to be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The organisation whose sandboxes it reaches.
    pub org: Name,
    /// The member who owns what it starts.
    pub member: Name,
    /// What it allows.
    pub scopes: Vec<Scope>,
    /// What its owner calls it.
    pub name: String,
    /// When it stops to work, if ever.
    pub expires_in_days: Option<u32>,
    /// How many running sandboxes its member may have when it starts one.
    pub sandbox_limit: Option<u32>,
}

/// Makes a key and returns it; it cannot be had again.
pub async fn create(store: &dyn ObjectStore, new: NewKey) -> Result<Secret, KeysError> {
    let secret = Secret::generate();
    record(store, &secret, new).await?;
    Ok(secret)
}

/// Makes a given secret a key, unless it is one already.
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

/// Revokes the one key whose id begins with these digits, and returns its id.
pub async fn revoke(store: &dyn ObjectStore, id: &str) -> Result<String, KeysError> {
    let digest = find(store, id).await?;
    store.delete(&[layout::api_key(&digest)]).await?;
    Ok(short(&digest))
}

/// The one digest that begins like that.
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

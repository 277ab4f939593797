//! API keys: making them, listing them, revoking them. The bucket keeps a key's digest; the key itself is shown once.

mod open;

use futures::{StreamExt, TryStreamExt, stream};
use sandcastle::{
    KeyRecord, Name, Scope, Secret, keys as paths,
    store::{ObjectStore, StoreError},
};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

pub use open::{OpenError, Opened};

/// Digits of its digest that name a key in lists.
const ID_DIGITS: usize = 12;
/// Fewer digits than this are taken for a slip.
const FEWEST_DIGITS: usize = 8;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 100;
/// Records that are read at once.
const AT_ONCE: usize = 16;
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
    /// What was given to revoke.
    #[error("a key's id is 8 to 64 hex digits, as `sandcastle keys list` shows it; never give the key itself")]
    Id,
    /// No such key.
    #[error("there is no key with the id {0}")]
    Unknown(String),
    /// More than one such key.
    #[error("more than one key has an id that begins with {0}: give more digits")]
    Ambiguous(String),
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
    let NewKey { org, member, scopes, name, .. } = new;
    let record = KeyRecord { org, member, scopes, name, created_at, expires_at };
    let json = serde_json::to_vec_pretty(&record).map_err(KeysError::Record)?;
    store.put_new(&paths::api_key(&secret.digest()), json.into()).await?;
    Ok(())
}

/// All keys as a table, oldest first.
pub async fn list(store: &dyn ObjectStore) -> Result<String, KeysError> {
    let digests = digests(store).await?;
    let mut rows: Vec<_> = stream::iter(digests)
        .map(|digest| async move { Ok::<_, StoreError>((store.get(&paths::api_key(&digest)).await?, digest)) })
        .buffered(AT_ONCE)
        .try_filter_map(|(record, digest)| async move { Ok(record.map(|record| row(&digest, &record))) })
        .try_collect()
        .await?;
    rows.sort_by(|a, b| a.get(4).cmp(&b.get(4)));
    rows.insert(0, ["ID", "ORG", "MEMBER", "SCOPES", "CREATED", "EXPIRES", "NAME"].map(str::to_owned));
    Ok(table(&rows))
}

/// Revokes the one key whose id begins with these digits, and returns its id.
pub async fn revoke(store: &dyn ObjectStore, id: &str) -> Result<String, KeysError> {
    let hex = id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !hex || !(FEWEST_DIGITS..=64).contains(&id.len()) {
        return Err(KeysError::Id);
    }
    let mut found = digests(store).await?.into_iter().filter(|digest| digest.starts_with(id));
    let digest = found.next().ok_or_else(|| KeysError::Unknown(id.to_owned()))?;
    if found.next().is_some() {
        return Err(KeysError::Ambiguous(id.to_owned()));
    }
    store.delete(&[paths::api_key(&digest)]).await?;
    Ok(short(&digest))
}

async fn digests(store: &dyn ObjectStore) -> Result<Vec<String>, StoreError> {
    let (mut digests, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = store.list(paths::API_KEYS, after.as_deref(), PAGE).await?;
        let Some(last) = page.last() else { return Ok(digests) };
        let digest = |key: &String| Some(key.strip_prefix(paths::API_KEYS)?.strip_suffix(".json")?.to_owned());
        digests.extend(page.iter().filter_map(digest));
        after = Some(last.clone());
    }
}

fn row(digest: &str, json: &[u8]) -> [String; 7] {
    let Ok(record) = serde_json::from_slice::<KeyRecord>(json) else {
        let unreadable = || "-".to_owned();
        let [a, b, c, d, e] = std::array::from_fn(|_| unreadable());
        return [short(digest), a, b, c, d, e, "(not a key record)".to_owned()];
    };
    let day =
        |at: OffsetDateTime| at.replace_nanosecond(0).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default();
    let scopes: Vec<_> = record.scopes.iter().map(|scope| scope.as_str()).collect();
    // Whoever may write to the bucket may not write to this terminal.
    let name = record.name.chars().map(|c| if c.is_control() { '?' } else { c }).take(MAX_NAME).collect();
    [
        short(digest),
        record.org.to_string(),
        record.member.to_string(),
        scopes.join(","),
        day(record.created_at),
        record.expires_at.map_or_else(|| "never".to_owned(), day),
        name,
    ]
}

fn short(digest: &str) -> String {
    digest.chars().take(ID_DIGITS).collect()
}

fn table(rows: &[[String; 7]]) -> String {
    let mut widths = [0; 7];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

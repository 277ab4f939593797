//! Rotating a key: another takes its place. At every moment one of the two works and is known to somebody: the new one is
//! stored and shown before anything happens to the old one.

use std::io;

use sandcastle::{
    KeyRecord, Secret, layout,
    store::{ObjectStore, StoreError},
};
use time::{Duration, OffsetDateTime};

use super::{DEVELOPMENT_KEY, KeysError, find, put_new, short};

/// Puts a new key in the place of the one whose id begins with these digits, and tells what becomes of that one. The new
/// one is for the same caller, with the same scopes, name and limit, and lives for as long as the old one was to live when
/// it was made. The old one ends now, or after the overlap.
///
/// `show` hands the new key over. What is cut off before that leaves the old key as it was, and at worst a record of a key
/// that nobody knows; what is cut off after it leaves both at work.
pub async fn rotate(
    store: &dyn ObjectStore,
    id: &str,
    overlap: Option<Duration>,
    show: impl FnOnce(&Secret) -> io::Result<()>,
) -> Result<String, KeysError> {
    let digest = find(store, id).await?;
    let old = read(store, &digest).await?.ok_or_else(|| KeysError::Unknown(id.to_owned()))?;
    if old.retired_at.is_some() {
        return Err(KeysError::Retired(short(&digest)));
    }
    if old.name == DEVELOPMENT_KEY {
        return Err(KeysError::Development(short(&digest)));
    }
    let (secret, created_at) = (Secret::generate(), OffsetDateTime::now_utc());
    if old.ends_at().is_some_and(|at| at <= created_at) {
        return Err(KeysError::Ended(short(&digest)));
    }
    let expires_at = old.expires_at.and_then(|at| created_at.checked_add(at - old.created_at));
    let new = KeyRecord { created_at, expires_at, ..old };
    put_new(store, &secret, &new).await?;
    if let Err(error) = show(&secret) {
        store.delete(&[layout::api_key(&secret.digest())]).await?;
        return Err(KeysError::NotShown(error));
    }
    let short = short(&digest);
    let still = |source| KeysError::OldStays { id: short.clone(), source };
    retire(store, &digest, overlap).await.map_err(|error| still(Box::new(error)))
}

async fn retire(store: &dyn ObjectStore, digest: &str, overlap: Option<Duration>) -> Result<String, KeysError> {
    let (key, id) = (layout::api_key(digest), short(digest));
    let Some(overlap) = overlap else {
        store.delete(&[key]).await?;
        return Ok(format!("{id} is revoked; a running server may take it for another 30 seconds"));
    };
    // Read again: somebody may have revoked the key since the new one was made.
    let Some(old) = read(store, digest).await? else { return Ok(format!("{id} was revoked meanwhile")) };
    let retired_at = OffsetDateTime::now_utc().checked_add(overlap);
    let json = serde_json::to_vec_pretty(&KeyRecord { retired_at, ..old }).map_err(KeysError::Record)?;
    store.put(&key, json.into()).await?;
    Ok(format!("{id} goes on to work for {} hours", overlap.whole_hours()))
}

async fn read(store: &dyn ObjectStore, digest: &str) -> Result<Option<KeyRecord>, KeysError> {
    let key = layout::api_key(digest);
    let Some(bytes) = store.get(&key).await? else { return Ok(None) };
    let corrupt = |_| StoreError::Corrupt { key, what: "not a key record".into() };
    Ok(Some(serde_json::from_slice(&bytes).map_err(corrupt)?))
}

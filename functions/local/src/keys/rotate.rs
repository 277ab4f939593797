//! Rotates a key: replaces it with a new one. The new key is stored and shown before the old one is changed, so that at every
//! moment the owner has a key that works.

use std::io;

use sandcastle::{
    KeyRecord, Secret, layout,
    store::{ObjectStore, StoreError},
};
use time::{Duration, OffsetDateTime};

use super::{DEVELOPMENT_KEY, KeysError, find, put_new, short};

/// Replaces the key whose id begins with these digits, and returns a sentence about the old key. The new key has the same
/// caller, scopes, name, limit and lifetime, counted from now. The old key ends now, or after the overlap.
///
/// `show` prints the new key. If the process is killed before that, the old key is unchanged, and the record of an unknown
/// key may be left; if it is killed after that, both keys work.
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
        return Ok(format!("{id} is revoked; a running server may accept it for another 30 seconds"));
    };
    // Read again: the key may have been revoked since.
    let Some(old) = read(store, digest).await? else { return Ok(format!("{id} was revoked in the meantime")) };
    let retired_at = OffsetDateTime::now_utc().checked_add(overlap);
    let json = serde_json::to_vec_pretty(&KeyRecord { retired_at, ..old }).map_err(KeysError::Record)?;
    store.put(&key, json.into()).await?;
    Ok(format!("{id} keeps working for {} hours", overlap.whole_hours()))
}

async fn read(store: &dyn ObjectStore, digest: &str) -> Result<Option<KeyRecord>, KeysError> {
    let key = layout::api_key(digest);
    let Some(bytes) = store.get(&key).await? else { return Ok(None) };
    let corrupt = |_| StoreError::Corrupt { key, what: "not a key record".into() };
    Ok(Some(serde_json::from_slice(&bytes).map_err(corrupt)?))
}

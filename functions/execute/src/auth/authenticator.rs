//! Resolves a token to its principal: an API key by its record in the bucket, which is cached briefly, and a JSON Web Token
//! by its signature and claims.

use std::sync::Arc;

use moka::future::Cache;
use sandcastle::{
    KeyRecord, Name, Principal, Secret, layout,
    store::{ObjectStore, StoreError},
};
use sandcastle_runtime::chain;
use time::{Duration, OffsetDateTime};

use super::{
    Clock,
    bearer::API_KEY_PREFIX,
    jwt::{self, Jwt, JwtSettings, NoKeys},
};

/// How long a key record is cached. A revoked key works for at most this long.
const KNOWN_FOR: Duration = Duration::seconds(30);
/// How long the absence of a key is cached. A new key works after at most this long.
const UNKNOWN_FOR: Duration = Duration::seconds(2);
/// Cached tokens, at most: invalid ones cannot fill the memory.
const REMEMBERED: u64 = 10_000;

/// Why a token could not be checked. An invalid token is not an error.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The key record cannot be read. Requests that wait for the same read share the error.
    #[error("read key record")]
    Store(#[from] Arc<StoreError>),
    /// The keys that verify tokens cannot be fetched.
    #[error("check token")]
    Keys(#[from] NoKeys),
}

/// Resolves tokens to principals.
pub struct Authenticator {
    store: Arc<dyn ObjectStore>,
    now: Clock,
    looked_up: Cache<String, LookedUp>,
    jwt: Option<Jwt>,
}

/// An authenticated caller.
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// The name that limits are counted under: the digest of an API key, or the member of a JSON Web Token, because tokens
    /// change all the time.
    pub(crate) counted_as: String,
}

fn member_name(principal: &Principal) -> String {
    let member = principal.member.as_ref().map(Name::as_str);
    format!("{}/{}", principal.org, member.unwrap_or_default())
}

/// The bucket's record for a token's digest, and when it was read.
#[derive(Clone)]
struct LookedUp {
    record: Option<Arc<KeyRecord>>,
    at: OffsetDateTime,
}

impl LookedUp {
    /// True while the record can be used. A negative age means that the clock was set back: then it is read again.
    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        let age = now - self.at;
        let longest = if self.record.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
        !age.is_negative() && age < longest
    }
}

impl Authenticator {
    /// An authenticator with the key records of this bucket.
    pub fn new(store: Arc<dyn ObjectStore>, now: Clock) -> Self {
        Self { store, now, looked_up: Cache::new(REMEMBERED), jwt: None }
    }

    /// Accepts JSON Web Tokens of this issuer too, if there is one.
    #[must_use]
    pub fn with_jwt(self, settings: Option<JwtSettings>) -> Self {
        let now = self.now;
        Self { jwt: settings.map(|settings| Jwt::new(settings, now)), ..self }
    }

    /// Loads credentials and opens a connection to the bucket before the first call. A failure is only logged: the first call
    /// meets it again, and answers it.
    pub async fn warm(&self) {
        if let Err(error) = self.store.get(&layout::api_key("none")).await {
            tracing::warn!(error = chain(&error), "reading the bucket failed");
        }
    }

    /// The caller; `None` when the token is unknown, invalid or expired.
    ///
    /// # Errors
    /// When the key's record cannot be read, or is not a key record, or when no keys to verify tokens could be fetched.
    pub async fn principal(&self, token: &Secret) -> Result<Option<Principal>, AuthError> {
        Ok(self.known(token).await?.map(|known| known.principal))
    }

    /// As [`Self::principal`], with the name that limits are counted under.
    pub(crate) async fn known(&self, token: &Secret) -> Result<Option<Known>, AuthError> {
        if let Some(jwt) = self.jwt_for(token) {
            let principal = jwt.principal(token.expose()).await?;
            return Ok(principal.map(|principal| Known { counted_as: member_name(&principal), principal }));
        }
        let digest = token.digest();
        let principal = self.principal_of_key(&digest).await?;
        Ok(principal.map(|principal| Known { principal, counted_as: digest }))
    }

    /// The verifier of JSON Web Tokens, if the token has the form of one.
    fn jwt_for(&self, token: &Secret) -> Option<&Jwt> {
        let text = token.expose();
        self.jwt.as_ref().filter(|_| !text.starts_with(API_KEY_PREFIX) && jwt::has_form(text))
    }

    async fn principal_of_key(&self, digest: &str) -> Result<Option<Principal>, AuthError> {
        let now = (self.now)();
        if self.looked_up.get(digest).await.is_some_and(|known| !known.is_fresh(now)) {
            self.looked_up.invalidate(digest).await;
        }
        // Simultaneous requests with one key share one read. A failure is shared too, but not cached.
        let found = self.looked_up.try_get_with_by_ref(digest, self.look_up(digest)).await?;
        Ok(found.record.and_then(|record| record.principal(now)))
    }

    async fn look_up(&self, digest: &str) -> Result<LookedUp, StoreError> {
        let at = (self.now)();
        let key = layout::api_key(digest);
        let Some(bytes) = self.store.get(&key).await? else { return Ok(LookedUp { record: None, at }) };
        // serde_json's message quotes the record, which must not appear in logs.
        let corrupt = |error: serde_json::Error| StoreError::Corrupt {
            key: key.clone(),
            what: format!("not a key record (line {}, column {})", error.line(), error.column()),
        };
        let record = serde_json::from_slice(&bytes).map_err(corrupt)?;
        Ok(LookedUp { record: Some(Arc::new(record)), at })
    }
}

//! From a token to its principal: of an API key through the key records in the bucket and a short memory of them, of a
//! JSON Web Token through its signature and claims.

use std::sync::Arc;

use moka::future::Cache;
use sandcastle::{
    KeyRecord, Name, Principal, Secret, keys,
    store::{ObjectStore, StoreError},
};
use sandcastle_runtime::chain;
use time::{Duration, OffsetDateTime};

use super::{
    Clock,
    bearer::API_KEY_PREFIX,
    jwt::{self, Jwt, JwtSettings, NoKeys},
};

/// A key is believed for so long: a revoked one works that much longer, at most.
const KNOWN_FOR: Duration = Duration::seconds(30);
/// That there is no such key is believed only briefly, so that a key works soon after it was made.
const UNKNOWN_FOR: Duration = Duration::seconds(2);
/// So many tokens are remembered; made-up ones cannot fill the memory.
const REMEMBERED: u64 = 10_000;

/// Why a token could not be checked. That it is not valid is no error.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The key record could not be read. Shared by all requests that waited for the same read.
    #[error("read key record")]
    Store(#[from] Arc<StoreError>),
    /// The keys that tokens are signed with could not be fetched.
    #[error("check token")]
    Keys(#[from] NoKeys),
}

/// Tells who a token stands for.
pub struct Authenticator {
    store: Arc<dyn ObjectStore>,
    now: Clock,
    looked_up: Cache<String, LookedUp>,
    jwt: Option<Jwt>,
}

/// A caller who is known.
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// By what the keys of an organisation are told apart: a key itself, by its digest; of those who come with tokens,
    /// which are made anew all the time, the member.
    pub(crate) counted_as: String,
}

fn member_name(principal: &Principal) -> String {
    let member = principal.member.as_ref().map(Name::as_str);
    format!("{}/{}", principal.org, member.unwrap_or_default())
}

/// What the bucket held under a token's digest, and when.
#[derive(Clone)]
struct LookedUp {
    record: Option<Arc<KeyRecord>>,
    at: OffsetDateTime,
}

impl LookedUp {
    /// True while it is to be believed. A time before it was read means that the clock was set back: read again.
    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        let age = now - self.at;
        let longest = if self.record.is_some() { KNOWN_FOR } else { UNKNOWN_FOR };
        !age.is_negative() && age < longest
    }
}

impl Authenticator {
    /// Reads key records from this bucket.
    pub fn new(store: Arc<dyn ObjectStore>, now: Clock) -> Self {
        Self { store, now, looked_up: Cache::new(REMEMBERED), jwt: None }
    }

    /// Believes tokens of this issuer too, if there is one.
    #[must_use]
    pub fn with_jwt(self, settings: Option<JwtSettings>) -> Self {
        let now = self.now;
        Self { jwt: settings.map(|settings| Jwt::new(settings, now)), ..self }
    }

    /// Opens the connection that the first call's key is read over, credentials and all, before there is a call. What
    /// goes wrong then goes wrong again where it can be answered.
    pub async fn warm(&self) {
        if let Err(error) = self.store.get(&keys::api_key("none")).await {
            tracing::warn!(error = chain(&error), "the bucket cannot be read yet");
        }
    }

    /// The caller; `None` when there is no such key, it has expired, or the token is not to be believed.
    ///
    /// # Errors
    /// When the key's record cannot be read, or is not a key record, or when there are no keys to check a token with.
    pub async fn principal(&self, token: &Secret) -> Result<Option<Principal>, AuthError> {
        Ok(self.known(token).await?.map(|known| known.principal))
    }

    /// As [`Self::principal`], with the name that the caller is counted under.
    pub(crate) async fn known(&self, token: &Secret) -> Result<Option<Known>, AuthError> {
        if let Some(jwt) = self.jwt_for(token) {
            let principal = jwt.principal(token.expose()).await?;
            return Ok(principal.map(|principal| Known { counted_as: member_name(&principal), principal }));
        }
        let digest = token.digest();
        let principal = self.principal_of_key(&digest).await?;
        Ok(principal.map(|principal| Known { principal, counted_as: digest }))
    }

    /// What checks the token, when it is none of the bucket's keys.
    fn jwt_for(&self, token: &Secret) -> Option<&Jwt> {
        let text = token.expose();
        self.jwt.as_ref().filter(|_| !text.starts_with(API_KEY_PREFIX) && jwt::has_form(text))
    }

    async fn principal_of_key(&self, digest: &str) -> Result<Option<Principal>, AuthError> {
        let now = (self.now)();
        if self.looked_up.get(digest).await.is_some_and(|known| !known.is_fresh(now)) {
            self.looked_up.invalidate(digest).await;
        }
        // Requests that come at once with one key share one read, and its failure, which is not remembered.
        let found = self.looked_up.try_get_with_by_ref(digest, self.look_up(digest)).await?;
        Ok(found.record.and_then(|record| record.principal(now)))
    }

    async fn look_up(&self, digest: &str) -> Result<LookedUp, StoreError> {
        let at = (self.now)();
        let key = keys::api_key(digest);
        let Some(bytes) = self.store.get(&key).await? else { return Ok(LookedUp { record: None, at }) };
        // What serde says quotes the record: who may read logs need not learn what is in the bucket.
        let corrupt = |error: serde_json::Error| StoreError::Corrupt {
            key: key.clone(),
            what: format!("not a key record (line {}, column {})", error.line(), error.column()),
        };
        let record = serde_json::from_slice(&bytes).map_err(corrupt)?;
        Ok(LookedUp { record: Some(Arc::new(record)), at })
    }
}

//! Caches the issuer's keys and fetches them when needed: one fetch at a time, with a pause between fetches that invalid
//! tokens cannot shorten.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use sandcastle_runtime::chain;
use time::{Duration, OffsetDateTime};
use tracing::Instrument;

use super::{KeySource, fetch::fetch, keys::Key};
use crate::auth::Clock;

/// How long fetched keys are used before they are fetched again.
const FRESH_FOR: Duration = Duration::minutes(10);
/// The pause between two fetches.
const PAUSE: Duration = Duration::seconds(30);
/// The pause while no keys have been fetched yet.
const PAUSE_WITHOUT_KEYS: Duration = Duration::seconds(2);

/// No keys have been fetched yet, so that no token can be verified. The log has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no keys to verify tokens have been fetched")]
pub struct NoKeys;

/// The keys.
pub(super) struct KeyCache {
    source: KeySource,
    now: Clock,
    held: Mutex<Held>,
    /// Locked while a fetch is under way.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Option<Arc<[Key]>>,
    /// When they were fetched.
    fetched: Option<OffsetDateTime>,
    /// When the last fetch ended, successful or not.
    tried: Option<OffsetDateTime>,
}

impl Held {
    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<Key> {
        self.keys.iter().flat_map(|keys| keys.iter()).find(|key| key.fits(kid, algorithm)).cloned()
    }

    fn is_fresh(&self, now: OffsetDateTime) -> bool {
        is_within(self.fetched, FRESH_FOR, now)
    }

    fn may_fetch(&self, now: OffsetDateTime) -> bool {
        let pause = if self.keys.is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        !is_within(self.tried, pause, now)
    }
}

/// True when `past` lies less than `span` ago. False for a time in the future: the clock was set back.
fn is_within(past: Option<OffsetDateTime>, span: Duration, now: OffsetDateTime) -> bool {
    past.is_some_and(|past| past <= now && now - past < span)
}

impl KeyCache {
    pub(super) fn new(source: KeySource, now: Clock) -> Self {
        Self { source, now, held: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The key that a token names. Keys are fetched when the cached ones are old, and when this one is not among them: the
    /// issuer may have started to sign with a new key.
    ///
    /// # Errors
    /// When there are no keys, not even old ones.
    pub(super) async fn find(self: &Arc<Self>, kid: Option<&str>, algorithm: Algorithm) -> Result<Option<Key>, NoKeys> {
        let url = match &self.source {
            KeySource::Keys(keys) => return Ok(keys.iter().find(|key| key.fits(kid, algorithm)).cloned()),
            KeySource::Url(url) => url,
        };
        let (held, now) = (self.held(), (self.now)());
        if let Some(key) = held.find(kid, algorithm).filter(|_| held.is_fresh(now)) {
            return Ok(Some(key));
        }
        if held.may_fetch(now) {
            let (this, url) = (Arc::clone(self), url.clone());
            // On its own task, so that a client that disconnects does not cancel the fetch.
            let fetched = tokio::spawn(async move { this.refresh(&url).await }.in_current_span());
            if fetched.await.is_err() {
                tracing::error!("fetching the issuer's keys panicked");
            }
        }
        let held = self.held();
        if held.keys.is_none() { Err(NoKeys) } else { Ok(held.find(kid, algorithm)) }
    }

    /// Fetches the keys, unless another task did so while this one waited for the lock.
    async fn refresh(&self, url: &str) {
        let _turn = self.fetching.lock().await;
        if !self.held().may_fetch((self.now)()) {
            return;
        }
        let fetched = fetch(url).await;
        let now = (self.now)();
        let mut held = self.held.lock();
        held.tried = Some(now);
        match fetched {
            Ok(keys) => {
                held.fetched = Some(now);
                held.keys = Some(keys.into());
            }
            // Old keys stay in use: an outage of the issuer must not become one of this service.
            Err(error) => tracing::warn!(error = chain(&error), "fetching the issuer's keys failed"),
        }
    }

    fn held(&self) -> Held {
        self.held.lock().clone()
    }
}

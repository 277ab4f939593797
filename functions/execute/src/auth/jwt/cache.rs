//! The issuer's keys, and when they are fetched: rarely, one fetch at a time, and never more often because somebody
//! sends made-up tokens.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use parking_lot::Mutex;
use sandcastle_runtime::chain;
use time::{Duration, OffsetDateTime};
use tracing::Instrument;

use super::{KeySource, fetch::fetch, keys::Key};
use crate::auth::Clock;

/// Fetched keys are believed for so long without asking again.
const FRESH_FOR: Duration = Duration::minutes(10);
/// So long after a fetch there is no other one, whatever key is asked for.
const PAUSE: Duration = Duration::seconds(30);
/// The same while there are no keys at all, and every token waits for some.
const PAUSE_WITHOUT_KEYS: Duration = Duration::seconds(2);

/// No keys could be fetched yet, so that no token can be checked. The log tells why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are no keys to check tokens with")]
pub struct NoKeys;

/// The keys.
pub(super) struct KeyCache {
    source: KeySource,
    now: Clock,
    held: Mutex<Held>,
    /// Held by the one fetch under way.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Option<Arc<[Key]>>,
    /// When they were fetched.
    fetched: Option<OffsetDateTime>,
    /// When the last fetch ended, well or not.
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

/// A time that is yet to come means that the clock was set back: as good as long ago.
fn is_within(past: Option<OffsetDateTime>, span: Duration, now: OffsetDateTime) -> bool {
    past.is_some_and(|past| past <= now && now - past < span)
}

impl KeyCache {
    pub(super) fn new(source: KeySource, now: Clock) -> Self {
        Self { source, now, held: Mutex::default(), fetching: tokio::sync::Mutex::default() }
    }

    /// The key that a token asks for. Keys are fetched when they are old, and when this one is not among them: the
    /// issuer may have begun to sign with a new one.
    ///
    /// # Errors
    /// When there are no keys, old ones included.
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
            // On a task of its own: callers that hang up must not keep the fetch from ever coming to its end.
            let fetched = tokio::spawn(async move { this.refresh(&url).await }.in_current_span());
            if fetched.await.is_err() {
                tracing::error!("fetching keys panicked");
            }
        }
        let held = self.held();
        if held.keys.is_none() { Err(NoKeys) } else { Ok(held.find(kid, algorithm)) }
    }

    /// Fetches the keys, unless that was done while this waited for its turn.
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
            // Old keys are better than none: an issuer that is down for an hour must not take this service along.
            Err(error) => tracing::warn!(error = chain(&error), "the issuer's keys cannot be fetched"),
        }
    }

    fn held(&self) -> Held {
        self.held.lock().clone()
    }
}

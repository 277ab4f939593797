//! What happened in a history: each call with the time between its sending and its answer, and each kill.

use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use sandcastle_e2e::s3_proxy::S3Proxy;
use serde_json::Value;
use time::OffsetDateTime;

use super::plan::{Act, Step};

/// A call that was made.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) step: Step,
    /// Moments of the one clock of the history.
    pub(crate) sent: u64,
    /// The end of time for a call without an answer.
    pub(crate) answered: u64,
    /// The same by the clock on the wall, which the entries of the ledger have, too.
    pub(crate) wall: (OffsetDateTime, OffsetDateTime),
    /// `None`: the connection broke.
    pub(crate) reply: Option<Reply>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Null for the bytes of a file.
    pub(crate) body: Value,
    /// Of a download.
    pub(crate) bytes: Vec<u8>,
}

/// Kernels of a front end were killed, or all of it.
#[derive(Clone, Debug)]
pub(crate) struct Kill {
    pub(crate) front: usize,
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    /// The front end itself, and so all of its kernels.
    pub(crate) whole: bool,
}

impl Call {
    /// The status; 0 without an answer.
    pub(crate) fn status(&self) -> u16 {
        self.reply.as_ref().map_or(0, |reply| reply.status)
    }

    /// True when it is certainly carried out.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.status(), 200 | 201)
    }

    /// True when nobody can tell from the answer whether it is.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.status(), 0 | 500..)
    }

    /// True when both were under way at one time.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.sent < other.answered && other.sent < self.answered
    }

    /// It starts or stops the sandbox.
    pub(crate) fn is_turn(&self) -> bool {
        matches!(self.step.act, Act::Start | Act::Stop)
    }

    /// It runs code or a command.
    pub(crate) fn is_run(&self) -> bool {
        matches!(self.step.act, Act::Execute { .. } | Act::Exec { .. })
    }

    /// One line for a message.
    pub(crate) fn line(&self) -> String {
        let Self { step: Step { front, act, token, .. }, sent, answered, reply, .. } = self;
        let end = if *answered == u64::MAX { "never".to_owned() } else { answered.to_string() };
        let said = reply.as_ref().map_or("no answer".to_owned(), |reply| match reply.body {
            Value::Null => format!("{} {:?}", reply.status, String::from_utf8_lossy(&reply.bytes)),
            _ => format!("{} {}", reply.status, reply.body),
        });
        let [act, said] =
            [(format!("{act:?}"), 300), (said, 600)].map(|(text, most)| text.chars().take(most).collect::<String>());
        format!("{token} through {front}, {sent}..{end}: {act} -> {said}")
    }
}

/// Takes everything down.
#[derive(Default)]
pub(crate) struct Recorder {
    clock: AtomicU64,
    pub(crate) calls: Mutex<Vec<Call>>,
    pub(crate) kills: Mutex<Vec<Kill>>,
    /// Between the front ends and their storage, which fails.
    pub(crate) proxy: Option<S3Proxy>,
}

impl Recorder {
    /// One with nothing in it; the proxy is between the front ends and storage that fails.
    pub(crate) fn new(proxy: Option<S3Proxy>) -> Self {
        Self { proxy, ..Self::default() }
    }

    /// The next moment; no two are the same.
    pub(crate) fn now(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    /// Makes a call and takes it down.
    pub(crate) async fn call(&self, step: Step, send: impl Future<Output = Option<Reply>>) {
        let (sent, began) = (self.now(), OffsetDateTime::now_utc());
        let reply = send.await;
        if let (Some(proxy), Some(Reply { status: 500.., .. })) = (&self.proxy, &reply) {
            // What storage has refused may take effect later, but not after the moment that is taken down.
            proxy.quiet().await;
        }
        let (answered, ended) = match reply {
            Some(_) => (self.now(), OffsetDateTime::now_utc()),
            None => (u64::MAX, began + time::Duration::HOUR),
        };
        self.calls.lock().unwrap().push(Call { step, sent, answered, wall: (began, ended), reply });
    }

    /// How many calls were made.
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

//! The faults of a proxied S3, drawn from a seed. Which fault a request meets depends on the seed, on what is requested, and on how
//! often that was requested before: not on when, so that a seed gives the same faults again.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::http::Method;
use futures::FutureExt;
use sandcastle::ContentHash;

use crate::{
    s3_proxy::{Decide, S3Proxy},
    s3_request::{Asked, Fault},
};

/// Requests in a thousand that meet a fault of their own.
const SINGLE: u64 = 25;
/// Runs of requests in a thousand that all fail. The SDK tries three times, and so does not get through.
const RUNS: u64 = 4;
/// The same for writes of entries and of what they name.
const RUNS_OF_WRITES: u64 = 15;
/// So many requests for one thing are a run.
const RUN: u64 = 4;
/// One fault in so many holds an answer back for longer than the SDK waits for an attempt, which is five seconds.
const HANGS: u64 = 250;
const HANG: Duration = Duration::from_secs(6);

/// Faults from a seed. Clones share them.
#[derive(Clone)]
pub struct Faults {
    seed: u64,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    on: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The sandboxes by when they were first met: their ids are not drawn from the seed.
    sandboxes: HashMap<String, usize>,
    /// How often each thing was requested.
    counts: HashMap<String, u64>,
    /// How often each kind of fault was met.
    met: BTreeMap<&'static str, usize>,
}

impl Faults {
    /// Those of this seed, switched off.
    pub fn new(seed: u64) -> Self {
        Self { seed, inner: Arc::default() }
    }

    /// Switches them on or off.
    pub fn switch(&self, on: bool) {
        self.inner.on.store(on, Ordering::SeqCst);
    }

    /// A proxy of the S3 with this endpoint, whose requests meet these faults.
    pub async fn proxy(&self, endpoint: &str) -> S3Proxy {
        let this = self.clone();
        let decide: Decide = Arc::new(move |asked| futures::future::ready(this.next(&asked)).boxed());
        S3Proxy::start(endpoint, decide).await
    }

    /// How often each kind of fault was met.
    pub fn summary(&self) -> String {
        let known = self.inner.known.lock().unwrap();
        known.met.iter().fold(String::new(), |mut text, (name, count)| {
            write!(text, "{}{count} {name}", if text.is_empty() { "" } else { ", " }).unwrap();
            text
        })
    }

    fn next(&self, asked: &Asked) -> Fault {
        let mut known = self.inner.known.lock().unwrap();
        let what = known.describe(asked);
        // Whether a server starts is another question.
        if !self.inner.on.load(Ordering::SeqCst) || what.contains("keys/") {
            return Fault::None;
        }
        let count = known.counts.entry(what.clone()).or_default();
        *count += 1;
        let run = self.draw(&format!("{what} run {}", *count / RUN));
        let draw = self.draw(&format!("{what} {count}"));
        let (name, fault) = if run % 1000 < if asked.only_new { RUNS_OF_WRITES } else { RUNS } {
            pick_of_run(run / 1000, draw / 1000)
        } else if draw % 1000 < SINGLE {
            pick(draw / 1000, asked)
        } else {
            return Fault::None;
        };
        *known.met.entry(name).or_default() += 1;
        fault
    }

    fn draw(&self, what: &str) -> u64 {
        let hash = ContentHash::of(format!("{} {what}", self.seed).as_bytes()).to_string();
        u64::from_str_radix(&hash[..16], 16).unwrap()
    }
}

impl Known {
    /// What is requested, in words that are the same in each run of a history.
    fn describe(&mut self, asked: &Asked) -> String {
        let Asked { method, key, is_list, .. } = asked;
        let mut parts: Vec<&str> = key.split('/').collect();
        let number;
        match parts[0] {
            "orgs" => parts.truncate(3),
            "ledger" | "objects" | "files" | "staging" if parts.len() > 1 => {
                let next = self.sandboxes.len();
                number = self.sandboxes.entry(parts[1].to_owned()).or_insert(next).to_string();
                parts[1] = &number;
            }
            _ => {}
        }
        format!("{} {}", if *is_list { "LIST" } else { method.as_str() }, parts.join("/"))
    }
}

/// One of the faults of a run, in which no request has an effect, or each has.
fn pick_of_run(run: u64, draw: u64) -> (&'static str, Fault) {
    match (run.is_multiple_of(2), draw.is_multiple_of(2)) {
        (true, true) => ("times 503 in a row", Fault::Refuse(503, "SlowDown")),
        (true, false) => ("broken connections in a row", Fault::Drop),
        (false, true) => ("times 500 after the work in a row", Fault::RefuseAfter(500, "InternalError")),
        (false, false) => ("connections broken after the work in a row", Fault::DropAfter),
    }
}

/// One of the faults that this request may meet.
fn pick(draw: u64, asked: &Asked) -> (&'static str, Fault) {
    if draw.is_multiple_of(HANGS) {
        return ("answers held back for long", Fault::Hang(HANG));
    }
    let some = Duration::from_millis(5 + draw % 60);
    let mut all = vec![
        ("delays", Fault::Delay(some)),
        ("times 503", Fault::Refuse(503, "SlowDown")),
        ("times 500", Fault::Refuse(500, "InternalError")),
        ("broken connections", Fault::Drop),
        ("connections broken after the work", Fault::DropAfter),
        ("times 503 after the work", Fault::RefuseAfter(503, "SlowDown")),
    ];
    if asked.method == Method::GET {
        all.push(("torn answers", Fault::Torn));
    } else {
        all.push(("requests carried out twice", Fault::Twice));
        let second = if asked.only_new { "times 412 after the work" } else { "second answers of two" };
        all.push((second, Fault::TwiceAndSecond));
    }
    if asked.only_new {
        all.push(("times 409", Fault::Refuse(409, "ConditionalRequestConflict")));
        all.push(("times 409 after the work", Fault::RefuseAfter(409, "ConditionalRequestConflict")));
        all.push(("requests carried out after their refusal", Fault::Late(some)));
    }
    all[usize::try_from(draw / HANGS).unwrap() % all.len()]
}

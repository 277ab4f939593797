//! One sandbox's ledger, as it is in the bucket, beside the calls that were made: which call wrote which entry.
//!
//! An execution or a command is known by its text, and an upload by the hash of what it puts: both hold a token. A start, a stop
//! and the deletion of a file are known by when they were recorded, which is between their sending and their answer. Of several
//! that were under way then, the one that was answered first is taken, as far as each that was carried out has an entry then.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sandcastle::{
    ContentHash, SandboxId,
    entry::{Change, Entry, State},
    ledger::Ledger,
    manifest::{Manifest, Node},
};
use sandcastle_s3::S3Store;

use super::{
    fronts::World,
    matching,
    plan::Act,
    record::{Call, Kill},
    work,
};

/// One entry and the call that wrote it.
pub(crate) struct Line {
    pub(crate) entry: Entry,
    pub(crate) call: Call,
    /// The entry was written after this moment and before that one.
    pub(crate) after: u64,
    pub(crate) before: u64,
}

/// What there is to know of one sandbox.
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) sandbox: usize,
    pub(crate) id: String,
    pub(crate) lines: Vec<Line>,
    /// All of this sandbox, by when they were sent; the lists of all sandboxes are in every story.
    pub(crate) calls: Vec<Call>,
    pub(crate) kills: Vec<Kill>,
    /// Storage failed now and then: any call may be answered 500.
    pub(crate) faulty: bool,
}

impl Story {
    /// Reads the ledger and finds the calls that wrote it.
    pub(crate) async fn read(seed: u64, world: &World, sandbox: usize, store: Arc<S3Store>) -> Self {
        let (id, recorder) = (&world.sandboxes[sandbox], &world.recorder);
        let of_it = |call: &&Call| call.step.sandbox == sandbox || matches!(call.step.act, Act::List { .. });
        let calls = recorder.calls.lock().unwrap().iter().filter(of_it).cloned().collect();
        let kills = recorder.kills.lock().unwrap().clone();
        let faulty = recorder.proxy.is_some();
        let mut story = Self { seed, sandbox, id: id.clone(), lines: Vec::new(), calls, kills, faulty };
        story.calls.sort_by_key(|call| call.sent);
        let entries = entries(store, &SandboxId::parse(id).unwrap()).await;
        let found = story.callers(&entries);
        let lines = entries.into_iter().zip(found).map(|(entry, call)| {
            let call = story.calls[call].clone();
            Line { entry, after: call.sent, before: call.answered, call }
        });
        story.lines = lines.collect();
        for n in 1..story.lines.len() {
            story.lines[n].after = story.lines[n].after.max(story.lines[n - 1].after);
        }
        for n in (1..story.lines.len()).rev() {
            story.lines[n - 1].before = story.lines[n - 1].before.min(story.lines[n].before);
        }
        story
    }

    /// For each entry the number of the call that wrote it. Fails when an entry is nobody's, or a call has two entries, or none
    /// although it was carried out.
    fn callers(&self, entries: &[Entry]) -> Vec<usize> {
        let mut by_text = HashMap::new();
        for (n, call) in self.calls.iter().enumerate() {
            let text = match &call.step.act {
                Act::Upload(name) => format!("{name} {}", ContentHash::of(work::uploaded(&call.step).as_bytes())),
                _ => work::source(&call.step).unwrap_or_default(),
            };
            by_text.insert(text, n);
        }
        let by_time = self.by_time(entries);
        let mut written: BTreeMap<usize, usize> = BTreeMap::new();
        let mut found = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let call = match &entry.change {
                Change::Executed(executed) => by_text.get(&executed.input).copied(),
                Change::FilePut { name } => match state(entry).files.get(name) {
                    Some(Node::File(file)) => by_text.get(&format!("{name} {}", file.hash)).copied(),
                    _ => None,
                },
                _ => by_time.get(&at).copied(),
            };
            let Some(call) = call else {
                self.fail(at, &format!("nobody wrote entry {}", at + 1), None, &|n| entry_line(&entries[n]));
            };
            if let Some(earlier) = written.insert(call, at) {
                let what = format!("a call is in the ledger twice: entries {} and {}", earlier + 1, at + 1);
                self.fail(at, &what, Some(&self.calls[call]), &|n| entry_line(&entries[n]));
            }
            found.push(call);
        }
        for (n, call) in self.calls.iter().enumerate() {
            // A stop of a stopped sandbox writes nothing; whether it was stopped is looked at later.
            let writes = call.is_run() || matches!(call.step.act, Act::Upload(_) | Act::Delete(_) | Act::Start);
            match written.get(&n) {
                None if call.is_done() && writes => {
                    self.fail(0, "an answered call is not in the ledger", Some(call), &|n| entry_line(&entries[n]));
                }
                Some(at) if !call.is_done() && !call.is_open() => {
                    self.fail(*at, "a refused call is in the ledger", Some(call), &|n| entry_line(&entries[n]));
                }
                _ => {}
            }
        }
        found
    }

    /// The call that each start, stop and deletion belongs to, by the number of its entry.
    fn by_time(&self, entries: &[Entry]) -> HashMap<usize, usize> {
        let fits = |entry: &Entry, call: &Call| match (&entry.change, &call.step.act) {
            (Change::Started, Act::Start) | (Change::Stopped, Act::Stop) => true,
            (Change::FileDeleted { name }, Act::Delete(path)) => name.as_str() == path,
            _ => false,
        };
        let mut able: Vec<usize> =
            (0..self.calls.len()).filter(|n| self.calls[*n].is_done() || self.calls[*n].is_open()).collect();
        able.sort_by_key(|n| (self.calls[*n].answered, self.calls[*n].sent));
        let possible = |entry: &Entry| {
            let under_way = |call: &Call| call.wall.0 <= entry.at && entry.at <= call.wall.1;
            let right = |n: &usize| fits(entry, &self.calls[*n]) && under_way(&self.calls[*n]);
            able.iter().copied().filter(right).collect::<Vec<_>>()
        };
        let timed =
            |entry: &Entry| matches!(entry.change, Change::Started | Change::Stopped | Change::FileDeleted { .. });
        let at: Vec<usize> = (0..entries.len()).filter(|at| timed(&entries[*at])).collect();
        let possible: Vec<_> = at.iter().map(|at| possible(&entries[*at])).collect();
        // A stop of a stopped sandbox writes nothing.
        let writes =
            |n: &usize| self.calls[*n].is_done() && matches!(self.calls[*n].step.act, Act::Start | Act::Delete(_));
        let must: Vec<_> = able.iter().copied().filter(writes).collect();
        let found = matching::callers(&possible, &must);
        at.into_iter().zip(found).filter_map(|(at, call)| Some((at, call?))).collect()
    }

    /// The texts of all executions and commands, oldest first.
    pub(crate) fn inputs(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.lines.iter().filter_map(|line| match &line.entry.change {
            Change::Executed(executed) => Some(&*executed.input),
            _ => None,
        })
    }

    /// The first and the last state that a call may have seen, each by the number of entries before it.
    pub(crate) fn visible(&self, sent: u64, answered: u64) -> (usize, usize) {
        let first = self.lines.partition_point(|line| line.before < sent);
        let last = self.lines.partition_point(|line| line.after < answered);
        (first, last)
    }

    /// A kill of this front end, or of one of its kernels, between these moments.
    pub(crate) fn killed(&self, front: usize, from: u64, until: u64) -> bool {
        self.kills.iter().any(|kill| kill.front == front && kill.begun < until && from < kill.ended)
    }

    /// Ends the test with all that helps to understand it.
    pub(crate) fn wrong(&self, at: usize, what: &str, call: Option<&Call>) -> ! {
        let shown = |n: usize| {
            let Line { entry, call, .. } = &self.lines[n];
            format!("{} <- {}", entry_line(entry), call.line())
        };
        self.fail(at, what, call, &shown)
    }

    fn fail(&self, at: usize, what: &str, call: Option<&Call>, line: &dyn Fn(usize) -> String) -> ! {
        let Self { seed, sandbox, id, .. } = self;
        let about = call.map_or(String::new(), |call| format!("\nthe call: {}", call.line()));
        let last = if self.lines.is_empty() { at + 1 } else { self.lines.len() };
        let around: Vec<String> = (at.saturating_sub(12)..(at + 5).min(last)).map(line).collect();
        let (from, until) = call.map_or((0, 0), |call| (call.sent.saturating_sub(300), call.answered));
        let kills: Vec<_> = self.kills.iter().filter(|kill| from < kill.ended && kill.begun < until).collect();
        let turns = self.calls.iter().filter(|turn| turn.is_turn() && from < turn.answered && turn.sent < until);
        let turns: Vec<String> = turns.map(|turn| format!("  {}", turn.line())).collect();
        panic!(
            "SANDCASTLE_SEED={seed}, sandbox {sandbox} ({id}): {what}{about}\nthe ledger there:\n{}\nstarts and stops before:\n{}\n\
             kills before: {kills:?}",
            around.join("\n"),
            turns.join("\n")
        );
    }
}

/// Every entry, oldest first, without a gap, each naming the one before it as its parent.
async fn entries(store: Arc<S3Store>, id: &SandboxId) -> Vec<Entry> {
    let (ledger, mut entries, mut before) = (Ledger::new(store), Vec::new(), None);
    loop {
        let page = ledger.page(id, before, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.position.seq);
        entries.extend(page);
    }
    entries.reverse();
    for (n, entry) in entries.iter().enumerate() {
        assert_eq!(entry.position.seq, n as u64 + 1, "{id}: the ledger has a gap");
        let parent = n.checked_sub(1).map(|n| entries[n].position.commit_id);
        assert_eq!(entry.parent, parent, "{id}: the parent of entry {} is not the entry before it", n + 1);
    }
    entries
}

/// The state of an entry: a history keeps so few files that each entry has all of it.
pub(crate) fn state(entry: &Entry) -> &Manifest {
    match &entry.state {
        State::Whole(manifest) => manifest,
        State::Based { .. } => panic!("entry {} has only a part of its state", entry.position.seq),
    }
}

fn entry_line(entry: &Entry) -> String {
    let what = match &entry.change {
        Change::Executed(executed) => format!("printed {:?} {:?}", executed.output_preview, executed.error),
        other => format!("{other:?}"),
    };
    format!("  {} at {}: {}", entry.position.seq, entry.at.time(), what.chars().take(400).collect::<String>())
}

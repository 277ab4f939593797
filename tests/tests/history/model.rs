//! The model: the entries of the ledger, carried out one after the other, must explain what every call was answered.
//!
//! What is allowed:
//!
//! * **Files** are those of a serial run. A run (an execution or a command) that other front ends' uploads, deletions, commands or
//!   killed executions met may have read the files without those changes: it was put on top of them, because they changed no file
//!   that it changed.
//! * **Variables** survive all: `h` holds the tokens of all executions since the last start, whichever front end ran them, and
//!   whatever was killed in between; of all others plain Python says what is printed. No answer has `state`, but that of a run
//!   that was killed.
//! * **A run that was killed** may have done any first part of its work on files. What it left is taken from its entry. Variables
//!   are as they were before it.

use std::collections::BTreeMap;

use sandcastle::{
    ContentHash,
    entry::{Change, Entry},
    manifest::{Node, Status},
};
use serde_json::json;

use super::{
    plan::Act,
    replay::{Printed, died},
    story::{Line, Story, state},
    work::{self, Files},
};

/// What a sandbox is after some entries.
#[derive(Clone, Default)]
pub(crate) struct Known {
    pub(crate) running: bool,
    pub(crate) files: Files,
}

/// The variable `h`, and when the execution was sent that last committed it.
#[derive(Default)]
struct Variables {
    h: Vec<String>,
    sent: Option<u64>,
}

/// Carries the ledger out; the state after each number of entries. `printed` is what plain Python has printed for each of them.
pub(crate) fn replay(story: &Story, printed: &Printed) -> Vec<Known> {
    let mut states = vec![Known::default()];
    let mut variables = Variables::default();
    let mut latest_sent = 0;
    for (at, line) in story.lines.iter().enumerate() {
        if line.call.answered < latest_sent {
            story.wrong(at, "an entry comes after one of a call that was sent after its answer", Some(&line.call));
        }
        latest_sent = latest_sent.max(line.call.sent);
        let mut now = states[at].clone();
        let check = |right: bool, what: &str| {
            if !right {
                story.wrong(at, what, Some(&line.call));
            }
        };
        match &line.entry.change {
            Change::Started => {
                if !now.running {
                    now.files.clear();
                }
                now.running = true;
                variables = Variables::default();
            }
            Change::Stopped => {
                check(now.running, "a stopped sandbox was stopped");
                now = Known::default();
            }
            other => {
                check(now.running, "a stopped sandbox was changed");
                match other {
                    Change::FilePut { name } => {
                        drop(now.files.insert(name.to_string(), work::uploaded(&line.call.step)))
                    }
                    Change::FileDeleted { name } => {
                        check(now.files.remove(name.as_str()).is_some(), "a file that is not there was deleted");
                    }
                    _ => run(story, at, &states, &mut now, &mut variables, &printed[at]),
                }
            }
        }
        check((state(&line.entry).status == Status::Running) == now.running, "the entry has another status");
        let right = hashes(&now.files) == recorded(&line.entry);
        check(right, &format!("the entry has other files than {:?}: {:?}", now.files, recorded(&line.entry)));
        states.push(now);
    }
    states
}

fn hashes(files: &Files) -> BTreeMap<String, ContentHash> {
    files.iter().map(|(name, text)| (name.clone(), ContentHash::of(text.as_bytes()))).collect()
}

/// The files of an entry.
fn recorded(entry: &Entry) -> BTreeMap<String, ContentHash> {
    state(entry).regular_files().map(|(path, file)| (path.to_string(), file.hash)).collect()
}

/// An execution or a command.
fn run(story: &Story, at: usize, states: &[Known], now: &mut Known, variables: &mut Variables, printed: &[String]) {
    let Line { entry, call, .. } = &story.lines[at];
    let Change::Executed(executed) = &entry.change else { unreachable!() };
    let Act::Execute { fails, .. } = call.step.act else {
        command(story, at, states, now);
        return;
    };
    if died(executed) {
        killed(story, at, now, variables.sent.map_or(call.sent, |sent| sent.min(call.sent)));
        return;
    }
    let token = call.step.token.clone();
    variables.h.push(token.clone());
    variables.sent = Some(call.sent);
    if printed.first() != Some(&variables.h.join(",")) {
        story.wrong(at, &format!("plain Python printed {printed:?}"), Some(call));
    }
    let output = explained(story, at, states, printed, now);
    let error = if fails { format!("executing Python code: ValueError('{token}')") } else { String::new() };
    if executed.error != error {
        story.wrong(at, &format!("the error should be {error:?}"), Some(call));
    }
    if let (true, Some(reply)) = (call.is_done(), &call.reply) {
        if !reply.body["state"].is_null() {
            story.wrong(at, "the answer tells of a loss", Some(call));
        }
        let field = if fails { "partial_output" } else { "output" };
        if reply.body[field] != json!(output) {
            story.wrong(at, &format!("{field} should be {output:?}"), Some(call));
        }
    }
}

/// A command. The entry does not hold how it ended, so the answer must tell whether it was killed.
fn command(story: &Story, at: usize, states: &[Known], now: &mut Known) {
    let call = &story.lines[at].call;
    let reply = call.reply.as_ref().filter(|_| call.is_done());
    let whole = reply.is_some_and(|reply| reply.body["exit_code"] == 0);
    if !whole && story.killed(call.step.front, call.sent, call.answered) {
        killed(story, at, now, call.sent);
        return;
    }
    let output = explained(story, at, states, std::slice::from_ref(&call.step.token), now);
    let answer = json!({ "stdout": output.join("\n") + "\n", "stderr": "", "exit_code": 0, "error": "" });
    if reply.is_some_and(|reply| reply.body != answer) {
        story.wrong(at, &format!("the answer should be {answer}"), Some(call));
    }
}

/// What a run printed, of which these are the first lines. One of the states that it may have run on must explain it and the files
/// of its entry; then its changes are made to `now`.
fn explained(story: &Story, at: usize, states: &[Known], first: &[String], now: &mut Known) -> Vec<String> {
    let Line { entry, call, .. } = &story.lines[at];
    let Change::Executed(executed) = &entry.change else { unreachable!() };
    let (oldest, _) = story.visible(call.sent, call.answered);
    for on in (oldest.min(at)..=at).rev() {
        let (rest, changes) = work::effects(&call.step, &states[on].files);
        let output: Vec<String> = first.iter().cloned().chain(rest).collect();
        // It was put on top of entries that change files only, and none that it changes.
        let apart = (on..at).all(|between| {
            let line = &story.lines[between];
            let [old, new] = [between, between + 1].map(|state| &states[state].files);
            only_files(&line.entry.change)
                && line.call.step.front != call.step.front
                && changes.keys().all(|name| old.get(name) == new.get(name))
        });
        if !apart {
            // On an older state it may have changed less: what is not there cannot be removed.
            continue;
        }
        let mut files = now.files.clone();
        for (name, content) in changes {
            match content {
                Some(content) => drop(files.insert(name, content)),
                None => drop(files.remove(&name)),
            }
        }
        // Also what it left tells what it ran on: what it removed may have come only afterwards.
        if output.join("\n") == executed.output_preview && hashes(&files) == recorded(entry) {
            now.files = files;
            return output;
        }
    }
    let (before, after) = (&states[at].files, recorded(entry));
    let what =
        format!("no state explains first lines {first:?} and the rest; files before {before:?}, after {after:?}");
    story.wrong(at, &what, Some(call))
}

/// True when the change is one of working files alone, as that of an execution that died is.
fn only_files(change: &Change) -> bool {
    match change {
        Change::FilePut { .. } | Change::FileDeleted { .. } => true,
        Change::Executed(executed) => executed.command || died(executed),
        Change::Started | Change::Stopped => false,
    }
}

/// A run that died must have been killed. Takes over what it left of its files.
fn killed(story: &Story, at: usize, now: &mut Known, since: u64) {
    let Line { entry, call, .. } = &story.lines[at];
    if !story.killed(call.step.front, since, call.answered) {
        story.wrong(at, "it died, and nobody killed it", Some(call));
    }
    let before = now.files.clone();
    for name in work::may_change(&call.step) {
        let left = state(entry).files.iter().find(|(path, _)| path.as_str() == name);
        let hash = left.and_then(|(_, node)| if let Node::File(file) = node { Some(file.hash) } else { None });
        let options = work::left_of(&call.step, &before, name).into_iter().flatten();
        match options.into_iter().find(|text| Some(ContentHash::of(text.as_bytes())) == hash) {
            Some(text) => drop(now.files.insert(name.to_owned(), text)),
            None => drop(now.files.remove(name)),
        }
    }
}

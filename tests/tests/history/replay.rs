//! What the executions of a ledger must have printed of their variables: the same code, one after the other, in plain Python.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use sandcastle::entry::{Change, Executed};
use sandcastle_e2e::paths;
use serde_json::{Value, json};

use super::{plan::Act, story::Story, values};

/// For each line of a story what it printed of variables; nothing where it is no execution, or one that died.
pub(crate) type Printed = Vec<Vec<String>>;

/// Those of these stories.
pub(crate) fn printed(stories: &[Story]) -> Vec<Printed> {
    let codes: Vec<Vec<Value>> =
        stories.iter().map(|story| (0..story.lines.len()).filter_map(|at| code(story, at)).collect()).collect();
    let answers = in_plain_python(&json!({ "sandboxes": codes }));
    stories
        .iter()
        .zip(answers)
        .map(|(story, answers)| {
            let mut answers = answers.into_iter();
            (0..story.lines.len())
                .map(|at| {
                    if code(story, at).is_some_and(|code| code.is_string()) {
                        answers.next().unwrap()
                    } else {
                        Vec::new()
                    }
                })
                .collect()
        })
        .collect()
}

/// True when an execution ended with its kernel, also before its code had begun, and so changed no variable.
pub(crate) fn died(executed: &Executed) -> bool {
    let words = ["KernelDied(", "MemoryError(", "too short to restore the variables"];
    words.iter().any(|word| executed.error.contains(word))
}

/// What plain Python is told of this line: code, or null for a start.
fn code(story: &Story, at: usize) -> Option<Value> {
    let line = &story.lines[at];
    match &line.entry.change {
        Change::Started => Some(Value::Null),
        Change::Executed(executed) if matches!(line.call.step.act, Act::Execute { .. }) && !died(executed) => {
            Some(executed.input.split(values::END).next().unwrap().into())
        }
        _ => None,
    }
}

fn in_plain_python(stories: &Value) -> Vec<Vec<Vec<String>>> {
    let script = paths::root().join("tests/tests/history/replay.py");
    let mut python = Command::new(paths::python());
    python.arg(script).env("PYTHONPATH", paths::site_packages()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut python = python.spawn().unwrap();
    let mut stdin = python.stdin.take().unwrap();
    // It reads all before it writes.
    stdin.write_all(stories.to_string().as_bytes()).unwrap();
    drop(stdin);
    let out = python.wait_with_output().unwrap();
    assert!(out.status.success(), "plain Python failed");
    serde_json::from_slice(&out.stdout).unwrap()
}

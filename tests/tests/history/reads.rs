//! What calls were answered: some state between the sending and the answer must explain it.
//!
//! * Status, executions and downloads are those of one state that was the newest one meanwhile.
//! * A list has every sandbox as it is, except those that a start or a stop meets: their places in the lists are written after
//!   the entry. After a start or a stop that nobody answered the place may stay wrong, until the next one that is answered.
//! * 404: the sandbox was stopped, or the file was missing. 409: the sandbox was started meanwhile, or five others were quicker.
//!   500: a kill met the call, or its storage fails. No answer: the front end was killed.

use sandcastle::entry::Change;
use serde_json::Value;

use super::{
    model::Known,
    plan::Act,
    record::{Call, Reply},
    story::Story,
};

/// A run that so many others were quicker than is given up.
const MAX_LOST: usize = 5;

/// Looks at every answer of a story.
pub(crate) fn check(story: &Story, states: &[Known]) {
    // What is listed, oldest first, and how many of it there are in each state.
    let mut listed: Vec<[&str; 2]> = Vec::new();
    let mut counts = vec![0];
    for line in &story.lines {
        if let Change::Executed(executed) = &line.entry.change {
            listed.push([&executed.input, &executed.output_preview]);
        }
        counts.push(listed.len());
    }
    for call in &story.calls {
        let (first, last) = story.visible(call.sent, call.answered);
        let seen = &states[first..=last];
        let Some(reply) = &call.reply else {
            let torn = matches!(call.step.act, Act::Download(_)) && (story.faulty || meets_stop(story, call));
            demand(story, last, call, torn || story.killed(call.step.front, call.sent, call.answered), "no answer");
            continue;
        };
        let right = match (&call.step.act, reply.status) {
            (Act::List { running }, 200) => list(story, call, reply, *running, seen),
            (Act::Status, 200) => seen.iter().any(|state| reply.body["status"] == status(state)),
            (Act::Executions, 200) => (first..=last).any(|at| is_page(&reply.body, &listed[..counts[at]])),
            (Act::Download(name), 200) => {
                seen.iter().any(|state| state.files.get(name).is_some_and(|text| text.as_bytes() == reply.bytes))
            }
            (Act::Download(name) | Act::Delete(name), 404) => {
                seen.iter().any(|state| !state.running || !state.files.contains_key(name))
            }
            (Act::Execute { .. } | Act::Exec { .. } | Act::Upload(_), 404) => seen.iter().any(|state| !state.running),
            (Act::Execute { .. } | Act::Exec { .. } | Act::Upload(_), 409) => {
                let entries = &story.lines[first..last];
                let others = entries.iter().filter(|line| line.call.sent != call.sent).count();
                others >= MAX_LOST || entries.iter().any(|line| matches!(line.entry.change, Change::Started))
            }
            // One that wrote nothing found the sandbox stopped.
            (Act::Stop, 200) => {
                story.lines.iter().any(|line| line.call.sent == call.sent) || seen.iter().any(|state| !state.running)
            }
            // That these are in the ledger was looked at before.
            (Act::Start, 201) => true,
            (Act::Execute { .. } | Act::Exec { .. } | Act::Upload(_) | Act::Delete(_), 200) => true,
            (_, 500) => story.faulty || story.killed(call.step.front, call.sent, call.answered),
            _ => false,
        };
        demand(story, last, call, right, "no state explains the answer");
    }
}

fn demand(story: &Story, at: usize, call: &Call, right: bool, what: &str) {
    if !right {
        story.wrong(at.saturating_sub(1), what, Some(call));
    }
}

fn meets_stop(story: &Story, call: &Call) -> bool {
    story.calls.iter().any(|other| matches!(other.step.act, Act::Stop) && other.overlaps(call))
}

fn status(state: &Known) -> &'static str {
    if state.running { "running" } else { "stopped" }
}

/// True when the answer has the newest fifty of these.
fn is_page(body: &Value, listed: &[[&str; 2]]) -> bool {
    let Some(page) = body["executions"].as_array() else { return false };
    let newest = listed.iter().rev().take(50);
    page.len() == newest.len()
        && page
            .iter()
            .zip(newest)
            .all(|(one, [input, output])| one["input"] == *input && one["output_preview"] == *output)
}

/// True when this sandbox is in the list exactly if it should be.
fn list(story: &Story, call: &Call, reply: &Reply, running: bool, seen: &[Known]) -> bool {
    let turns = || story.calls.iter().filter(|other| other.is_turn());
    let corrects =
        |later: &Call, open: &Call| !later.is_open() && later.sent >= open.answered && later.answered <= call.sent;
    let open = |turn: &Call| turn.is_open() && turn.sent < call.sent && !turns().any(|later| corrects(later, turn));
    if turns().any(|turn| turn.overlaps(call) || open(turn)) {
        return true;
    }
    let lines = reply.body["sandboxes"].as_array().into_iter().flatten();
    let times = lines.filter(|line| line["sandbox_id"] == *story.id).count();
    let right = |state: &Known| times == usize::from(state.running == running);
    seen.iter().any(right)
}

/// Says how many answers were such that something had to meet them.
pub(crate) fn summary(calls: &[Call]) -> String {
    let count = |which: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| which(call)).count();
    let lost = |call: &Call| call.reply.as_ref().is_some_and(|reply| reply.body["state"]["kept"] == false);
    let [ok, missing, conflict, failed] = [200..300, 404..405, 409..410, 500..600]
        .map(|range: std::ops::Range<u16>| count(&|call| range.contains(&call.status())));
    let (none, lost) = (count(&|call| call.reply.is_none()), count(&lost));
    let failures = calls.iter().filter(|call| call.status() >= 500).map(|call| format!("\n  {}", call.line()));
    let (of_all, failures) = (calls.len(), failures.collect::<String>());
    format!(
        "{of_all} calls: {ok} done, {missing} times 404, {conflict} times 409, {failed} times 5xx, {none} without an answer; {lost} losses{failures}"
    )
}

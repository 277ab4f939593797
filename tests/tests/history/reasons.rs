//! Why an execution may have run again in a new kernel, without the variables: calls that really met.

use super::{record::Call, story::Story, work};

/// Another front end's change of a file that this execution changes, which met it.
pub(crate) fn met_on_a_file(story: &Story, at: usize) -> bool {
    let call = &story.lines[at].call;
    let before = story.lines[..at].iter().rev().take_while(|line| line.entry.change.only_files());
    let mut others = before.filter(|line| line.call.step.front != call.step.front && line.call.overlaps(call));
    others.any(|line| work::may_change(&line.call.step).iter().any(|name| work::may_change(&call.step).contains(name)))
}

/// Two front ends' calls that met between a moment and the answer to a call, so that one of them could not use its kernel.
pub(crate) fn met(story: &Story, since: u64, last: &Call) -> bool {
    let during = |call: &&Call| call.sent < last.answered && since < call.answered;
    let runs: Vec<&Call> = story.calls.iter().filter(|call| call.is_run()).filter(during).collect();
    runs.iter().any(|one| {
        let mut others = story.calls.iter().filter(|other| other.step.front != one.step.front && other.overlaps(one));
        others.any(|other| {
            let same = || work::may_change(&one.step).iter().any(|name| work::may_change(&other.step).contains(name));
            other.is_run() || other.is_turn() || same()
        })
    })
}

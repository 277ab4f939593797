//! The size of an answer: lists that would make it longer than a gateway takes are cut, the least important one first.

use serde::Serialize;

use crate::{contract::ExecuteResponse, limits, report::Skipped};

/// What is told of files that an answer has no room for.
const NO_ROOM: &str = "not listed: the answer has no room for more";
/// Of the room, so much is kept for saying what was cut, in bytes.
const FOR_NOTES: usize = 4 * 1024;

/// What is left of an answer's room.
struct Room(usize);

impl Room {
    /// True, and the room taken, when the item fits.
    fn take(&mut self, item: &impl Serialize) -> bool {
        // Only what has no JSON has no size, and that has no place in an answer either.
        let left = serde_json::to_string(item).ok().and_then(|json| self.0.checked_sub(length(&json)));
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// The items that fit, up to the first that does not.
    fn take_first<T: Serialize>(&mut self, items: &mut Vec<T>) -> Vec<T> {
        let fit = items.iter().take_while(|item| self.take(item)).count();
        items.split_off(fit)
    }
}

/// The answer, with so much of its lists as [`limits::MAX_ANSWER_ESCAPED`] allows. The output comes first: it has a budget of its
/// own ([`limits::OutputBudget`]), as the error and the traceback have.
pub(super) fn within_limit(mut response: ExecuteResponse) -> ExecuteResponse {
    let mut room = Room(limits::MAX_ANSWER_ESCAPED.saturating_sub(FOR_NOTES));
    room.take(&(&response.output, &response.partial_output, &response.error, &response.traceback));
    let unlisted = room.take_first(&mut response.files);
    if let Some(state) = &mut response.state {
        room.take(&state.reason);
        let more = room.take_first(&mut state.lost).len();
        if more > 0 {
            state.reason = format!("{}; {more} more names are lost", state.reason);
        }
    }
    let unlisted = unlisted.into_iter().map(|file| Skipped { name: file.name.into(), reason: NO_ROOM.into() });
    response.files_skipped = unlisted.chain(response.files_skipped).collect();
    let more = room.take_first(&mut response.files_skipped).len();
    if more > 0 {
        response.files_skipped.push(Skipped { name: "…".into(), reason: format!("{more} more were left out") });
    }
    room.take_first(&mut response.dataframes);
    response
}

/// Bytes of JSON that is written into a JSON string, as [`limits::escaped_len`] counts them, and a comma.
fn length(json: &str) -> usize {
    json.len() + json.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 1
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::{
        MimeType, VariableName, WorkingPath,
        contract::FileLink,
        report::{FrameShape, Lost, StateNote},
    };

    fn variable(n: usize) -> VariableName {
        VariableName::parse(format!("{}{n:04}", "\u{1}".repeat(250))).unwrap()
    }

    fn file(n: usize) -> FileLink {
        let name = WorkingPath::parse(vec![format!("{}{n:03}", "\u{1}".repeat(200)); 5].join("/")).unwrap();
        let (mime_type, expires_at) = (MimeType::unknown(), OffsetDateTime::UNIX_EPOCH);
        FileLink { name, url: "u".repeat(3000), mime_type, size_bytes: 1, expires_at }
    }

    fn longest() -> ExecuteResponse {
        let mut budget = limits::OutputBudget::default();
        let output = budget.take("\u{1}".repeat(limits::MAX_OUTPUT_JSON)).unwrap();
        let lost = (0..limits::MAX_LISTED_LOST).map(|n| Lost { name: variable(n), reason: "r".repeat(1000) });
        ExecuteResponse {
            output: None,
            error: Some("\u{1}".repeat(limits::MAX_ERROR_BYTES)),
            traceback: Some(vec!["\u{1}".repeat(limits::MAX_TRACEBACK_BYTES)]),
            partial_output: Some(vec![output]),
            execution_time_ms: 1,
            files: (0..limits::MAX_FILES).map(file).collect(),
            files_skipped: (0..limits::MAX_SKIPPED)
                .map(|n| Skipped { name: "\u{1}".repeat(1000), reason: n.to_string() })
                .collect(),
            dataframes: (0..limits::MAX_FRAMES)
                .map(|n| FrameShape { name: variable(n), num_rows: 1, num_cols: 1 })
                .collect(),
            state: Some(StateNote { kept: false, reason: "why".into(), lost: lost.collect() }),
        }
    }

    fn escaped(response: &ExecuteResponse) -> usize {
        serde_json::to_string(&serde_json::to_string(response).unwrap()).unwrap().len()
    }

    #[test]
    fn the_longest_answer_fits_and_says_what_it_lacks() {
        assert!(escaped(&longest()) > limits::MAX_ANSWER_ESCAPED, "nothing to cut");
        let cut = within_limit(longest());
        assert!(escaped(&cut) <= limits::MAX_ANSWER_ESCAPED, "{} bytes", escaped(&cut));
        assert_eq!(cut.partial_output, longest().partial_output);
        assert!(cut.files.len() < limits::MAX_FILES && cut.dataframes.is_empty());
        assert!(cut.files_skipped.last().unwrap().reason.ends_with("more were left out"));
        assert!(cut.state.unwrap().reason.ends_with("more names are lost"));
    }

    #[test]
    fn an_answer_with_many_frames_keeps_as_many_as_fit() {
        let short =
            || ExecuteResponse { partial_output: None, files: Vec::new(), files_skipped: Vec::new(), ..longest() };
        let cut = within_limit(short());
        assert_eq!(cut.dataframes.len(), limits::MAX_FRAMES);
        assert_eq!(serde_json::to_string(&cut).unwrap(), serde_json::to_string(&short()).unwrap());
    }
}

//! Limits that the contract and the platform set, and the budget that keeps an answer within them.

use std::time::Duration;

/// The longest code, in bytes.
pub const MAX_CODE_BYTES: usize = 1024 * 1024;
/// The longest command, in bytes: it becomes an argument of a program, which with its NUL takes 128 KiB (execve(2)).
pub const MAX_COMMAND_BYTES: usize = 128 * 1024 - 1;
/// The most of a command's standard error that is answered, in bytes; its standard output has what is left of the answer.
pub const MAX_STDERR_BYTES: usize = 512 * 1024;
/// The longest request body, in bytes: code in which every byte is written as `\u0000`.
pub const MAX_BODY_BYTES: usize = 6 * MAX_CODE_BYTES + 64 * 1024;
/// The longest `Idempotency-Key`, in bytes.
pub const MAX_IDEMPOTENCY_KEY_BYTES: usize = 256;
/// Idempotency keys of so many entries back are remembered.
pub const RECENT_ENTRIES: u64 = 128;
/// The most output, in bytes of its JSON.
pub const MAX_OUTPUT_JSON: usize = 4 * 1024 * 1024;
/// The most output, in bytes of its JSON written into a JSON string once more, as a gateway in front of the service may do. One
/// that takes 6 MB then has well over 1 MB for the rest of the answer.
pub const MAX_OUTPUT_ESCAPED: usize = 9 * 1024 * 1024 / 2;
/// The longest answer, in bytes of its JSON written into a JSON string once more: Lambda takes 6 MB with the envelope around it.
pub const MAX_ANSWER_ESCAPED: usize = 6_000_000;
/// The last element of output that was cut.
pub const TRUNCATED: &str = "…[truncated]";
/// The longest preview of output in the list of executions, in bytes.
pub const MAX_PREVIEW_BYTES: usize = 16 * 1024;
/// Most files that one call returns.
pub const MAX_FILES: usize = 100;
/// Most bytes of files that one call returns or stores.
pub const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;
/// Most files and folders that a sandbox keeps.
pub const MAX_NODES: usize = 20_000;
/// The most bytes that the paths of a sandbox's files and folders have together: every state of the sandbox names them all.
pub const MAX_PATHS_BYTES: usize = 4 * 1024 * 1024;
/// The longest path in a sandbox, in bytes, so that a hundred links fit into an answer.
pub const MAX_PATH_BYTES: usize = 1024;
/// Most left-out files that are named in an answer.
pub const MAX_SKIPPED: usize = 100;
/// The longest name of a variable or frame that is kept, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Most variables that are named in a manifest.
pub const MAX_NAMES: usize = 10_000;
/// Most groups of variables in a manifest.
pub const MAX_GROUPS: usize = 20_000;
/// Most buffers that those groups have together.
pub const MAX_BUFFERS: usize = 100_000;
/// Most objects, or parts of objects, that those groups have together.
pub const MAX_CHUNKS: usize = 100_000;
/// The most bytes of values that stand in a manifest itself, and not in objects.
pub const MAX_INLINE_VALUES: u64 = 48 * 1024;
/// Most data frames of a sandbox that are told of.
pub const MAX_FRAMES: usize = 1_000;
/// The longest error, in bytes.
pub const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The longest traceback, in bytes of all its lines.
pub const MAX_TRACEBACK_BYTES: usize = 33 * 1024;
/// The longest working directory, in bytes.
pub const MAX_CWD_BYTES: usize = 4096;
/// The most environment that is kept, in bytes of names and values.
pub const MAX_ENV_BYTES: usize = 64 * 1024;
/// Most lost names that are kept.
pub const MAX_LOST: usize = 2_000;
/// The most lost names that are kept, in bytes of them and their reasons.
pub const MAX_LOST_BYTES: usize = 256 * 1024;
/// Most lost names that an answer lists.
pub const MAX_LISTED_LOST: usize = 200;
/// The largest manifest that stands in its entry whole, in bytes, by estimate.
pub const MAX_INLINE_MANIFEST: usize = 64 * 1024;
/// The largest difference to a base manifest before a new base is written, in bytes, by estimate.
pub const MAX_DELTA: usize = 16 * 1024;
/// A page of executions ends when it holds so many bytes, counted as [`escaped_len`] counts.
pub const MAX_PAGE_BYTES: usize = 4_000_000;
/// A sandbox whose newest entry is older is gone; the bucket removes entries after 30 days.
pub const SANDBOX_AGE: Duration = Duration::from_secs(29 * 24 * 3600);
/// Stored bytes that a manifest refers to are renewed when they are older; the bucket removes them after 60 days,
/// and a manifest lives for at most 29 after it was written.
pub const REFRESH_AFTER: Duration = Duration::from_secs(20 * 24 * 3600);
/// One call renews only so many stored bytes; those that are older than this it renews all, as far as its time allows. They are
/// then not removed before the end of the sandbox whose last change this call is.
pub const REFRESH_BY: Duration = Duration::from_secs(30 * 24 * 3600);
/// A running sandbox's marker is written again with the first change after so long. The bucket removes markers after 30 days,
/// and so never before the end of their sandbox, [`SANDBOX_AGE`] after its last change.
pub const MARK_AFTER: Duration = Duration::from_secs(24 * 3600);
/// Presigned URLs work for so long.
pub const LINK_LIFETIME: Duration = Duration::from_secs(3600);
/// For so long after a lost commit a sandbox's newest entry is read before the code runs.
pub const CONTENDED_FOR: Duration = Duration::from_secs(60);

/// Takes elements of output until the answer is full.
#[derive(Debug, Default)]
pub struct OutputBudget {
    json: usize,
    escaped: usize,
    full: bool,
}

impl OutputBudget {
    /// True when nothing more fits.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// The element, as much of it as fits. The cut is on a character's border; the caller ends with [`TRUNCATED`].
    pub fn take(&mut self, mut element: String) -> Option<String> {
        // Two quotes and a comma; in a string once more, both quotes are escaped.
        let (json, escaped) = (self.json + 3, self.escaped + 5);
        self.full |= json > MAX_OUTPUT_JSON || escaped > MAX_OUTPUT_ESCAPED;
        if self.full {
            return None;
        }
        (self.json, self.escaped) = (json, escaped);
        for (at, c) in element.char_indices() {
            let (json, escaped) = cost(c);
            if self.json + json > MAX_OUTPUT_JSON || self.escaped + escaped > MAX_OUTPUT_ESCAPED {
                self.full = true;
                element.truncate(at);
                return Some(element);
            }
            self.json += json;
            self.escaped += escaped;
        }
        Some(element)
    }
}

/// Bytes of a text in JSON that is written into a JSON string once more; see [`MAX_OUTPUT_ESCAPED`].
pub fn escaped_len(text: &str) -> usize {
    text.chars().map(|c| cost(c).1).sum()
}

/// The longest start of a text that is at most so long, as [`escaped_len`] counts.
pub fn escaped_prefix(text: &str, max: usize) -> &str {
    let mut left = max;
    let fits = |(_, c): &(usize, char)| left.checked_sub(cost(*c).1).inspect(|rest| left = *rest).is_some();
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, c)| at + c.len_utf8());
    text.get(..end).unwrap_or_default()
}

/// Bytes of this character in a JSON string, and in that JSON written into a JSON string again.
fn cost(c: char) -> (usize, usize) {
    match c {
        '"' | '\\' => (2, 4),
        '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => (2, 3),
        '\0'..='\u{1f}' => (6, 7),
        _ => (c.len_utf8(), c.len_utf8()),
    }
}

/// The longest start of `text` within `max` bytes, on a character's border.
pub fn prefix(text: &str, max: usize) -> &str {
    let end = (0..=max.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_stays_within_both_budgets_however_it_escapes() {
        for filling in ["a", "\"", "\n", "\u{1}", "é", "\u{1F600}", "\\n"] {
            let mut budget = OutputBudget::default();
            let kept = budget.take(filling.repeat(6 * 1024 * 1024)).unwrap();
            assert!(budget.is_full(), "{filling:?} fits whole");
            let json = serde_json::to_string(&[&kept]).unwrap();
            assert!(json.len() <= MAX_OUTPUT_JSON + 2, "{filling:?}: {} bytes", json.len());
            let proxy = serde_json::to_string(&json).unwrap();
            assert!(proxy.len() <= MAX_OUTPUT_ESCAPED + 8, "{filling:?}: {} bytes escaped", proxy.len());
            assert!(budget.take("x".into()).is_none());
        }
    }

    #[test]
    fn many_small_elements_are_counted_with_their_quotes() {
        let mut budget = OutputBudget::default();
        let kept: Vec<_> = std::iter::from_fn(|| budget.take(String::new())).collect();
        assert!(
            serde_json::to_string(&serde_json::to_string(&kept).unwrap()).unwrap().len() <= MAX_OUTPUT_ESCAPED + 16
        );
    }

    #[test]
    fn an_escaped_prefix_is_as_long_as_it_may_be() {
        assert_eq!(escaped_prefix("é\u{1}\"", 13), "é\u{1}\"");
        assert_eq!(escaped_prefix("é\u{1}\"", 12), "é\u{1}");
        assert_eq!(escaped_prefix("é", 1), "");
    }

    #[test]
    fn a_prefix_ends_on_a_character() {
        assert_eq!(prefix("aé", 2), "a");
        assert_eq!(prefix("aé", 3), "aé");
        assert_eq!(prefix("", 3), "");
    }
}

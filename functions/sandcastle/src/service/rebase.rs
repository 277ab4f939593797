//! A commit that lost to changes of other files is put on top of them, instead of running its code again.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    WorkingPath,
    entry::{apply, difference},
    manifest::{Manifest, Node},
};

type Changes = BTreeMap<WorkingPath, Option<Node>>;

/// The state `ours`, which was made from `parent`, as if it had been made from `newest`. `None` when that differs from `parent` in
/// more than files, or in a file at, above or below one that `ours` changed.
pub(super) fn onto(parent: &Manifest, ours: &Manifest, newest: &Manifest) -> Option<Manifest> {
    let only_files = (newest.epoch, newest.started_by, newest.variables_at, newest.status)
        == (parent.epoch, parent.started_by, parent.variables_at, parent.status);
    if !only_files {
        return None;
    }
    let our_changes = difference(&parent.files, &ours.files);
    let their_changes = difference(&parent.files, &newest.files);
    if touch(&our_changes, &their_changes) || touch(&their_changes, &our_changes) {
        return None;
    }
    let files = Arc::new(apply(&newest.files, our_changes));
    // Others may have been calls of code, too: their kernel died, and so they changed files only.
    let calls = newest.calls.saturating_add(ours.calls.saturating_sub(parent.calls));
    Some(Manifest { files, calls, marked_at: newest.marked_at, ..ours.clone() })
}

/// True when a path of `a` is one of `b`, or lies below one.
fn touch(a: &Changes, b: &Changes) -> bool {
    a.keys().any(|path| b.contains_key(path) || path.folders().any(|folder| b.contains_key(&folder)))
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::{CommitId, FileMode, Name, manifest::Epoch};

    fn state(paths: &[&str]) -> Manifest {
        let name = Name::parse("a").unwrap();
        let node = |path: &&str| (WorkingPath::parse(*path).unwrap(), Node::Folder { mode: FileMode::of(0o755) });
        let files = Arc::new(paths.iter().map(node).collect());
        Manifest { files, ..Manifest::started(name.clone(), name, OffsetDateTime::UNIX_EPOCH, Epoch(1)) }
    }

    fn paths(state: &Manifest) -> Vec<&str> {
        state.files.keys().map(WorkingPath::as_str).collect()
    }

    #[test]
    fn changes_of_other_files_are_put_together() {
        let (parent, ours, newest) = (state(&["a", "b"]), state(&["a", "b", "c"]), state(&["a", "d"]));
        assert_eq!(paths(&onto(&parent, &ours, &newest).unwrap()), ["a", "c", "d"]);
    }

    #[test]
    fn changes_of_the_same_place_are_not() {
        let parent = state(&["a"]);
        for (ours, theirs) in [("b", "b"), ("b", "b/c"), ("b/c", "b")] {
            assert!(onto(&parent, &state(&["a", ours]), &state(&["a", theirs])).is_none(), "{ours}, {theirs}");
        }
        assert!(onto(&parent, &state(&[]), &state(&["a", "a/b"])).is_none(), "a folder that is gone");
    }

    #[test]
    fn every_call_is_counted() {
        let parent = state(&["a"]);
        let called = Manifest { calls: 1, ..parent.clone() };
        assert_eq!(onto(&parent, &called, &called).unwrap().calls, 2);
        assert_eq!(onto(&parent, &parent, &called).unwrap().calls, 1, "a command is none");
    }

    #[test]
    fn nothing_is_put_on_top_of_other_variables_or_another_start() {
        let parent = state(&["a"]);
        let other = Some(CommitId::new());
        assert!(onto(&parent, &parent, &Manifest { variables_at: other, ..parent.clone() }).is_none());
        assert!(onto(&parent, &parent, &Manifest { started_by: other, ..parent.clone() }).is_none());
        assert!(onto(&parent, &parent, &Manifest { epoch: Epoch(2), ..parent.clone() }).is_none());
    }
}

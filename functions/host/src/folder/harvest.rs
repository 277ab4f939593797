//! Finds out what a job changed in the working folder. Blocking; what must be stored is handed over as it is found.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashSet},
    io,
    ops::{Bound, ControlFlow},
    path::Path,
    sync::Arc,
};

use rustix::{fs::Stat, process::Pid};
use sandcastle::{
    ContentHash, FileMode, WorkingPath, limits,
    manifest::{Manifest, Node, WorkingFile},
    report::{GeneratedFile, Skipped},
};
use time::OffsetDateTime;
use tokio::sync::mpsc;

use super::{
    Memory, Seen, Snapshot, changed,
    contents::{Content, Contents, New, Read},
    mime, open_root, size,
    walk::{FileAt, Found, walk},
};
use crate::kernel::{processes::writable_inodes, usage::Disk};

/// What is known before.
pub(crate) struct Before {
    /// The state that the job began with.
    pub(crate) manifest: Arc<Manifest>,
    /// The folder as it was then.
    pub(crate) snapshot: Snapshot,
    /// The kernel, when it lives: what it has mapped or open for writing may change without a trace.
    pub(crate) kernel: Option<Pid>,
}

/// What a folder has come to.
pub(super) struct After {
    pub(super) files: BTreeMap<WorkingPath, Node>,
    pub(super) snapshot: Snapshot,
    pub(super) generated: Vec<GeneratedFile>,
    pub(super) skipped: Vec<Skipped>,
    /// What all of it takes.
    pub(super) disk: Disk,
}

struct Harvest<'a> {
    before: &'a Before,
    /// Inodes that may change without a trace (`None`: any may); asked for with the first file, because it takes long.
    suspects: OnceCell<Option<HashSet<u64>>>,
    after: After,
    /// Bytes of the paths in it.
    path_bytes: usize,
    contents: Contents,
}

/// Looks through the folder. Ends early, with a part, when nobody takes what must be stored any more.
pub(super) fn harvest(
    root: &Path,
    before: &Before,
    memory: Memory,
    store: mpsc::UnboundedSender<New>,
) -> io::Result<After> {
    let root = open_root(root)?;
    let (files, snapshot, disk) = (BTreeMap::new(), Snapshot::now(), Disk::default());
    let after = After { files, snapshot, generated: Vec::new(), skipped: Vec::new(), disk };
    let contents = Contents::new(&before.manifest, memory, store);
    let mut harvest = Harvest { before, suspects: OnceCell::new(), after, path_bytes: 0, contents };
    walk(&root, &mut |path, found| match found {
        Found::Folder(path, stat) => {
            harvest.after.disk.count(stat);
            harvest.put(path, Node::Folder { mode: FileMode::of(stat.st_mode) });
            ControlFlow::Continue(())
        }
        Found::File(path, file) => {
            harvest.after.disk.count(file.stat);
            harvest.file(&path, &file)
        }
        Found::LeftOut(stat, why) => {
            harvest.after.disk.count(stat);
            harvest.leave_out(path, stat, why);
            ControlFlow::Continue(())
        }
        Found::Unreadable(why) => {
            harvest.unreadable(path, why);
            ControlFlow::Continue(())
        }
    });
    Ok(harvest.after)
}

impl Harvest<'_> {
    fn file(&mut self, path: &WorkingPath, file: &FileAt<'_>) -> ControlFlow<()> {
        if self.contents.is_closed() {
            return ControlFlow::Break(());
        }
        let stat = file.stat;
        let suspects = self.suspects.get_or_init(|| self.before.kernel.and_then(writable_inodes));
        let suspect = suspects.as_ref().is_none_or(|suspects| suspects.contains(&stat.st_ino));
        let (before, taken) = (self.before, self.before.snapshot.taken);
        let known = match before.manifest.files.get(path) {
            Some(Node::File(known)) => Some(known),
            _ => None,
        };
        let seen = before.snapshot.files.get(path).filter(|seen| !suspect && seen.still_holds(stat, taken));
        if let Some(known) = known.filter(|known| seen.is_some_and(|seen| seen.hash == known.hash)) {
            self.keep(path, stat, known.hash, suspect);
            return ControlFlow::Continue(());
        }
        match self.contents.read(file, known) {
            Ok(Read::Stored(content)) => {
                self.keep(path, stat, content.hash, suspect);
                if known.is_none_or(|known| known.hash != content.hash) {
                    self.generated(path, content);
                }
            }
            Ok(Read::NoBudget) => self.not_stored(path, stat, known, "more than 512 MiB in one call"),
            Ok(Read::Hole) => {
                self.not_stored(path, stat, known, "most of the file was never written: its holes are not stored")
            }
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ControlFlow::Break(()),
            Err(_) => self.not_stored(path, stat, known, "the file could not be read"),
        }
        ControlFlow::Continue(())
    }

    fn put(&mut self, path: WorkingPath, node: Node) {
        self.path_bytes += path.as_str().len();
        self.after.files.insert(path, node);
    }

    fn keep(&mut self, path: &WorkingPath, stat: &Stat, hash: ContentHash, suspect: bool) {
        let modified = i128::from(stat.st_mtime) * 1000 + i128::from(stat.st_mtime_nsec) / 1_000_000;
        let modified_at =
            OffsetDateTime::from_unix_timestamp_nanos(modified * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let stored_at = self.contents.stored_at(hash);
        let file = WorkingFile::new(hash, size(stat), FileMode::of(stat.st_mode), modified_at, stored_at);
        self.put(path.clone(), Node::File(file));
        self.after.snapshot.files.insert(path.clone(), Seen::new(stat, hash, suspect));
    }

    /// The file stays in the state as it was before the job, or absent; the next job looks at it again.
    fn not_stored(&mut self, path: &WorkingPath, stat: &Stat, known: Option<&WorkingFile>, why: &'static str) {
        if let Some(known) = known {
            self.put(path.clone(), Node::File(known.clone()));
        }
        self.leave_out(path.as_str(), stat, why);
    }

    /// What is there stays in the state as it was before the job, with all below it, as far as a manifest may hold more.
    fn unreadable(&mut self, path: &str, why: &str) {
        let before = self.before;
        for (name, node) in at_and_below(&before.manifest.files, path) {
            let fits = self.after.files.len() < limits::MAX_NODES
                && self.path_bytes + name.as_str().len() <= limits::MAX_PATHS_BYTES;
            if fits && !self.after.files.contains_key(name) {
                self.put(name.clone(), node.clone());
            }
        }
        self.say_left_out(if path.is_empty() { "." } else { path }, 0, 0, why);
    }

    fn leave_out(&mut self, path: &str, stat: &Stat, why: &str) {
        self.say_left_out(path, stat.st_ino, changed(stat), why);
    }

    /// Says so once, not after every job.
    fn say_left_out(&mut self, path: &str, inode: u64, changed: i128, why: &str) {
        let path = limits::prefix(path, limits::MAX_PATH_BYTES);
        let what = (path.to_owned(), inode, changed);
        if !self.before.snapshot.left_out.contains(&what) {
            self.after.skipped.push(Skipped { name: path.to_owned(), reason: why.to_owned() });
        }
        self.after.snapshot.left_out.insert(what);
    }

    fn generated(&mut self, path: &WorkingPath, content: Content) {
        let hidden = path.parts().any(|part| part.starts_with('.') || part == "__pycache__");
        if !hidden {
            let mime_type = mime::of(path.as_str(), &content.head);
            let (hash, size) = (content.hash, content.size);
            self.after.generated.push(GeneratedFile { name: path.clone(), mime_type, hash, size });
        }
    }
}

/// What a state has at a path, and all below it.
fn at_and_below<'a>(
    files: &'a BTreeMap<WorkingPath, Node>,
    path: &str,
) -> impl Iterator<Item = (&'a WorkingPath, &'a Node)> {
    let below = if path.is_empty() { String::new() } else { format!("{path}/") };
    let start = (Bound::Included(below.as_str()), Bound::Unbounded);
    let inside: Vec<_> =
        files.range::<str, _>(start).take_while(|(name, _)| name.as_str().starts_with(&below)).collect();
    files.get_key_value(path).into_iter().chain(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_read_keeps_what_is_in_it_and_nothing_else() {
        let names = ["a", "d", "d!", "d-2/f", "d/a", "d/b", "d/b/c", "d0", "e"];
        let folder = |name: &&str| (WorkingPath::parse(*name).unwrap(), Node::Folder { mode: FileMode::of(0o755) });
        let files = names.iter().map(folder).collect();
        let kept = |path| at_and_below(&files, path).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
        assert_eq!(kept("d"), ["d", "d/a", "d/b", "d/b/c"]);
        assert_eq!(kept("d/b"), ["d/b", "d/b/c"]);
        assert_eq!(kept("a"), ["a"]);
        assert_eq!(kept(""), names);
    }
}

//! Finds out what a run changed in the working folder. Blocking; what has to be stored is handed over as it is found.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap, HashSet},
    fs::File,
    io::{self, Read},
    ops::{Bound, ControlFlow},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use rustix::{
    fs::{FileType, Stat, fstat},
    process::Pid,
};
use sandcastle::{
    ContentHash, FileMode, WorkingPath, limits,
    manifest::{Manifest, Node, WorkingFile},
    report::{GeneratedFile, Skipped},
};
use time::OffsetDateTime;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, mpsc},
};

use super::{
    Memory, Seen, Snapshot, changed, mime, open_root, size,
    walk::{FileAt, Found, walk},
};
use crate::kernel::processes::writable_inodes;

/// Bytes that are not stored yet.
pub(super) struct New {
    /// Their digest.
    pub(super) hash: ContentHash,
    /// The bytes.
    pub(super) bytes: Bytes,
    /// Held as long as they are in memory.
    pub(super) _held: OwnedSemaphorePermit,
}

/// What is known before.
pub(crate) struct Before {
    /// The state that the run began with.
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
}

/// A file's content, found by hashing it.
#[derive(Clone)]
struct Content {
    hash: ContentHash,
    size: u64,
    head: Bytes,
}

struct Harvest<'a> {
    before: &'a Before,
    /// Inodes that may change without a trace (`None`: any may); asked for with the first file, because it takes long.
    suspects: OnceCell<Option<HashSet<u64>>>,
    after: After,
    /// When which bytes were stored, by the state that the run began with and by this run.
    stored: HashMap<ContentHash, OffsetDateTime>,
    /// Contents of files that have several names.
    linked: HashMap<u64, Content>,
    budget: u64,
    now: OffsetDateTime,
    memory: Memory,
    store: mpsc::UnboundedSender<New>,
}

/// Looks through the folder. Ends early, with a part, when nobody takes what has to be stored any more.
pub(super) fn harvest(
    root: &Path,
    before: &Before,
    memory: Memory,
    store: mpsc::UnboundedSender<New>,
) -> io::Result<After> {
    let root = open_root(root)?;
    let stored = before.manifest.regular_files().map(|(_, file)| (file.hash, file.stored_at)).collect();
    let after = After { files: BTreeMap::new(), snapshot: Snapshot::now(), generated: Vec::new(), skipped: Vec::new() };
    let budget = limits::MAX_FILE_BYTES;
    let now = OffsetDateTime::now_utc();
    let mut harvest = Harvest {
        before,
        suspects: OnceCell::new(),
        after,
        stored,
        linked: HashMap::new(),
        budget,
        now,
        memory,
        store,
    };
    walk(&root, &mut |path, found| match found {
        Found::Folder(path, stat) => {
            harvest.after.files.insert(path, Node::Folder { mode: FileMode::of(stat.st_mode) });
            ControlFlow::Continue(())
        }
        Found::File(path, file) => harvest.file(&path, &file),
        Found::LeftOut(stat, why) => {
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
        if self.store.is_closed() {
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
        match self.content(file, known) {
            Ok(Some(content)) => {
                self.keep(path, stat, content.hash, suspect);
                if known.is_none_or(|known| known.hash != content.hash) {
                    self.generated(path, content);
                }
            }
            Ok(None) => self.not_stored(path, stat, known, "more than 512 MiB in one call"),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ControlFlow::Break(()),
            Err(_) => self.not_stored(path, stat, known, "the file could not be read"),
        }
        ControlFlow::Continue(())
    }

    /// The file's content, handed over to be stored if it is not. `None`: there is no budget left to store it.
    fn content(&mut self, file: &FileAt<'_>, known: Option<&WorkingFile>) -> io::Result<Option<Content>> {
        if let Some(content) = self.linked.get(&file.stat.st_ino) {
            return Ok(Some(content.clone()));
        }
        let mut open = File::from(file.open()?);
        let stat = fstat(&open)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_ino != file.stat.st_ino {
            return Err(io::Error::other("it is another file by now"));
        }
        if let Some(known) = known.filter(|known| known.size == size(&stat)) {
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(&mut open)?;
            if known.hash == hasher.finalize().into() {
                return Ok(Some(Content { hash: known.hash, size: known.size, head: Bytes::new() }));
            }
            open = File::from(file.open()?);
        }
        let size = size(&stat);
        if size > self.budget {
            return Ok(None);
        }
        let held = Handle::current().block_on(self.hold(size))?;
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        open.take(size).read_to_end(&mut bytes)?;
        let bytes = Bytes::from(bytes);
        let content = Content {
            hash: ContentHash::of(&bytes),
            size: bytes.len() as u64,
            head: Bytes::copy_from_slice(bytes.get(..mime::HEAD_LEN).unwrap_or(&bytes)),
        };
        if !self.stored.contains_key(&content.hash) {
            self.budget -= content.size;
            self.stored.insert(content.hash, self.now);
            let new = New { hash: content.hash, bytes, _held: held };
            self.store.send(new).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        }
        if stat.st_nlink > 1 {
            self.linked.insert(stat.st_ino, content.clone());
        }
        Ok(Some(content))
    }

    /// Room in memory, unless nobody waits for the harvest any more.
    async fn hold(&self, size: u64) -> io::Result<OwnedSemaphorePermit> {
        tokio::select! {
            held = self.memory.hold(size) => held.map_err(io::Error::other),
            () = self.store.closed() => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn keep(&mut self, path: &WorkingPath, stat: &Stat, hash: ContentHash, suspect: bool) {
        let modified = i128::from(stat.st_mtime) * 1000 + i128::from(stat.st_mtime_nsec) / 1_000_000;
        let modified_at = OffsetDateTime::from_unix_timestamp_nanos(modified * 1_000_000).unwrap_or(self.now);
        let stored_at = self.stored.get(&hash).copied().unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let file = WorkingFile { hash, size: size(stat), mode: FileMode::of(stat.st_mode), modified_at, stored_at };
        self.after.files.insert(path.clone(), Node::File(file));
        self.after.snapshot.files.insert(path.clone(), Seen::new(stat, hash, suspect));
    }

    /// The file stays in the state as it was before the run, or absent; the next run looks at it anew.
    fn not_stored(&mut self, path: &WorkingPath, stat: &Stat, known: Option<&WorkingFile>, why: &'static str) {
        if let Some(known) = known {
            self.after.files.insert(path.clone(), Node::File(known.clone()));
        }
        self.leave_out(path.as_str(), stat, why);
    }

    /// What is there stays in the state as it was before the run, with all below it, as far as a state has room.
    fn unreadable(&mut self, path: &str, why: &str) {
        for (name, node) in at_and_below(&self.before.manifest.files, path) {
            if self.after.files.len() < limits::MAX_NODES && !self.after.files.contains_key(name) {
                self.after.files.insert(name.clone(), node.clone());
            }
        }
        self.say_left_out(if path.is_empty() { "." } else { path }, 0, 0, why);
    }

    fn leave_out(&mut self, path: &str, stat: &Stat, why: &str) {
        self.say_left_out(path, stat.st_ino, changed(stat), why);
    }

    /// Says so once, not after every run.
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

//! The manifest: all that a sandbox is after one ledger entry, and the difference between two of them.

mod life;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    CommitId, ContentHash, EnvName, EnvValue, FileMode, Name, RuntimeVersion, VariableName, WorkingDirectory,
    WorkingPath, limits,
    variables::{Groups, Variable},
};

pub use life::{Epoch, Life};

/// The whole state of a sandbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Organisation of the owner.
    pub org: Name,
    /// The owner.
    pub member: Name,
    /// Running or stopped.
    pub status: Status,
    /// When it was started, last.
    #[serde(with = "time::serde::rfc3339")]
    pub started_at: OffsetDateTime,
    /// When it was stopped.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<OffsetDateTime>,
    /// When the marker that lists the sandbox was last written.
    #[serde(with = "time::serde::rfc3339")]
    pub marked_at: OffsetDateTime,
    /// Which life this is.
    pub epoch: Epoch,
    /// The lives before it, newest first, a few at most: markers of theirs may be left over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Life>,
    /// The commit that started the sandbox, last.
    pub started_by: Option<CommitId>,
    /// The commit that last changed variables: by code, or by a start, which clears them. A kernel at this commit has them,
    /// whatever files have changed since.
    pub variables_at: Option<CommitId>,
    /// Everything in the working folder.
    pub files: Arc<BTreeMap<WorkingPath, Node>>,
    /// Top-level names that user code has bound.
    pub variables: Arc<BTreeMap<VariableName, Variable>>,
    /// Their values, as far as they are stored.
    #[serde(default)]
    pub groups: Arc<Groups>,
    /// Names whose values could not be kept, with the reason.
    pub lost: BTreeMap<VariableName, String>,
    /// Working directory.
    pub cwd: WorkingDirectory,
    /// How the environment differs from a new kernel's.
    pub env: BTreeMap<EnvName, Option<EnvValue>>,
    /// Data frames bound to top-level names.
    pub dataframes: Vec<Dataframe>,
    /// Memory of the kernel after the last call, in bytes.
    pub memory_bytes: u64,
    /// Executions so far in this epoch.
    pub calls: u64,
    /// The Python that ran last.
    pub runtime: RuntimeVersion,
    /// Bytes that were stored and are in no marker of stored bytes yet; counted where an organisation has a limit on them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unmarked_bytes: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(bytes: &u64) -> bool {
    *bytes == 0
}

/// Whether a sandbox executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Running,
    /// It does not; its executions can be read.
    Stopped,
}

/// Something in the working folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// A regular file.
    File(WorkingFile),
    /// A folder, kept for its mode and for being there when empty.
    Folder {
        /// Permission bits.
        mode: FileMode,
    },
}

/// A regular file and where its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkingFile {
    /// Digest of the bytes, and so their key.
    pub hash: ContentHash,
    /// Length, in bytes.
    pub size: u64,
    /// Permission bits.
    pub mode: FileMode,
    /// Last modification.
    #[serde(with = "time::serde::timestamp::milliseconds")]
    pub modified_at: OffsetDateTime,
    /// When the bytes were stored or renewed; see [`crate::limits::REFRESH_AFTER`].
    #[serde(with = "time::serde::timestamp")]
    pub stored_at: OffsetDateTime,
}

impl WorkingFile {
    /// A file. Its times are cut to what an entry holds of them, so that one that is read back is the same.
    pub fn new(
        hash: ContentHash,
        size: u64,
        mode: FileMode,
        modified_at: OffsetDateTime,
        stored_at: OffsetDateTime,
    ) -> Self {
        let (modified_at, stored_at) = (modified_at.truncate_to_millisecond(), stored_at.truncate_to_second());
        Self { hash, size, mode, modified_at, stored_at }
    }

    /// The same, renewed just now.
    pub fn renew(&mut self, now: OffsetDateTime) {
        self.stored_at = now.truncate_to_second();
    }
}

/// Facts of a data frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataframe {
    /// The name it is bound to.
    pub name: VariableName,
    /// Rows.
    pub num_rows: u64,
    /// Columns.
    pub num_cols: u64,
    /// Memory, in bytes, as its library estimates it.
    pub memory_usage_bytes: u64,
}

impl Manifest {
    /// The state of a sandbox that has just been started.
    pub fn started(org: Name, member: Name, at: OffsetDateTime, epoch: Epoch) -> Self {
        Self {
            org,
            member,
            status: Status::Running,
            started_at: at,
            released_at: None,
            marked_at: at,
            epoch,
            earlier: Vec::new(),
            started_by: None,
            variables_at: None,
            files: Arc::default(),
            variables: Arc::default(),
            groups: Arc::default(),
            lost: BTreeMap::new(),
            cwd: WorkingDirectory::top(),
            env: BTreeMap::new(),
            dataframes: Vec::new(),
            memory_bytes: 0,
            calls: 0,
            runtime: RuntimeVersion::none(),
            unmarked_bytes: 0,
        }
    }

    /// The lives that have ended, newest first: this one, if it has, and those before it.
    pub fn ended_lives(&self) -> Vec<Life> {
        let this = self.released_at.map(|released_at| Life { started_at: self.started_at, released_at });
        this.into_iter().chain(self.earlier.iter().copied()).take(Life::KNOWN).collect()
    }

    /// What is left when the kernel is gone: the values that are stored. Gives the names of the others, which are lost, with the
    /// reason why they were not stored, or else this one.
    pub fn lose_unstored(&mut self, reason: &str) -> Vec<(VariableName, String)> {
        let stored: BTreeSet<&VariableName> = self.groups.values().flat_map(|group| &group.names).collect();
        let unstored = self.variables.iter().filter(|(name, _)| !stored.contains(name));
        let why = |variable: &Variable| variable.not_stored.clone().unwrap_or_else(|| reason.to_owned());
        let lost: Vec<_> = unstored.map(|(name, variable)| (name.clone(), why(variable))).collect();
        self.lose(&lost);
        lost
    }

    /// These names are lost, for these reasons.
    pub fn lose(&mut self, names: &[(VariableName, String)]) {
        if names.is_empty() {
            return;
        }
        self.lost = lost_names(names, std::mem::take(&mut self.lost));
        let variables = Arc::make_mut(&mut self.variables);
        for (name, _) in names {
            variables.remove(name);
        }
        self.dataframes.retain(|frame| variables.contains_key(&frame.name));
    }

    /// True when both have the same variables, and what code finds beside them: a kernel of the one is a kernel of the other.
    pub fn has_variables_of(&self, other: &Self) -> bool {
        (&self.variables, &self.groups, &self.lost, &self.cwd, &self.env)
            == (&other.variables, &other.groups, &other.lost, &other.cwd, &other.env)
    }

    /// The working files, without the folders.
    pub fn regular_files(&self) -> impl Iterator<Item = (&WorkingPath, &WorkingFile)> {
        self.files.iter().filter_map(|(path, node)| match node {
            Node::File(file) => Some((path, file)),
            Node::Folder { .. } => None,
        })
    }
}

/// The lost names that are kept, as far as the limits allow: those lost just now before those that were lost already.
pub fn lost_names(
    names: &[(VariableName, String)],
    before: BTreeMap<VariableName, String>,
) -> BTreeMap<VariableName, String> {
    let now = names.iter().cloned();
    let mut kept = BTreeMap::new();
    let mut left_bytes = limits::MAX_LOST_BYTES;
    for (name, reason) in now.chain(before) {
        let left = left_bytes.checked_sub(name.as_str().len() + reason.len());
        let Some(left) = left.filter(|_| kept.len() < limits::MAX_LOST) else { break };
        kept.entry(name).or_insert_with(|| {
            left_bytes = left;
            reason
        });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{MAX_LOST, MAX_LOST_BYTES, MAX_NAMES};

    fn name(text: &str) -> VariableName {
        VariableName::parse(text).unwrap()
    }

    #[test]
    fn lost_names_are_bounded_and_the_newest_are_kept() {
        let mut all = BTreeMap::new();
        for death in 0..5 {
            let why = "its value lived in a kernel that has ended (exit code 1)".to_owned();
            let names: Vec<_> = (0..MAX_NAMES).map(|i| (name(&format!("v{death}_{i:05}")), why.clone())).collect();
            all = lost_names(&names, all);
            assert!(all.len() <= MAX_LOST && all.contains_key(&names[0].0) && !all.contains_key("v9"));
            assert!(all.keys().all(|name| name.as_str().starts_with(&format!("v{death}_"))));
        }
        let long: Vec<_> = (0..MAX_NAMES).map(|i| (name(&format!("{i:0256}")), "why".to_owned())).collect();
        let kept = lost_names(&long, all);
        let bytes: usize = kept.iter().map(|(name, reason)| name.as_str().len() + reason.len()).sum();
        assert!(kept.len() > 900 && bytes <= MAX_LOST_BYTES);
        let few = lost_names(&[(name("new"), "why".into())], BTreeMap::from([(name("old"), "before".to_owned())]));
        assert_eq!(few.len(), 2);
    }
}

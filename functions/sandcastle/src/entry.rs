//! Ledger entries: one immutable object per change of a sandbox.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::{
    CommitId, ContentHash, ExecutionId, Name, VariableName, WorkingPath,
    manifest::{Epoch, Manifest, Node, Status},
    report::GeneratedFile,
    variables::{Group, GroupId, Groups, Variable},
};

/// A place in the history of a sandbox. Two entries with one number are told apart by their commit ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Number of the entry, from 1.
    pub seq: u64,
    /// The attempt that wrote it.
    pub commit_id: CommitId,
}

/// One entry, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Where it stands.
    #[serde(flatten)]
    pub position: Position,
    /// The call that made it; one id through all its re-runs.
    pub execution_id: ExecutionId,
    /// Commit id of the entry before it; none for the first.
    pub parent: Option<CommitId>,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What happened.
    pub change: Change,
    /// The state after it.
    pub state: State,
    /// The idempotency keys of the last [`crate::limits::RECENT_ENTRIES`] entries.
    pub recent: Arc<Vec<Recent>>,
}

/// What an entry records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The sandbox was started, or started again.
    Started,
    /// Code ran.
    Executed(Executed),
    /// A file was put into the working folder from outside.
    FilePut {
        /// Its path.
        name: WorkingPath,
    },
    /// A file was deleted from outside.
    FileDeleted {
        /// Its path.
        name: WorkingPath,
    },
    /// The sandbox was stopped.
    Stopped,
}

impl State {
    /// The life of the sandbox that it belongs to.
    pub fn epoch(&self) -> Epoch {
        self.small().epoch
    }

    /// The organisation that the sandbox belongs to.
    pub fn org(&self) -> &Name {
        &self.small().org
    }

    /// Whether the sandbox runs.
    pub fn status(&self) -> Status {
        self.small().status
    }

    /// [`Manifest::variables_at`].
    pub fn variables_at(&self) -> Option<CommitId> {
        self.small().variables_at
    }

    /// The manifest, maybe without its big maps.
    fn small(&self) -> &Manifest {
        match self {
            Self::Whole(manifest) | Self::Based { rest: manifest, .. } => manifest,
        }
    }
}

/// An execution, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// `python` or `bash`.
    pub kind: String,
    /// Where the call came from, such as `platform_api`.
    pub source: String,
    /// It was a command, in a process of its own: of the sandbox only files can have changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub command: bool,
    /// The code or the command, whole.
    pub input: String,
    /// The output, at most [`crate::limits::MAX_PREVIEW_BYTES`].
    pub output_preview: String,
    /// The error; empty when there was none.
    pub error: String,
    /// How long it ran, in milliseconds.
    pub duration_ms: u64,
    /// New and changed files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GeneratedFile>,
}

/// A manifest in an entry: whole, or as the difference to a stored base.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The manifest itself.
    Whole(Manifest),
    /// Its big maps as differences to a [`Base`].
    Based {
        /// The base object.
        base: StoredBase,
        /// The manifest with its big maps empty.
        rest: Manifest,
        /// Files that differ from the base; `None` for those that are gone.
        files: BTreeMap<WorkingPath, Option<Node>>,
        /// Variables that differ from the base; `None` for those that are gone.
        variables: BTreeMap<VariableName, Option<Variable>>,
        /// Groups that differ from the base; `None` for those that are gone.
        #[serde(default)]
        groups: BTreeMap<GroupId, Option<Group>>,
    },
}

/// Where a [`Base`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBase {
    /// Digest of its JSON, and so its key.
    pub hash: ContentHash,
    /// When it was stored or renewed; a new one is due after [`crate::limits::REFRESH_AFTER`].
    #[serde(with = "time::serde::timestamp")]
    pub stored_at: OffsetDateTime,
}

/// The big maps of a manifest, stored once for many entries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Base {
    /// Working files.
    pub files: Arc<BTreeMap<WorkingPath, Node>>,
    /// Variables.
    pub variables: Arc<BTreeMap<VariableName, Variable>>,
    /// Their values.
    #[serde(default)]
    pub groups: Arc<Groups>,
}

/// An idempotency key, and the execution that had it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Digest of the key.
    pub key: ContentHash,
    /// Digest of the request that came with it.
    pub request: ContentHash,
    /// The entry that recorded it.
    pub seq: u64,
    /// Its execution.
    pub execution_id: ExecutionId,
    /// The object that holds its whole result.
    pub result: ContentHash,
}

/// The newest entry of a sandbox, read or written, with its state resolved.
#[derive(Clone, Debug)]
pub struct Head {
    /// Where it stands.
    pub position: Position,
    /// When it was made.
    pub at: OffsetDateTime,
    /// The state after it.
    pub manifest: Arc<Manifest>,
    /// Idempotency keys.
    pub recent: Arc<Vec<Recent>>,
    /// The base that its state stands on, if any.
    pub base: Option<(StoredBase, Arc<Base>)>,
}

/// What a node, a variable or the like takes in a map in memory, besides its name, in bytes, by estimate.
const NODE_BYTES: usize = 200;

impl Head {
    /// The memory that it takes, in bytes, by estimate.
    pub fn weight(&self) -> usize {
        let Manifest { files, variables, groups, lost, .. } = self.manifest.as_ref();
        let names =
            files.keys().map(|path| path.as_str().len()).chain(variables.keys().map(|name| name.as_str().len()));
        let groups: usize = groups.values().map(Group::weight).sum();
        let lost = lost.iter().map(|(name, why)| name.as_str().len() + why.len() + NODE_BYTES);
        // The names in a base are those in the state, as a rule, and not there twice.
        let base = self.base.as_ref().filter(|(_, base)| !Arc::ptr_eq(&base.files, files));
        let nodes = files.len() + variables.len() + base.map_or(0, |(_, base)| base.files.len() + base.variables.len());
        let maps = names.chain(lost).sum::<usize>() + (nodes + self.recent.len()) * NODE_BYTES;
        maps + groups
    }
}

/// What changed from `old` to `new`: a value, or `None` for a name that is gone.
pub fn difference<K: Clone + Ord, V: Clone + PartialEq>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
) -> BTreeMap<K, Option<V>> {
    let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), None));
    let changed = new.iter().filter(|(name, value)| old.get(*name) != Some(*value));
    gone.chain(changed.map(|(name, value)| (name.clone(), Some(value.clone())))).collect()
}

/// `old` with a [`difference`] applied.
pub fn apply<K: Clone + Ord, V: Clone>(old: &BTreeMap<K, V>, changes: BTreeMap<K, Option<V>>) -> BTreeMap<K, V> {
    let mut new = old.clone();
    for (name, change) in changes {
        match change {
            Some(value) => new.insert(name, value),
            None => new.remove(&name),
        };
    }
    new
}

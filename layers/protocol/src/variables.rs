//! Variables on their way between host and kernel. Their bytes travel in files without names: those of a kernel through its
//! exchange file, which both have open, those that it restores in files that come with the host's messages. Messages say where in
//! a file bytes are.

use serde::{Deserialize, Serialize};

/// A top-level name whose value was lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LostName {
    /// The name.
    pub name: String,
    /// Why, for the user.
    pub reason: String,
}

/// Bytes in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extent {
    /// Where they begin.
    pub at: u64,
    /// How many there are.
    pub len: u64,
}

/// What a group holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// Values.
    Data,
    /// Functions and classes.
    Definitions,
    /// Modules.
    Modules,
    /// What a kernel must know of all groups before it loads one; a group without names.
    Index,
}

impl GroupKind {
    /// The kind's name in Python.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Definitions => "definitions",
            Self::Modules => "modules",
            Self::Index => "index",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Data, Self::Definitions, Self::Modules, Self::Index].into_iter().find(|kind| kind.as_str() == name)
    }
}

/// The bytes of a group.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// The pickle.
    pub pickle: Extent,
    /// Its buffers, which it refers to by their order.
    pub buffers: Vec<Extent>,
}

/// Where the bytes of a stored group are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file, counted among those that come with the message, without a new exchange file.
    pub file: usize,
    /// The bytes in it.
    pub content: Content,
}

/// A stored group, for a new kernel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredGroup {
    /// Its id, unique in its sandbox.
    pub id: u64,
    /// The names that are bound to its values.
    pub names: Vec<String>,
    /// What it holds.
    pub kind: GroupKind,
    /// Its bytes, all together.
    pub size: u64,
    /// Where they are; none when the kernel must ask for them.
    pub place: Option<Place>,
}

/// The bytes of groups that a kernel has asked for.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// Where they are, by the groups' ids; none when they could not be fetched.
    pub places: Option<Vec<(u64, Place)>>,
}

/// A group as it is after a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KernelGroup {
    /// Its id.
    pub id: u64,
    /// The names that are bound to its values.
    pub names: Vec<String>,
    /// What it holds.
    pub kind: GroupKind,
    /// Its bytes; none when they are those that were restored, or told of after an earlier call.
    pub content: Option<Content>,
}

/// All variables after a call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Variables {
    /// Every group, in the order in which they are to be restored.
    pub groups: Vec<KernelGroup>,
    /// Names whose values cannot be stored, and why.
    pub unstorable: Vec<LostName>,
}

//! Variables on their way between host and kernel. Their bytes travel through the exchange file, a file without a name that both
//! have open; messages say where in it they are.

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

/// Bytes in the exchange file.
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
}

impl GroupKind {
    /// The kind's name in Python.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Definitions => "definitions",
            Self::Modules => "modules",
        }
    }

    /// The kind with this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Data, Self::Definitions, Self::Modules].into_iter().find(|kind| kind.as_str() == name)
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

/// A group that a kernel restores.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredGroup {
    /// Its id, unique in its sandbox.
    pub id: u64,
    /// The names that are bound to its values.
    pub names: Vec<String>,
    /// What it holds.
    pub kind: GroupKind,
    /// Its bytes.
    pub content: Content,
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

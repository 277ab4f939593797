//! Variables as they are stored: names, and the groups that hold their values.

mod totals;

use std::{collections::BTreeMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use totals::Totals;

use crate::{ContentHash, VariableName};

/// A group, for as long as its sandbox lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupId(pub u64);

/// A top-level name that user code has bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// Why its value is not stored, for the caller. It lives in the kernel alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_stored: Option<String>,
}

/// Values that share objects, and so are stored and restored together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The names bound to them; none for what belongs to no name, such as the state of a random generator.
    pub names: Vec<VariableName>,
    /// What it holds.
    pub kind: GroupKind,
    /// Groups are restored in this order.
    pub order: u32,
    /// The pickle.
    pub pickle: Blob,
    /// Buffers beside the pickle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buffers: Vec<Blob>,
    /// When the chunks were stored or renewed, the oldest of them.
    #[serde(with = "time::serde::timestamp")]
    pub stored_at: OffsetDateTime,
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
    /// What a kernel must know of all groups before it loads one.
    Index,
}

/// Bytes: in the manifest itself, in an object with other small ones, or in objects of their own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blob {
    /// The bytes.
    Inline(#[serde(with = "as_base64")] Bytes),
    /// A part of an object.
    Part {
        /// The object.
        hash: ContentHash,
        /// Where in it the bytes begin.
        at: u64,
        /// How many there are.
        len: u64,
    },
    /// Objects that hold them, one after the other.
    Chunks {
        /// How many bytes there are in all.
        size: u64,
        /// The objects.
        hashes: Vec<ContentHash>,
    },
}

impl Blob {
    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Part { len, .. } => *len,
            Self::Chunks { size, .. } => *size,
        }
    }

    /// The objects that hold them.
    pub fn chunks(&self) -> &[ContentHash] {
        match self {
            Self::Inline(_) => &[],
            Self::Part { hash, .. } => std::slice::from_ref(hash),
            Self::Chunks { hashes, .. } => hashes,
        }
    }
}

/// The number of bytes, and no byte of them.
impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes, {} chunks)", self.size(), self.chunks().len())
    }
}

impl Group {
    /// All that it holds.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        std::iter::once(&self.pickle).chain(&self.buffers)
    }

    /// The objects that it needs.
    pub fn chunks(&self) -> impl Iterator<Item = ContentHash> {
        self.blobs().flat_map(Blob::chunks).copied()
    }

    /// Bytes of its JSON, by estimate.
    pub fn weight(&self) -> usize {
        let names: usize = self.names.iter().map(|name| name.as_str().len() + 3).sum();
        let blob = |blob: &Blob| match blob {
            Blob::Inline(bytes) => bytes.len() * 4 / 3 + 16,
            Blob::Part { .. } => 110,
            Blob::Chunks { hashes, .. } => hashes.len() * 67 + 40,
        };
        120 + names + self.blobs().map(blob).sum::<usize>()
    }
}

/// The stored groups of a sandbox.
pub type Groups = BTreeMap<GroupId, Group>;

mod as_base64 {
    use super::{Bytes, Deserialize, Engine, STANDARD};

    pub(super) fn serialize<S: serde::Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map(Bytes::from).map_err(serde::de::Error::custom)
    }
}

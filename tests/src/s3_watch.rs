//! Watches the writes to a bucket: an entry may only name what is stored already.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard},
};

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use sandcastle::{
    SandboxId,
    entry::{Entry, State},
    layout,
    manifest::{Manifest, Node},
};

use crate::s3_request::Asked;

/// What was stored so far, by everybody whose requests are watched.
#[derive(Default)]
pub(crate) struct Watch {
    stored: Mutex<HashSet<String>>,
    early: Mutex<Vec<String>>,
}

impl Watch {
    /// Before a request is carried out: what it names and nobody has stored.
    pub(crate) fn before(&self, asked: &Asked, body: &Bytes) -> Vec<String> {
        let Some(id) = asked.key.strip_prefix("ledger/").and_then(|rest| rest.split('/').next()) else {
            return Vec::new();
        };
        if asked.method != Method::PUT {
            return Vec::new();
        }
        let entry: Entry = serde_json::from_slice(body).unwrap();
        let stored = self.stored();
        named(&SandboxId::parse(id).unwrap(), &entry).into_iter().filter(|key| !stored.contains(key)).collect()
    }

    /// After it was carried out.
    pub(crate) fn after(&self, asked: &Asked, status: StatusCode, missing: Vec<String>) {
        if asked.method != Method::PUT {
            return;
        }
        // 412: another one has stored it.
        if ["records/", "objects/", "files/"].iter().any(|prefix| asked.key.starts_with(prefix)) {
            if matches!(status, StatusCode::OK | StatusCode::PRECONDITION_FAILED) {
                self.stored().insert(asked.key.clone());
            }
        } else if status == StatusCode::OK {
            let early = missing.into_iter().map(|key| format!("{} names {key}", asked.key));
            self.early.lock().unwrap().extend(early);
        }
    }

    /// What entries named, and was not stored then.
    pub(crate) fn named_too_early(&self) -> Vec<String> {
        self.early.lock().unwrap().clone()
    }

    fn stored(&self) -> MutexGuard<'_, HashSet<String>> {
        self.stored.lock().unwrap()
    }
}

/// The keys that an entry names by itself.
fn named(id: &SandboxId, entry: &Entry) -> Vec<String> {
    match &entry.state {
        State::Whole(manifest) => objects_of(id, manifest),
        State::Based { base, rest, files, groups, .. } => {
            let groups = groups.values().flatten().flat_map(|group| group.chunks());
            let objects = groups.map(|hash| layout::object(id, rest.epoch, hash));
            let files = files.values().flatten().filter_map(|node| match node {
                Node::File(file) => Some(layout::file(id, rest.epoch, file.hash)),
                _ => None,
            });
            objects.chain(files).chain([layout::record(id, rest.epoch, base.hash)]).collect()
        }
    }
}

/// The keys of all that a state consists of.
pub fn objects_of(id: &SandboxId, manifest: &Manifest) -> Vec<String> {
    let chunks = manifest.groups.values().flat_map(|group| group.chunks());
    let chunks = chunks.map(|hash| layout::object(id, manifest.epoch, hash));
    let files = manifest.regular_files().map(|(_, file)| layout::file(id, manifest.epoch, file.hash));
    chunks.chain(files).collect()
}

//! The storage port: one bucket, seen as a map from keys to bytes with one atomic operation, "write if absent".

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream, stream::BoxStream};

/// The bytes of an object, as they arrive.
pub type Pieces = BoxStream<'static, Result<Bytes, StoreError>>;

/// Why storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It may or may not have happened: a time-out, a lost connection, a 5xx.
    #[error("{action} {key}: outcome unknown")]
    Unknown {
        /// What was tried.
        action: &'static str,
        /// On which key.
        key: String,
        /// What storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It has not happened, and trying again will not help: access denied, no such bucket, a malformed request.
    #[error("{action} {key}: refused")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// On which key.
        key: String,
        /// What storage said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is nothing where something was written, as after a stop or at the end of an object's age.
    #[error("read {key}: missing")]
    Missing {
        /// The key.
        key: String,
    },
    /// What was read is not what was written there: wrong hash, or not the JSON that it should be.
    #[error("read {key}: {what}")]
    Corrupt {
        /// The key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
}

/// An object that is longer than its reader takes.
pub fn too_large(key: &str, max: usize) -> StoreError {
    StoreError::Corrupt { key: key.to_owned(), what: format!("longer than {max} bytes") }
}

/// The bytes of an object to be written, which can be read again when a write is tried again.
pub trait Body: Send + Sync {
    /// How many there are.
    fn size(&self) -> u64;

    /// Up to `most` of them from `at` on; none at the end. May wait for a disk, so not for threads that serve others.
    fn piece(&self, at: u64, most: usize) -> io::Result<Bytes>;

    /// All of them, where memory has them anyway.
    fn in_memory(&self) -> Option<Bytes> {
        None
    }
}

impl Body for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn piece(&self, at: u64, most: usize) -> io::Result<Bytes> {
        let start = usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        Ok(self.slice(start..self.len().min(start.saturating_add(most))))
    }

    fn in_memory(&self) -> Option<Bytes> {
        Some(self.clone())
    }
}

/// What an object holds at one moment; somebody may replace it meanwhile.
pub struct Version {
    /// Its length, in bytes.
    pub size: u64,
    /// Another one has another tag.
    pub tag: String,
    /// Its bytes.
    pub pieces: Pieces,
}

/// The result of a write that must not overwrite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutNew {
    /// The object is new.
    Created,
    /// There was one already; nothing was changed.
    Exists,
}

/// How a presigned URL serves its object.
#[derive(Clone, Debug)]
pub struct Presentation {
    /// The content type.
    pub mime_type: String,
    /// The file name that a browser saves it under.
    pub file_name: String,
    /// Shown in the browser, or saved.
    pub inline: bool,
    /// How long the URL works.
    pub valid_for: Duration,
}

/// The bucket. Reads are strongly consistent (as S3's are).
pub trait ObjectStore: Send + Sync + 'static {
    /// The object's bytes; `None` when there is none.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// As [`Self::get`], for what somebody hostile may have written: bytes beyond `max` are not read.
    fn get_small<'a>(&'a self, key: &'a str, max: usize) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        Box::pin(async move {
            match self.get(key).await? {
                Some(bytes) if bytes.len() > max => Err(too_large(key, max)),
                other => Ok(other),
            }
        })
    }

    /// As [`Self::get`], without holding the object in memory. What fails later is an item of the stream, its last one.
    fn get_stream<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Pieces>, StoreError>> {
        Box::pin(async move { Ok(self.get(key).await?.map(|bytes| stream::iter([Ok(bytes)]).boxed())) })
    }

    /// Writes unless there is an object (`If-None-Match: *`). A conflict that S3 asks to repeat is repeated inside.
    fn put_new<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutNew, StoreError>>;

    /// As [`Self::put_new`], without holding it in memory.
    fn put_new_from<'a>(&'a self, key: &'a str, body: &'a Arc<dyn Body>) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        Box::pin(async move {
            let unread =
                |error: io::Error| StoreError::Refused { action: "put", key: key.to_owned(), source: error.into() };
            self.put_new(key, body.piece(0, usize::MAX).map_err(unread)?).await
        })
    }

    /// Writes, whatever was there.
    fn put<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<(), StoreError>>;

    /// At most `limit` (1 to 1,000) keys in order that start with `prefix` (which ends with `/`) and come after `after`;
    /// keys with a further `/` are left out.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>>;

    /// Deletes objects; those that are not there are no error.
    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Renews an object's age (a server-side copy onto itself), so that no age rule removes it. `false`: not there.
    fn refresh<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// A URL that lets anybody GET this one object for a while.
    fn presign_get<'a>(&'a self, key: &'a str, how: &'a Presentation) -> BoxFuture<'a, Result<String, StoreError>>;

    /// What the object holds now; `None` when there is none.
    fn get_version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>>;

    /// Copies this version of an object, inside storage. `false`: the object holds something else by now, or is gone.
    fn copy_version<'a>(&'a self, from: &'a str, tag: &'a str, to: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// A URL that lets anybody PUT this one object for a while, with exactly so many bytes as `Content-Length`.
    fn presign_put<'a>(
        &'a self,
        key: &'a str,
        size: u64,
        valid_for: Duration,
    ) -> BoxFuture<'a, Result<String, StoreError>>;
}

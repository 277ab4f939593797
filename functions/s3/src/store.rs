//! The storage port's operations.

use std::{sync::Arc, time::Duration};

use aws_sdk_s3::{
    error::SdkError,
    operation::put_object::{PutObjectError, builders::PutObjectFluentBuilder},
    types::{Delete, MetadataDirective, ObjectIdentifier},
};
use bytes::Bytes;
use futures::{
    StreamExt,
    future::{BoxFuture, FutureExt},
    stream,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sandcastle::{
    limits::MAX_FILE_BYTES,
    store::{self, ObjectStore, Pieces, Presentation, PutNew, StoreError, Version, too_large},
};

use crate::{
    S3Store,
    body::{Payload, streamed},
    client::generous,
    errors, presign,
};

/// Most keys that one DeleteObjects takes (API_DeleteObjects.html).
const DELETE_BATCH: usize = 1000;
/// Times that an object is read whose answer breaks off in the middle: the SDK tries again only until the answer begins.
const READS: u32 = 3;
/// Times that a PUT is tried which S3 asks to repeat because another one for the same key is under way.
const CONFLICTS: u32 = 6;

impl S3Store {
    /// The object, unless it is longer than `max`: its header says so before it is read.
    async fn get(&self, key: &str, max: usize) -> Result<Option<Bytes>, StoreError> {
        let mut left = READS;
        loop {
            let answer = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
                Ok(answer) => answer,
                Err(error) if errors::answered(&error, &["NoSuchKey"]) => return Ok(None),
                Err(error) => return Err(errors::failed("get", key, error)),
            };
            let length = answer.content_length().and_then(|length| usize::try_from(length).ok());
            if length.map_or(max != usize::MAX, |length| length > max) {
                return Err(too_large(key, max));
            }
            left -= 1;
            let body = answer.body.collect().await;
            if body.is_ok() || left == 0 {
                return body.map(|body| Some(body.into_bytes())).map_err(|error| errors::unknown("get", key, error));
            }
        }
    }

    async fn get_version(&self, key: &str) -> Result<Option<Version>, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(key).customize();
        let mut config = aws_sdk_s3::config::Builder::new();
        config.set_timeout_config(generous(MAX_FILE_BYTES));
        let answer = match request.config_override(config).send().await {
            Ok(answer) => answer,
            Err(error) if errors::answered(&error, &["NoSuchKey"]) => return Ok(None),
            Err(error) => return Err(errors::failed("get", key, error)),
        };
        let size = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let (Some(size), Some(tag)) = (size, answer.e_tag().map(str::to_owned)) else {
            return Err(errors::unknown("get", key, "an answer without length or ETag"));
        };
        let key = key.to_owned();
        let pieces = stream::unfold(Some(answer.body), move |body| {
            let key = key.clone();
            async move {
                let mut body = body?;
                match body.try_next().await {
                    Ok(Some(piece)) => Some((Ok(piece), Some(body))),
                    Ok(None) => None,
                    Err(error) => Some((Err(errors::unknown("get", &key, error)), None)),
                }
            }
        });
        Ok(Some(Version { size, tag, pieces: pieces.boxed() }))
    }

    async fn send_put(&self, key: &str, body: Payload, only_new: bool) -> Result<(), SdkError<PutObjectError>> {
        let time = generous(body.size());
        let request: PutObjectFluentBuilder = self.client.put_object().bucket(&self.bucket).key(key);
        let request = match body {
            Payload::Memory(bytes) => request.body(bytes.into()),
            Payload::Streamed(body) => {
                request.content_length(i64::try_from(body.size()).unwrap_or(i64::MAX)).body(streamed(&body))
            }
        };
        let request = if only_new { request.if_none_match("*") } else { request };
        match time {
            None => request.send().await.map(drop),
            Some(time) => {
                let config = aws_sdk_s3::config::Builder::new().timeout_config(time);
                request.customize().config_override(config).send().await.map(drop)
            }
        }
    }

    async fn put_new(&self, key: &str, body: Payload) -> Result<PutNew, StoreError> {
        let mut pause = Duration::from_millis(10);
        for last in (0..CONFLICTS).rev().map(|left| left == 0) {
            match self.send_put(key, body.clone(), true).await {
                Ok(()) => return Ok(PutNew::Created),
                Err(error) if errors::answered(&error, &["PreconditionFailed"]) => return Ok(PutNew::Exists),
                Err(error) if errors::answered(&error, &["ConditionalRequestConflict"]) && !last => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) if last => return Err(errors::unknown("put", key, error)),
                Err(error) => return Err(errors::failed("put", key, error)),
            }
        }
        Err(errors::unknown("put", key, "conflicting writes"))
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: u16) -> Result<Vec<String>, StoreError> {
        let limit = usize::from(limit);
        let mut keys = Vec::new();
        let mut token = None;
        loop {
            let room = i32::try_from(limit.saturating_sub(keys.len())).unwrap_or(i32::MAX);
            let request =
                self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).delimiter("/").max_keys(room);
            let request = request.set_start_after(after.map(str::to_owned)).set_continuation_token(token);
            let page = request.send().await.map_err(|error| errors::failed("list", prefix, error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
            // Folders count as keys of a page, so a page may be short while there is more.
            token = page.next_continuation_token.filter(|_| page.is_truncated == Some(true));
            if token.is_none() || keys.len() >= limit {
                return Ok(keys);
            }
        }
    }

    async fn delete(&self, keys: &[String]) -> Result<(), StoreError> {
        for batch in keys.chunks(DELETE_BATCH) {
            let first = batch.first().map_or("", String::as_str);
            let objects =
                batch.iter().map(|key| ObjectIdentifier::builder().key(key).build()).collect::<Result<_, _>>();
            let delete = objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
            let delete = delete.map_err(|error| errors::refusal("delete", first, error))?;
            let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
            let answer = answer.map_err(|error| errors::failed("delete", first, error))?;
            if let Some(error) = answer.errors.unwrap_or_default().first() {
                let key = error.key().unwrap_or(first);
                let what = format!("{}: {}", error.code().unwrap_or("no code"), error.message().unwrap_or_default());
                return Err(match error.code() {
                    Some("AccessDenied") => errors::refusal("delete", key, what),
                    _ => errors::unknown("delete", key, what),
                });
            }
        }
        Ok(())
    }

    /// A copy inside storage, of this version if one is named. `false`: there is none such.
    async fn copy(&self, action: &'static str, from: &str, tag: Option<&str>, to: &str) -> Result<bool, StoreError> {
        let source = format!("{}/{}", self.bucket, utf8_percent_encode(from, NON_ALPHANUMERIC));
        let request = self.client.copy_object().copy_source(source).bucket(&self.bucket).key(to);
        let request = request.set_copy_source_if_match(tag.map(str::to_owned));
        // Headers that somebody stored with the object stay behind: links bring their own.
        let request = request.metadata_directive(MetadataDirective::Replace).customize();
        let mut config = aws_sdk_s3::config::Builder::new();
        config.set_timeout_config(generous(MAX_FILE_BYTES));
        match request.config_override(config).send().await {
            Ok(_) => Ok(true),
            Err(error) if errors::answered(&error, &["NoSuchKey", "PreconditionFailed"]) => Ok(false),
            Err(error) => Err(errors::failed(action, from, error)),
        }
    }
}

impl ObjectStore for S3Store {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.get(key, usize::MAX).boxed()
    }

    fn get_small<'a>(&'a self, key: &'a str, max: usize) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        self.get(key, max).boxed()
    }

    fn get_stream<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Pieces>, StoreError>> {
        async move { Ok(self.get_version(key).await?.map(|version| version.pieces)) }.boxed()
    }

    fn put_new<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        self.put_new(key, Payload::Memory(body)).boxed()
    }

    fn put_new_from<'a>(
        &'a self,
        key: &'a str,
        body: &'a Arc<dyn store::Body>,
    ) -> BoxFuture<'a, Result<PutNew, StoreError>> {
        let payload = body.in_memory().map_or_else(|| Payload::Streamed(Arc::clone(body)), Payload::Memory);
        self.put_new(key, payload).boxed()
    }

    fn put<'a>(&'a self, key: &'a str, body: Bytes) -> BoxFuture<'a, Result<(), StoreError>> {
        async move {
            let put = self.send_put(key, Payload::Memory(body), false).await;
            put.map_err(|error| errors::failed("put", key, error))
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.list(prefix, after, limit).boxed()
    }

    fn delete<'a>(&'a self, keys: &'a [String]) -> BoxFuture<'a, Result<(), StoreError>> {
        self.delete(keys).boxed()
    }

    fn refresh<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.copy("refresh", key, None, key).boxed()
    }

    fn presign_get<'a>(&'a self, key: &'a str, how: &'a Presentation) -> BoxFuture<'a, Result<String, StoreError>> {
        presign::presign_get(self, key, how).boxed()
    }

    fn get_version<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Version>, StoreError>> {
        self.get_version(key).boxed()
    }

    fn copy_version<'a>(&'a self, from: &'a str, tag: &'a str, to: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        self.copy("copy", from, Some(tag), to).boxed()
    }

    fn presign_put<'a>(
        &'a self,
        key: &'a str,
        size: u64,
        valid_for: Duration,
    ) -> BoxFuture<'a, Result<String, StoreError>> {
        presign::presign_put(self, key, size, valid_for).boxed()
    }
}

//! The operations of the bucket: those that the storage adapter uses, and those to look into it with S3 tools.
//!
//! Objects have no stored headers: presigned URLs carry theirs, and nothing else reads any.

use std::{io, path::Path, sync::Arc};

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use s3s::{
    Body, S3, S3Error as Refusal, S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, ETagCondition, GetObjectInput, GetObjectOutput,
        HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output,
        PutObjectInput, PutObjectOutput, StreamingBlob, Timestamp,
    },
    s3_error,
};

use super::{
    error::S3Error,
    list,
    names::{self, BUCKET},
    objects::{self, Facts, Objects, Opened},
};

/// Bytes of an object that are in memory at once. Smaller objects are written and read in one piece.
const PIECE: usize = 1024 * 1024;

/// The embedded S3's one bucket. Clones are the same bucket.
#[derive(Clone)]
pub struct LocalBucket(Arc<Objects>);

impl LocalBucket {
    pub(super) fn open(root: &Path) -> Result<Self, S3Error> {
        let objects = Objects::open(root, BUCKET);
        objects
            .map(|objects| Self(Arc::new(objects)))
            .map_err(|source| S3Error::Bucket { path: root.to_owned(), source })
    }

    /// Works on files, on a thread for blocking work.
    async fn files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Objects) -> io::Result<T> + Send + 'static,
    ) -> S3Result<T> {
        let objects = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || work(&objects)).await;
        done.map_err(Refusal::internal_error)?.map_err(|error| match error.kind() {
            io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
                s3_error!(error, InvalidArgument, "a key cannot be the prefix of another up to a slash")
            }
            _ => Refusal::internal_error(error),
        })
    }
}

#[async_trait::async_trait]
impl S3 for LocalBucket {
    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        names::check(&req.input.bucket, BUCKET)?;
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = req.input;
        names::check(&input.bucket, &input.key)?;
        let opened = self.files(move |objects| objects.read(&input.key)).await?;
        let Opened { facts, .. } = opened.ok_or_else(|| s3_error!(NoSuchKey))?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: i64::try_from(facts.size).ok(),
            last_modified: Some(Timestamp::from(facts.modified)),
            e_tag: Some(tag(&facts)),
            ..HeadObjectOutput::default()
        }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = req.input;
        names::check(&input.bucket, &input.key)?;
        let wanted = input.range;
        let read = self.files(move |objects| {
            let Some(Opened { mut file, facts }) = objects.read(&input.key)? else { return Ok(None) };
            let range = wanted.map_or(Ok(0..facts.size), |range| range.check(facts.size));
            let Ok(range) = range else { return Ok(Some((facts, Err(range)))) };
            let first = objects::piece(&mut file, range.start, (range.end - range.start).min(PIECE as u64))?;
            Ok(Some((facts, Ok((file, range, first)))))
        });
        let (facts, read) = read.await?.ok_or_else(|| s3_error!(NoSuchKey))?;
        let (file, range, first) = read.map_err(|_| s3_error!(InvalidRange))?;
        let length = range.end - range.start;
        let part = wanted.map(|_| format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), facts.size));
        let body = if first.len() as u64 == length { Body::from(first).into() } else { rest(file, first, range) };
        Ok(S3Response::new(GetObjectOutput {
            body: Some(body),
            content_length: i64::try_from(length).ok(),
            content_range: part,
            content_type: input.response_content_type,
            content_disposition: input.response_content_disposition,
            last_modified: Some(Timestamp::from(facts.modified)),
            e_tag: Some(tag(&facts)),
            ..GetObjectOutput::default()
        }))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = req.input;
        names::check(&input.bucket, &input.key)?;
        let only_new = match (&input.if_none_match, &input.if_match) {
            (None, None) => false,
            (Some(condition), None) if condition.is_any() => true,
            _ => return Err(s3_error!(NotImplemented, "the only supported condition is If-None-Match: *")),
        };
        let (mut body, mut file) = (input.body.ok_or_else(|| s3_error!(IncompleteBody))?, None);
        let (mut pieces, mut waiting) = (Vec::new(), 0);
        while let Some(piece) =
            body.try_next().await.map_err(|error| Refusal::with_source(s3s::S3ErrorCode::IncompleteBody, error))?
        {
            waiting += piece.len();
            pieces.push(piece);
            if waiting >= PIECE {
                waiting = 0;
                file = Some(self.files(write(file, std::mem::take(&mut pieces))).await?);
            }
        }
        let key = input.key;
        let created = self.files(move |objects| objects.publish(write(file, pieces)(objects)?, &key, only_new)).await?;
        if created { Ok(S3Response::new(PutObjectOutput::default())) } else { Err(s3_error!(PreconditionFailed)) }
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = req.input;
        names::check(&input.bucket, &input.key)?;
        let CopySource::Bucket { bucket, key: from, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "access points are not supported"));
        };
        names::check(bucket, from)?;
        let from = from.to_string();
        let wanted = match input.copy_source_if_match {
            Some(ETagCondition::ETag(tag)) => Some(tag),
            None | Some(ETagCondition::Any) => None,
        };
        let copied = self.files(move |objects| {
            let Some(Opened { file, facts }) = objects.read(&from)? else { return Ok(Err(s3_error!(NoSuchKey))) };
            if wanted.is_some_and(|wanted| wanted != tag(&facts)) {
                return Ok(Err(s3_error!(PreconditionFailed)));
            }
            let facts =
                if from == input.key { objects.touch(&file, facts)? } else { objects.copy(file, &input.key)? };
            Ok(Ok(facts))
        });
        let facts = copied.await??;
        let copied = CopyObjectResult {
            e_tag: Some(tag(&facts)),
            last_modified: Some(Timestamp::from(facts.modified)),
            ..CopyObjectResult::default()
        };
        Ok(S3Response::new(CopyObjectOutput { copy_object_result: Some(copied), ..CopyObjectOutput::default() }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = req.input;
        names::check(&input.bucket, &input.key)?;
        self.files(move |objects| objects.delete([&*input.key])).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = req.input;
        let keys: Vec<_> = input.delete.objects.into_iter().map(|object| object.key).collect();
        keys.iter().try_for_each(|key| names::check(&input.bucket, key))?;
        let deleted = self.files(move |objects| {
            objects.delete(keys.iter().map(String::as_str))?;
            Ok(keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() }).collect())
        });
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted.await?), ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = req.input;
        names::check(&input.bucket, BUCKET)?;
        if input.delimiter.as_deref() != Some("/") {
            return Err(s3_error!(NotImplemented, "lists need delimiter=/"));
        }
        let query = list::Query::new(&input);
        let page = self.files(move |objects| list::page(objects.folder(), &query)).await?;
        Ok(S3Response::new(list::answer(input, page)))
    }
}

/// An `ETag` that changes whenever the object is written.
fn tag(facts: &Facts) -> ETag {
    let written = facts.modified.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    ETag::Strong(format!("{:x}-{:x}-{:x}", facts.number, written.as_nanos(), facts.size))
}

/// Appends pieces to a file; creates it for the first one.
fn write(
    file: Option<tempfile::NamedTempFile>,
    pieces: Vec<Bytes>,
) -> impl FnOnce(&Objects) -> io::Result<tempfile::NamedTempFile> + Send + 'static {
    move |objects| {
        let mut file = file.map_or_else(|| objects.create(), Ok)?;
        objects::append(&mut file, &pieces)?;
        Ok(file)
    }
}

/// The body of a large object: the piece that was read, and the others when they are needed.
fn rest(file: std::fs::File, first: Vec<u8>, range: std::ops::Range<u64>) -> StreamingBlob {
    let others = stream::try_unfold((file, range.start + first.len() as u64), move |(mut file, start)| async move {
        let length = range.end.saturating_sub(start).min(PIECE as u64);
        if length == 0 {
            return Ok(None);
        }
        let read =
            tokio::task::spawn_blocking(move || objects::piece(&mut file, start, length).map(|piece| (piece, file)));
        let (piece, file) = read.await??;
        let next = start + piece.len() as u64;
        // Objects are replaced, never shortened: a short read is a fault of the disk.
        let short = || io::Error::from(io::ErrorKind::UnexpectedEof);
        if piece.is_empty() { Err(short()) } else { Ok(Some((Bytes::from(piece), (file, next)))) }
    });
    let first = stream::iter([Ok(Bytes::from(first))]);
    StreamingBlob::wrap(stream::StreamExt::chain(first, others))
}

//! The bucket: s3s-fs's files, with what it leaves open decided as S3 decides it.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use s3s::{
    S3, S3ErrorCode, S3Request, S3Response, S3Result,
    dto::{
        CommonPrefix, CopyObjectInput, CopyObjectOutput, CopySource, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, GetObjectInput, GetObjectOutput, HeadBucketInput,
        HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, Object,
        PutObjectInput, PutObjectOutput, Timestamp,
    },
    s3_error,
};
use s3s_fs::FileSystem;
use tokio::sync::{Mutex, MutexGuard};

use super::{BUCKET, S3Error, list, names};

/// Writes to one key take turns, and keys share this many turns. A turn lasts as long as its body takes to arrive.
const TURNS: usize = 1024;
/// Most keys on a page of a list (API_ListObjectsV2.html).
const PAGE: i32 = 1000;

/// The embedded S3's one bucket. Clones are the same bucket.
#[derive(Clone)]
pub struct LocalBucket(Arc<Inner>);

struct Inner {
    files: FileSystem,
    root: PathBuf,
    turns: Vec<Mutex<()>>,
}

impl LocalBucket {
    /// The bucket in this folder. What a killed server was writing is removed.
    pub(super) fn open(root: &Path) -> Result<Self, S3Error> {
        let open = || {
            fs::create_dir_all(root.join(BUCKET)).map_err(|error| error.to_string())?;
            FileSystem::new(root).map_err(|error| format!("{error:?}"))
        };
        let files = open().map_err(S3Error::Bucket)?;
        Ok(Self(Arc::new(Inner { files, root: root.to_owned(), turns: (0..TURNS).map(|_| Mutex::new(())).collect() })))
    }

    /// Does a change as a task of its own: a client that goes away must not let go of the turn while a rename that it has
    /// started is still to come.
    async fn change<T, F>(&self, change: impl FnOnce(Self) -> F) -> S3Result<T>
    where
        T: Send + 'static,
        F: Future<Output = S3Result<T>> + Send + 'static,
    {
        tokio::spawn(change(self.clone())).await.map_err(|error| s3_error!(error, InternalError))?
    }
}

impl Inner {
    async fn turn(&self, key: &str) -> S3Result<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let index = usize::try_from(hasher.finish() % TURNS as u64).unwrap_or_default();
        Ok(self.turns.get(index).ok_or_else(|| s3_error!(InternalError))?.lock().await)
    }

    /// Deletes an object and the files beside it; these first, as an object without them is still whole.
    async fn remove(&self, bucket: &str, key: &str) -> S3Result<()> {
        names::check_key(bucket, key)?;
        let _turn = self.turn(key).await?;
        let beside = names::side_files(bucket, key).map(|name| self.root.join(name));
        let paths: Vec<_> = beside.into_iter().chain([names::object(&self.root, bucket, key)]).collect();
        let removed = tokio::task::spawn_blocking(move || {
            paths.iter().try_for_each(|path| match fs::remove_file(path) {
                Err(error) if !absent(&error) => Err(error),
                _ => Ok(()),
            })
        });
        let removed = removed.await.map_err(|error| s3_error!(error, InternalError))?;
        removed.map_err(|error| s3_error!(error, InternalError))
    }
}

/// True when there is nothing at a path. s3s-fs takes every failure to open for that, one too many open files included.
fn absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

fn only_this_bucket(name: &str) -> S3Result<()> {
    if name == BUCKET { Ok(()) } else { Err(s3_error!(NoSuchBucket)) }
}

#[async_trait::async_trait]
impl S3 for LocalBucket {
    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        only_this_bucket(&req.input.bucket)?;
        self.0.files.head_bucket(req).await
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        only_this_bucket(&req.input.bucket)?;
        names::check_key(&req.input.bucket, &req.input.key)?;
        self.0.files.head_object(req).await
    }

    async fn get_object(&self, mut req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        only_this_bucket(&req.input.bucket)?;
        names::check_key(&req.input.bucket, &req.input.key)?;
        let content_type = req.input.response_content_type.take();
        let disposition = req.input.response_content_disposition.take();
        let mut answer = self.0.files.get_object(req).await.map_err(|error| {
            let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            match error.code() {
                S3ErrorCode::NoSuchKey if !cause.is_none_or(absent) => s3_error!(error, InternalError),
                _ => error,
            }
        })?;
        answer.output.content_type = content_type.or(answer.output.content_type);
        answer.output.content_disposition = disposition.or(answer.output.content_disposition);
        Ok(answer)
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        only_this_bucket(&req.input.bucket)?;
        names::check_key(&req.input.bucket, &req.input.key)?;
        self.change(|bucket| async move {
            let _turn = bucket.0.turn(&req.input.key).await?;
            bucket.0.files.put_object(req).await
        })
        .await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        only_this_bucket(&req.input.bucket)?;
        names::check_key(&req.input.bucket, &req.input.key)?;
        match &req.input.copy_source {
            CopySource::Bucket { bucket, key, .. } => {
                only_this_bucket(bucket)?;
                names::check_key(bucket, key)?;
            }
            _ => return Err(s3_error!(NotImplemented)),
        }
        self.change(|bucket| async move {
            let _turn = bucket.0.turn(&req.input.key).await?;
            bucket.0.files.copy_object(req).await
        })
        .await
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        only_this_bucket(&req.input.bucket)?;
        self.change(|bucket| async move { bucket.0.remove(&req.input.bucket, &req.input.key).await }).await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        only_this_bucket(&req.input.bucket)?;
        let deleted = self.change(|bucket| async move {
            let mut deleted = Vec::new();
            for object in req.input.delete.objects {
                bucket.0.remove(&req.input.bucket, &object.key).await?;
                deleted.push(DeletedObject { key: Some(object.key), ..DeletedObject::default() });
            }
            Ok(deleted)
        });
        Ok(S3Response::new(DeleteObjectsOutput { deleted: Some(deleted.await?), ..DeleteObjectsOutput::default() }))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        only_this_bucket(&req.input.bucket)?;
        if req.input.delimiter.as_deref() != Some("/") {
            return self.0.files.list_objects_v2(req).await;
        }
        let input = req.input;
        let bucket = self.0.root.join(&input.bucket);
        let (prefix, limit) = (input.prefix.clone().unwrap_or_default(), input.max_keys.unwrap_or(PAGE).clamp(0, PAGE));
        let after = input.continuation_token.clone().max(input.start_after.clone());
        let page = tokio::task::spawn_blocking(move || {
            let limit = usize::try_from(limit).unwrap_or_default();
            list::page(&bucket, &list::Query { prefix: &prefix, after: after.as_deref(), limit })
        });
        let page = page.await.map_err(|error| s3_error!(error, InternalError))?;
        let page = page.map_err(|error| s3_error!(error, InternalError))?;
        Ok(S3Response::new(list_answer(input, page, limit)))
    }
}

fn list_answer(input: ListObjectsV2Input, page: list::Page, limit: i32) -> ListObjectsV2Output {
    let next = page.items.last().filter(|_| page.truncated).map(|item| item.name().to_owned());
    let key_count = i32::try_from(page.items.len()).ok();
    let (mut contents, mut folders) = (Vec::new(), Vec::new());
    for item in page.items {
        match item {
            list::Item::Folder(prefix) => folders.push(CommonPrefix { prefix: Some(prefix) }),
            list::Item::Object { key, size, modified } => contents.push(Object {
                key: Some(key),
                size: i64::try_from(size).ok(),
                last_modified: Some(Timestamp::from(modified)),
                ..Object::default()
            }),
        }
    }
    ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: input.prefix,
        delimiter: input.delimiter,
        start_after: input.start_after,
        continuation_token: input.continuation_token,
        max_keys: Some(limit),
        key_count,
        is_truncated: Some(next.is_some()),
        next_continuation_token: next,
        contents: (!contents.is_empty()).then_some(contents),
        common_prefixes: (!folders.is_empty()).then_some(folders),
        ..ListObjectsV2Output::default()
    }
}

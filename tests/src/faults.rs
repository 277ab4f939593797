//! Fault injection for the embedded S3: requests that fail, writes that take effect although the answer is an error, and
//! writes that take effect late.

use std::sync::{Arc, Mutex};

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetObjectInput, GetObjectOutput,
        ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    },
    s3_error,
};
use sandcastle_local::LocalBucket;
use tokio::sync::Notify;

/// A fault that a request meets.
#[derive(Clone)]
pub enum Fault {
    /// Answers 500; the request has no effect.
    Fail,
    /// Answers 500 although the request took effect.
    ApplyAndFail,
    /// Answers 500; the request takes effect when notified, which is notified in turn.
    ApplyLater(Arc<Notify>),
}

/// The operation that a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// GetObject.
    Get,
    /// PutObject.
    Put,
    /// ListObjectsV2.
    List,
    /// CopyObject; meets no fault.
    Copy,
}

struct Planned {
    op: Op,
    key_part: String,
    fault: Fault,
    times: usize,
}

/// The faults to come, and the requests so far. Clones share them.
#[derive(Clone, Default)]
pub struct Plan {
    faults: Arc<Mutex<Vec<Planned>>>,
    requests: Arc<Mutex<Vec<(Op, String)>>>,
}

impl Plan {
    /// The next `times` requests of this operation on keys that contain `key_part` meet the fault. The SDK tries each
    /// request three times.
    pub fn add(&self, op: Op, key_part: &str, fault: Fault, times: usize) {
        self.faults.lock().unwrap().push(Planned { op, key_part: key_part.to_owned(), fault, times });
    }

    /// Removes all faults.
    pub fn clear(&self) {
        self.faults.lock().unwrap().clear();
    }

    /// How many requests of this operation there were on keys that contain `key_part`, since the last call of this.
    pub fn count(&self, op: Op, key_part: &str) -> usize {
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        requests.iter().filter(|(requested, key)| *requested == op && key.contains(key_part)).count()
    }

    fn next(&self, op: Op, key: &str) -> Option<Fault> {
        self.requests.lock().unwrap().push((op, key.to_owned()));
        let mut faults = self.faults.lock().unwrap();
        let planned = faults.iter_mut().find(|one| one.times > 0 && one.op == op && key.contains(&one.key_part))?;
        planned.times -= 1;
        Some(planned.fault.clone())
    }
}

/// A bucket whose requests meet the faults of a plan.
pub struct Faulty {
    bucket: LocalBucket,
    plan: Plan,
}

impl Faulty {
    /// A bucket with these faults.
    pub fn new(bucket: LocalBucket, plan: Plan) -> Self {
        Self { bucket, plan }
    }
}

#[async_trait::async_trait]
impl S3 for Faulty {
    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        match self.plan.next(Op::Get, &req.input.key) {
            Some(_) => Err(s3_error!(InternalError)),
            None => self.bucket.get_object(req).await,
        }
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        match self.plan.next(Op::Put, &req.input.key) {
            None => self.bucket.put_object(req).await,
            Some(Fault::Fail) => Err(s3_error!(InternalError)),
            Some(Fault::ApplyAndFail) => {
                self.bucket.put_object(req).await?;
                Err(s3_error!(InternalError))
            }
            Some(Fault::ApplyLater(when)) => {
                let bucket = self.bucket.clone();
                let req = buffered(req).await?;
                tokio::spawn(async move {
                    when.notified().await;
                    // S3 refuses it by its own condition if the key exists by now; the tests rely on that.
                    drop(bucket.put_object(req).await);
                    when.notify_one();
                });
                Err(s3_error!(InternalError))
            }
        }
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        match self.plan.next(Op::List, req.input.prefix.as_deref().unwrap_or_default()) {
            Some(_) => Err(s3_error!(InternalError)),
            None => self.bucket.list_objects_v2(req).await,
        }
    }

    async fn delete_objects(&self, req: S3Request<DeleteObjectsInput>) -> S3Result<S3Response<DeleteObjectsOutput>> {
        self.bucket.delete_objects(req).await
    }

    async fn copy_object(&self, req: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        self.plan.next(Op::Copy, &req.input.key);
        self.bucket.copy_object(req).await
    }
}

/// The request with its body in memory, so that it outlives its connection.
async fn buffered(mut req: S3Request<PutObjectInput>) -> S3Result<S3Request<PutObjectInput>> {
    if let Some(mut body) = req.input.body.take() {
        let mut bytes = Vec::new();
        while let Some(piece) = futures::StreamExt::next(&mut body).await {
            bytes.extend_from_slice(&piece.map_err(|_| s3_error!(IncompleteBody))?);
        }
        req.input.body = Some(s3s::Body::from(bytes).into());
    }
    Ok(req)
}

//! InterpreterFunction: runs what ExecuteFunction asks for, with the access to the bucket that comes with each request.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use sandcastle::{
    entry::Head,
    interpreter::{Job, RunError},
    invocation::{
        Bucket, Credentials, FailureKind, MAX_INLINE_MANIFEST, ManifestRef, Request, Response, RunRequest,
        until_unix_ms,
    },
    ledger::Ledger,
    store::ObjectStore,
};
use sandcastle_host::KernelHost;
use sandcastle_runtime::chain;
use sandcastle_s3::{S3Config, S3Store, StaticCredentials};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// Of the environment's time, what is left for the answer.
const ANSWERING: Duration = Duration::from_millis(500);

/// The longest that a request to get warm is busy. Lambda freezes the environment after the answer, in the middle of what it does.
const WARMING: Duration = Duration::from_secs(20);

/// The function between two requests.
pub(crate) struct Function {
    host: Arc<KernelHost>,
    /// The bucket as the last request reached it.
    store: Mutex<Option<Reached>>,
}

/// A bucket, the credentials that it was reached with, and the client.
type Reached = (Bucket, Credentials, Arc<dyn ObjectStore>);

impl Function {
    /// A function whose kernels this host runs.
    pub(crate) fn new(host: Arc<KernelHost>) -> Self {
        Self { host, store: Mutex::default() }
    }

    /// Answers a request, before the environment's own time is up.
    pub(crate) async fn answer(&self, request: Request, until: SystemTime) -> Response {
        match request {
            Request::Warm => {
                let left = until.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(ANSWERING);
                self.host.warm_up(left.min(WARMING)).await;
                Response::Warm
            }
            Request::Run(request) => self.run(*request, until).await.unwrap_or_else(|error| failed(&error)),
        }
    }

    async fn run(&self, request: RunRequest, until: SystemTime) -> Result<Response, RunError> {
        let environment = until.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(ANSWERING);
        let left = until_unix_ms(request.deadline_ms).min(environment);
        let store = self.store(&request).await;
        let ledger = Ledger::new(Arc::clone(&store));
        let head = head(&ledger, &request).await?;
        let (sandbox, epoch) = (request.sandbox, head.manifest.epoch);
        let job = Job {
            sandbox,
            execution: request.execution,
            commit: request.commit,
            head: Arc::new(head),
            fresh: request.fresh,
            work: request.work,
            limit: Duration::from_millis(request.limit_ms),
            deadline: Instant::now() + left,
        };
        let outcome = self.host.run_with(store, job).await?;
        let length = serde_json::to_vec(&outcome.manifest).map(|json| json.len());
        let manifest = match length.map_err(RunError::failed)? {
            length if length <= MAX_INLINE_MANIFEST => ManifestRef::Inline(outcome.manifest),
            _ => ManifestRef::Stored(ledger.put_object(&sandbox, epoch, &outcome.manifest).await?),
        };
        Ok(Response::Outcome { parent: outcome.parent, manifest, report: outcome.report })
    }

    /// The bucket, by the same client as before while the credentials stay the same.
    async fn store(&self, request: &RunRequest) -> Arc<dyn ObjectStore> {
        let mut known = self.store.lock().await;
        if let Some((bucket, credentials, store)) = &*known
            && (bucket, credentials) == (&request.bucket, &request.credentials)
        {
            return Arc::clone(store);
        }
        let (bucket, lent) = (request.bucket.clone(), request.credentials.clone());
        let credentials = StaticCredentials {
            key_id: lent.key_id.clone(),
            secret: lent.secret.clone(),
            session_token: Some(lent.session_token.clone()),
        };
        let config = S3Config {
            bucket: bucket.name.clone(),
            region: bucket.region.clone(),
            endpoint: bucket.endpoint.clone(),
            public_endpoint: None,
            credentials: Some(credentials),
        };
        let store: Arc<dyn ObjectStore> = Arc::new(S3Store::connect(config).await);
        *known = Some((bucket, lent, Arc::clone(&store)));
        store
    }
}

fn failed(error: &RunError) -> Response {
    Response::Failed { kind: FailureKind::from(error), message: chain(error) }
}

/// Where the job begins: as the request says, or as the ledger does when that was too long to travel.
async fn head(ledger: &Ledger, request: &RunRequest) -> Result<Head, RunError> {
    if let Some(manifest) = &request.manifest {
        let (position, manifest) = (request.position, Arc::clone(manifest));
        return Ok(Head { position, at: OffsetDateTime::now_utc(), manifest, recent: Arc::default(), base: None });
    }
    let entry = ledger.read(&request.sandbox, request.position.seq).await?;
    match entry.filter(|entry| entry.position == request.position) {
        Some(entry) => Ok(ledger.decode(&request.sandbox, entry).await?),
        None => Err(RunError::failed("the entry to run on is not in the ledger")),
    }
}

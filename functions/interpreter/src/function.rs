//! InterpreterFunction: runs what ExecuteFunction asks for, with the access to the bucket that comes with each request.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use sandcastle::{
    entry::Head,
    interpreter::{Job, RunError},
    ledger::Ledger,
    remote::{Answer, Bucket, Carried, Credentials, MAX_CARRIED, Request, Task, until_unix_ms},
    store::ObjectStore,
};
use sandcastle_host::KernelHost;
use sandcastle_runtime::chain;
use sandcastle_s3::{S3Config, S3Store, StaticCredentials};
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// Of the environment's time, what is left for the answer.
const ANSWERING: Duration = Duration::from_millis(500);

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
    pub(crate) async fn answer(&self, request: Request, until: SystemTime) -> Answer {
        match request {
            Request::Warm => Answer::Warm,
            Request::Run(task) => self.run(*task, until).await.unwrap_or_else(Answer::from),
        }
    }

    async fn run(&self, task: Task, until: SystemTime) -> Result<Answer, RunError> {
        let environment = until.duration_since(SystemTime::now()).unwrap_or_default().saturating_sub(ANSWERING);
        let left = until_unix_ms(task.deadline_ms).min(environment);
        let store = self.store(&task).await;
        let ledger = Ledger::new(Arc::clone(&store));
        let head = head(&ledger, &task).await?;
        let (sandbox, epoch) = (task.sandbox, head.manifest.epoch);
        let job = Job {
            sandbox,
            execution: task.execution,
            commit: task.commit,
            head: Arc::new(head),
            work: task.work,
            limit: Duration::from_millis(task.limit_ms),
            deadline: Instant::now() + left,
        };
        let ran = self.host.run_with(store, job).await?;
        let length = serde_json::to_vec(&ran.manifest).map(|json| json.len());
        let manifest = match length.map_err(|error| RunError::Kernel { what: chain(&error) })? {
            length if length <= MAX_CARRIED => Carried::Whole(ran.manifest),
            _ => Carried::Stored(ledger.hand_over(&sandbox, epoch, &ran.manifest).await?),
        };
        Ok(Answer::Ran { base: ran.base, manifest, report: ran.report })
    }

    /// The bucket, by the same client as before while the credentials stay the same.
    async fn store(&self, task: &Task) -> Arc<dyn ObjectStore> {
        let mut known = self.store.lock().await;
        if let Some((bucket, credentials, store)) = &*known
            && (bucket, credentials) == (&task.bucket, &task.credentials)
        {
            return Arc::clone(store);
        }
        let (bucket, lent) = (task.bucket.clone(), task.credentials.clone());
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

/// Where the run begins: as the request says, or as the ledger does when that was too long to travel.
async fn head(ledger: &Ledger, task: &Task) -> Result<Head, RunError> {
    if let Some(manifest) = &task.manifest {
        let (position, manifest) = (task.position, Arc::clone(manifest));
        return Ok(Head { position, at: OffsetDateTime::now_utc(), manifest, recent: Arc::default(), base: None });
    }
    let entry = ledger.read(&task.sandbox, task.position.seq).await?;
    match entry.filter(|entry| entry.position == task.position) {
        Some(entry) => Ok(ledger.resolve(&task.sandbox, entry).await?),
        None => Err(RunError::Kernel { what: "the entry to run on is not in the ledger".into() }),
    }
}

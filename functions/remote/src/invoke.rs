//! The interpreter port: one synchronous invocation for each job.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use aws_sdk_lambda::{
    config::timeout::TimeoutConfig, operation::invoke::InvokeOutput, primitives::Blob, types::InvocationType,
};
use futures::future::BoxFuture;
use sandcastle::{
    SandboxId,
    interpreter::{Interpreter, Job, Outcome, RunError},
    invocation::{
        FailureKind, MAX_INLINE_MANIFEST, MAX_STORED_MANIFEST, ManifestRef, Request, Response, RunRequest, unix_ms,
    },
    manifest::Manifest,
};
use serde::Deserialize;

use crate::{RemoteInterpreter, check, credentials::LENT, death, errors};

/// The longest event or response of a synchronous invocation, in bytes (gettingstarted-limits.html: 6 MB).
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;
/// Of the call's time, what the way back and the check take.
const WAY_BACK: Duration = Duration::from_millis(200);
/// How long making an environment ready may hold up the start of a sandbox.
const WARMING: Duration = Duration::from_secs(1);

/// A function's error, as Lambda writes it.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct FunctionError {
    error_type: String,
    error_message: String,
}

impl RemoteInterpreter {
    async fn invoke(&self, job: Job) -> Result<Outcome, RunError> {
        let left = job.deadline.saturating_duration_since(Instant::now());
        let inside = left.checked_sub(WAY_BACK).ok_or(RunError::NoTime)?;
        let payload = self.request(&job, inside).await?;
        let request = self.lambda.invoke().function_name(&self.config.function).payload(Blob::new(payload));
        let request = request.tenant_id(self.tenant(&job.sandbox, &job.head.manifest));
        let left = job.deadline.saturating_duration_since(Instant::now());
        let time = TimeoutConfig::builder().operation_timeout(left).build();
        let config = aws_sdk_lambda::config::Builder::new().timeout_config(time);
        let answer = request.customize().config_override(config).send().await.map_err(errors::of)?;
        self.read(&job, answer).await
    }

    async fn request(&self, job: &Job, inside: Duration) -> Result<Vec<u8>, RunError> {
        let manifest = serde_json::to_vec(&job.head.manifest).map_err(broken)?;
        let request = RunRequest {
            sandbox: job.sandbox,
            execution: job.execution,
            commit: job.commit,
            position: job.head.position,
            fresh: job.fresh,
            manifest: (manifest.len() <= MAX_INLINE_MANIFEST).then(|| Arc::clone(&job.head.manifest)),
            work: job.work.clone(),
            limit_ms: u64::try_from(job.limit.as_millis()).unwrap_or(u64::MAX),
            deadline_ms: unix_ms(inside),
            bucket: self.config.bucket.clone(),
            credentials: self.lender.lend(&job.sandbox, job.head.manifest.epoch).await?,
        };
        let payload = serde_json::to_vec(&Request::Run(Box::new(request))).map_err(broken)?;
        if payload.len() > MAX_PAYLOAD {
            return Err(broken(format!("a request of {} bytes", payload.len())));
        }
        Ok(payload)
    }

    async fn read(&self, job: &Job, answer: InvokeOutput) -> Result<Outcome, RunError> {
        let payload = answer.payload.map(Blob::into_inner).unwrap_or_default();
        if payload.len() > MAX_PAYLOAD {
            return Err(broken(format!("an answer of {} bytes", payload.len())));
        }
        if answer.function_error.is_some() {
            return function_error(job, &payload);
        }
        match serde_json::from_slice(&payload).map_err(malformed)? {
            Response::Outcome { parent, manifest, report } => {
                let manifest = self.unpack(job, manifest).await?;
                check::checked(Outcome { parent, manifest, report }, job).map_err(broken)
            }
            Response::Failed { kind: FailureKind::Busy, .. } => Err(RunError::Busy),
            Response::Failed { kind: FailureKind::NoTime, .. } => Err(RunError::NoTime),
            Response::Failed { kind: FailureKind::Stale, .. } => Err(RunError::Stale),
            Response::Failed { kind: FailureKind::TooLate, .. } => Err(RunError::TooLate),
            Response::Failed { kind: FailureKind::TooMuch, .. } => Err(RunError::TooMuch),
            Response::Failed { message, .. } => Err(broken(check::for_log(&message))),
            Response::Warm => Err(broken("an answer to another question")),
        }
    }

    async fn unpack(&self, job: &Job, manifest: ManifestRef) -> Result<Manifest, RunError> {
        match manifest {
            ManifestRef::Inline(manifest) => Ok(manifest),
            ManifestRef::Stored(hash) => {
                let epoch = job.head.manifest.epoch;
                Ok(self.ledger.get_object(&job.sandbox, epoch, hash, MAX_STORED_MANIFEST).await?)
            }
        }
    }

    async fn warm_up(&self, tenant: String) {
        let payload = match serde_json::to_vec(&Request::Warm) {
            Ok(payload) => Blob::new(payload),
            Err(error) => return tracing::warn!(%error, "no environment made ready"),
        };
        let request = self.lambda.invoke().function_name(&self.config.function).tenant_id(tenant);
        let request = request.invocation_type(InvocationType::Event).payload(payload);
        match tokio::time::timeout(WARMING, request.send()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = %errors::of(error), "no environment made ready"),
            Err(_) => tracing::warn!("making an environment ready takes too long"),
        }
    }
}

/// The code killed its environment, or the function is broken.
fn function_error(job: &Job, payload: &[u8]) -> Result<Outcome, RunError> {
    let error: FunctionError = serde_json::from_slice(payload).unwrap_or_default();
    let (kind, message) = (check::for_log(&error.error_type), check::for_log(&error.error_message));
    tracing::error!(kind, message, "the interpreter's environment failed");
    match death::cause(&error.error_type, &error.error_message) {
        Some(cause) => Ok(death::outcome(job, cause)),
        None => Err(broken(format!("function error {kind}: {message}"))),
    }
}

/// The interpreter function, or what it answered, is not usable.
#[derive(Debug, thiserror::Error)]
#[error("remote interpreter")]
struct Broken(#[source] Box<dyn std::error::Error + Send + Sync>);

fn broken(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RunError {
    RunError::failed(Broken(why.into()))
}

/// Without quoting what was answered: it may be code or output.
fn malformed(error: serde_json::Error) -> RunError {
    broken(format!("the response is malformed at line {}, column {}", error.line(), error.column()))
}

impl Interpreter for RemoteInterpreter {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Outcome, RunError>> {
        Box::pin(self.invoke(job))
    }

    /// Nothing to do: a kernel there that is not at the next job's head is replaced then, and until then it is stopped in an
    /// environment that nobody else uses.
    fn discard<'a>(&'a self, _sandbox: &'a SandboxId) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn writes_after_discard(&self) -> Duration {
        LENT
    }

    /// A call that comes before the environment is ready starts another one, since Lambda gives an environment one invocation at
    /// a time (lambda-concurrency.html). So this serves only those who wait between the start and their first call.
    fn warm<'a>(&'a self, sandbox: &'a SandboxId, manifest: &'a Manifest) -> BoxFuture<'a, ()> {
        if self.config.warms_up {
            Box::pin(self.warm_up(self.tenant(sandbox, manifest)))
        } else {
            Box::pin(std::future::ready(()))
        }
    }
}

//! Lambda's init and shutdown phases: a function reports why it does not start, and cleans up when its environment ends.

use std::{error::Error, process::ExitCode, time::Duration};

use http::Uri;
use lambda_runtime_api_client::{Client, body::Body, build_request};
use serde_json::json;

use crate::{chain, logging::LoggingError};

/// Lambda waits no longer for its answer than for the whole init phase.
const REPORTING: Duration = Duration::from_secs(2);

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A setting is missing or malformed.
    #[error("read settings")]
    Config(#[source] Box<dyn Error + Send + Sync>),
    /// The log's filter is malformed.
    #[error("set logging up (RUST_LOG)")]
    Logging(#[from] LoggingError),
    /// There is nothing to run code with.
    #[error("start the host of kernels")]
    Host(#[source] Box<dyn Error + Send + Sync>),
}

impl InitError {
    fn kind(&self) -> &'static str {
        match self {
            Self::Config(_) => "Config",
            Self::Logging(_) => "Logging",
            Self::Host(_) => "Host",
        }
    }
}

/// What a program does that cannot go on: one line of the log, on standard error when logging is what failed.
pub fn give_up(what: &str, error: &dyn Error) -> ExitCode {
    let error = chain(error);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(error, "{what}");
    } else {
        eprintln!("{what}: {error}");
    }
    ExitCode::FAILURE
}

/// As [`give_up`], in the init phase. `runtime_api` is the host and port of `AWS_LAMBDA_RUNTIME_API`.
pub async fn give_up_init(runtime_api: Option<String>, error: &InitError) -> ExitCode {
    let exit = give_up("the function does not start", error);
    if let Some(runtime_api) = runtime_api {
        report_init_error(&runtime_api, error.kind(), &chain(error)).await;
    }
    exit
}

/// Reports to Lambda why the function does not start (runtimes-api.html, "Initialization error"), so that whoever invoked it
/// learns `Init.<kind>` and the message. Whether it worked changes nothing: the process ends in any case.
async fn report_init_error(runtime_api: &str, kind: &str, message: &str) {
    let error_type = format!("Init.{kind}");
    let body = json!({ "errorType": error_type, "errorMessage": message, "stackTrace": [] }).to_string();
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", error_type)
        .body(Body::from(body));
    if let (Ok(endpoint), Ok(request)) = (format!("http://{runtime_api}").parse::<Uri>(), request)
        && let Ok(client) = Client::builder().with_endpoint(endpoint).build()
    {
        let reported = tokio::time::timeout(REPORTING, client.call(request)).await;
        if !matches!(reported, Ok(Ok(_))) {
            tracing::warn!("lambda has not taken the init error");
        }
    }
}

/// Runs `end` when Lambda ends the environment. Lambda tells a function of its end only when an extension is registered, and
/// then gives it half a second (lambda-runtime-environment.html).
pub async fn on_shutdown<F: Future<Output = ()> + Send + 'static>(end: impl FnOnce() -> F + Send + 'static) {
    lambda_runtime::spawn_graceful_shutdown_handler(async move || {
        end().await;
        tracing::info!("the environment ends");
    })
    .await;
}

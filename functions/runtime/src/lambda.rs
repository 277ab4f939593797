//! Lambda's init and shutdown phases: reports why a function does not start, and runs a handler when its environment ends.

use std::{error::Error, process::ExitCode, time::Duration};

use http::Uri;
use lambda_runtime_api_client::{Client, body::Body, build_request};
use serde_json::json;

use crate::{chain, logging::LoggingError};

/// Time to report an init error.
const REPORTING: Duration = Duration::from_secs(2);

/// Why a function does not start.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A setting is missing or malformed.
    #[error("read settings")]
    Config(#[source] Box<dyn Error + Send + Sync>),
    /// Logging could not be set up.
    #[error("set up logging")]
    Logging(#[from] LoggingError),
    /// The kernels could not be started.
    #[error("start the kernels")]
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

/// Logs why a program ends, to standard error if logging is not set up, and returns the exit code.
pub fn give_up(what: &str, error: &dyn Error) -> ExitCode {
    let error = chain(error);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(error, "{what}");
    } else {
        eprintln!("{what}: {error}");
    }
    ExitCode::FAILURE
}

/// As [`give_up`], in the init phase: also reports the error to Lambda. `runtime_api` is the value of
/// `AWS_LAMBDA_RUNTIME_API`, host and port.
pub async fn give_up_init(runtime_api: Option<String>, error: &InitError) -> ExitCode {
    let exit = give_up("the function does not start", error);
    if let Some(runtime_api) = runtime_api {
        report_init_error(&runtime_api, error.kind(), &chain(error)).await;
    }
    exit
}

/// Reports to Lambda why the function does not start (runtimes-api.html, "Initialization error"), so that the invoker
/// gets `Init.<kind>` and the message. The process ends whether the report succeeds or not.
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
            tracing::warn!("reporting the init error to Lambda failed");
        }
    }
}

/// Runs `end` when Lambda ends the environment. Lambda sends the signal only when an extension is registered, which this does,
/// and allows half a second (lambda-runtime-environment.html).
pub async fn on_shutdown<F: Future<Output = ()> + Send + 'static>(end: impl FnOnce() -> F + Send + 'static) {
    lambda_runtime::spawn_graceful_shutdown_handler(async move || {
        end().await;
        tracing::info!("the environment ends");
    })
    .await;
}

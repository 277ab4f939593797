//! `bootstrap`: ExecuteFunction on Lambda. Code runs in InterpreterFunction, or in this function when none is set. A failure to
//! start is one line of the log and a non-zero exit code.

use std::{process::ExitCode, sync::Arc, time::Instant};

use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use sandcastle::{
    interpreter::Interpreter,
    invocation::Bucket,
    service::{Sandcastles, Settings, Writers},
};
use sandcastle_execute::{
    App, Authenticator, Events,
    config::{Config, Remote},
};
use sandcastle_host::KernelHost;
use sandcastle_remote::{RemoteConfig, RemoteInterpreter};
use sandcastle_runtime::{
    COLD_STARTS,
    lambda::{self, InitError},
    logging, millis,
    settings::LOG,
};
use sandcastle_s3::{S3Config, S3Store};
use serde_json::value::RawValue;
use time::OffsetDateTime;

#[tokio::main]
async fn main() -> ExitCode {
    let began = Instant::now();
    if variable("INTERPRETER_FUNCTION").is_none_or(|name| name.is_empty()) {
        // What cannot be hidden is logged when kernels start.
        let _ = sandcastle_host::hidden::hide();
    }
    let events = match init().await {
        Ok(events) => events,
        Err(error) => return lambda::give_up_init(variable("AWS_LAMBDA_RUNTIME_API"), &error).await,
    };
    tracing::info!(metric = COLD_STARTS, init_ms = millis(began.elapsed()), "cold start");
    let events = Arc::new(events);
    let handler = service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let events = Arc::clone(&events);
        async move { events.handle(event).await }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => lambda::give_up("the Lambda runtime ended", error.as_ref()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where this program's settings are read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The handler of invocations.
async fn init() -> Result<Events, InitError> {
    let config = Config::from_lookup(variable);
    let filter = config.as_ref().map_or(LOG.default, |config| config.log.as_str());
    logging::init_on_lambda(filter, &variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default())?;
    let config = config.map_err(|error| InitError::Config(error.into()))?;
    let store = Arc::new(S3Store::connect(s3_config(&config)).await);
    let authenticator = Authenticator::new(store.clone(), OffsetDateTime::now_utc).with_jwt(config.jwt.clone());
    let (interpreter, ()) = tokio::join!(interpreter(&config, &store), authenticator.warm());
    let (execution_limit, writers) = (config.execution_limit, Writers::Several);
    let settings = Settings { execution_limit, writers, now: OffsetDateTime::now_utc };
    let sandcastles = Sandcastles::new(store, interpreter?, settings).with_counted_limits(config.allowed.counted);
    let app = App::new(Arc::new(sandcastles), authenticator, config.call_limit).with_limits(config.allowed);
    Ok(Events::new(Arc::new(app), config.events))
}

/// InterpreterFunction, or a host of kernels in this function that ends with its environment.
async fn interpreter(config: &Config, store: &Arc<S3Store>) -> Result<Arc<dyn Interpreter>, InitError> {
    match &config.remote {
        Some(remote) => {
            lambda::on_shutdown(async || ()).await;
            Ok(Arc::new(RemoteInterpreter::connect(remote_config(config, remote), store.clone()).await))
        }
        None => {
            let host = KernelHost::start(config.host.clone(), store.clone()).await;
            let host = host.map_err(|error| InitError::Host(error.into()))?;
            let ending = Arc::clone(&host);
            lambda::on_shutdown(async move || ending.shutdown().await).await;
            Ok(host)
        }
    }
}

fn s3_config(config: &Config) -> S3Config {
    S3Config {
        bucket: config.bucket.clone(),
        region: config.region.clone(),
        endpoint: config.endpoint.clone(),
        public_endpoint: config.public_endpoint.clone(),
        credentials: None,
    }
}

fn remote_config(config: &Config, remote: &Remote) -> RemoteConfig {
    RemoteConfig {
        function: remote.function.clone(),
        role_arn: remote.role_arn.clone(),
        tenant_scope: remote.tenant_scope,
        warms_up: remote.warms_up,
        bucket: Bucket {
            name: config.bucket.clone(),
            region: config.region.clone(),
            endpoint: config.endpoint.clone(),
        },
        lambda_endpoint: remote.lambda_endpoint.clone(),
        sts_endpoint: remote.sts_endpoint.clone(),
    }
}

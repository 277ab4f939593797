//! `bootstrap`: the ExecuteFunction on Lambda. Code runs in InterpreterFunction, or here when none is named. It sets up, lends its parts to the router, and
//! runs; a failure to set up is one line of the log and a non-zero exit.

use std::{process::ExitCode, sync::Arc, time::Instant};

use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};
use sandcastle::{
    interpreter::Interpreter,
    invocation::Bucket,
    service::{Sandcastles, Settings},
};
use sandcastle_execute::{
    App, Authenticator, Events,
    config::{Config, Remote},
};
use sandcastle_host::{HostError, KernelHost};
use sandcastle_remote::{RemoteConfig, RemoteInterpreter};
use sandcastle_runtime::{
    COLD_STARTS,
    lambda::{self, InitError},
    logging, millis,
};
use sandcastle_s3::{S3Config, S3Store};
use serde_json::value::RawValue;
use time::OffsetDateTime;

#[tokio::main]
async fn main() -> ExitCode {
    let began = Instant::now();
    let (events, host) = match init().await {
        Ok(parts) => parts,
        Err(error) => return lambda::give_up_init(variable("AWS_LAMBDA_RUNTIME_API"), &error).await,
    };
    lambda::on_shutdown(async move || {
        if let Some(host) = host {
            host.shutdown().await;
        }
    })
    .await;
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

/// What answers, and the host of kernels where code runs here.
async fn init() -> Result<(Events, Option<Arc<KernelHost>>), InitError> {
    let config = Config::from_lookup(variable);
    let filter = config.as_ref().map_or("info", |config| config.log.as_str());
    logging::init_on_lambda(filter, &variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default())?;
    let config = config.map_err(|error| InitError::Config(error.into()))?;
    let store = Arc::new(S3Store::connect(s3_config(&config)).await);
    let authenticator = Authenticator::new(store.clone(), OffsetDateTime::now_utc).with_jwt(config.jwt.clone());
    let (started, ()) = tokio::join!(interpreter(&config, &store), authenticator.warm());
    let (interpreter, host) = started.map_err(|error| InitError::Host(error.into()))?;
    let settings = Settings { execution_limit: config.execution_limit, now: OffsetDateTime::now_utc };
    let sandcastles = Sandcastles::new(store, interpreter, settings);
    let app = App::new(Arc::new(sandcastles), authenticator, config.call_limit).with_limits(config.allowed);
    Ok((Events::new(Arc::new(app), config.events), host))
}

type Runs = (Arc<dyn Interpreter>, Option<Arc<KernelHost>>);

/// What runs the code, and the host of kernels when that is here.
async fn interpreter(config: &Config, store: &Arc<S3Store>) -> Result<Runs, HostError> {
    match &config.remote {
        Some(remote) => {
            let remote = RemoteInterpreter::connect(remote_config(config, remote), store.clone()).await;
            Ok((Arc::new(remote), None))
        }
        None => {
            let host = KernelHost::start(config.host.clone(), store.clone()).await?;
            Ok((host.clone(), Some(host)))
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
        bucket: Bucket {
            name: config.bucket.clone(),
            region: config.region.clone(),
            endpoint: config.endpoint.clone(),
        },
        lambda_endpoint: remote.lambda_endpoint.clone(),
        sts_endpoint: remote.sts_endpoint.clone(),
    }
}

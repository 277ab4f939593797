//! `bootstrap`: the ExecuteFunction on Lambda. Code runs in InterpreterFunction, or here when none is named. It sets up, lends its parts to the router, and
//! runs; a failure to set up is one line of the log and a non-zero exit.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Instant};

use sandcastle::{
    interpreter::Interpreter,
    remote::Bucket,
    service::{Sandcastles, Settings},
};
use sandcastle_execute::{
    App, Authenticator,
    config::{Config, ConfigError, Remote},
    lambda, logging, router,
};
use sandcastle_interpreter::{HostConfig, HostError, KernelHost};
use sandcastle_remote::{RemoteConfig, RemoteInterpreter};
use sandcastle_s3::{S3Config, S3Store};
use time::OffsetDateTime;

/// The only place of a Lambda environment that can be written to.
const RUN_DIR: &str = "/tmp/sandcastle";

/// Why the function does not start.
#[derive(Debug, thiserror::Error)]
enum InitError {
    #[error("read settings")]
    Config(#[from] ConfigError),
    #[error("set logging up (RUST_LOG)")]
    Logging(#[from] logging::LoggingError),
    #[error("start the host of kernels")]
    Host(#[from] HostError),
}

#[tokio::main]
async fn main() -> ExitCode {
    let began = Instant::now();
    let app = match init().await {
        Ok(app) => app,
        Err(error) => return give_up(&error, "the function does not start"),
    };
    let init_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(init_ms, "cold start");
    match lambda_http::run(lambda::handler(router(app))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => give_up(error.as_ref(), "the Lambda runtime ended"),
    }
}

async fn init() -> Result<Arc<App>, InitError> {
    #[expect(clippy::disallowed_methods, reason = "the one place where this program's settings are read")]
    let config = Config::from_lookup(|name| std::env::var(name).ok());
    let filter = config.as_ref().map_or("info", |config| config.log.as_str());
    logging::init(logging::Format::Json, filter)?;
    let config = config?;
    let store = Arc::new(S3Store::connect(s3_config(&config)).await);
    let interpreter: Arc<dyn Interpreter> = match &config.remote {
        Some(remote) => Arc::new(RemoteInterpreter::connect(remote_config(&config, remote), store.clone()).await),
        None => KernelHost::start(host_config(&config), store.clone()).await?,
    };
    let settings = Settings { execution_limit: config.execution_limit, now: OffsetDateTime::now_utc };
    let sandcastles = Sandcastles::new(store.clone(), interpreter, settings);
    let authenticator = Authenticator::new(store, OffsetDateTime::now_utc);
    Ok(Arc::new(App::new(Arc::new(sandcastles), authenticator, config.call_limit)))
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

fn host_config(config: &Config) -> HostConfig {
    let mut host = HostConfig::new(config.kernel.clone(), PathBuf::from(RUN_DIR));
    host.python_home.clone_from(&config.python_home);
    host.site_packages.clone_from(&config.site_packages);
    host.max_kernels = config.max_kernels;
    host.limits.memory_bytes = config.memory_bytes;
    host.required_steps = config.jail.required_steps();
    host
}

/// One line of the log; on standard error when logging is what failed.
fn give_up(error: &dyn std::error::Error, what: &str) -> ExitCode {
    let causes = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let error = causes.collect::<Vec<_>>().join(": ");
    if tracing::dispatcher::has_been_set() {
        tracing::error!(error, "{what}");
    } else {
        eprintln!("{what}: {error}");
    }
    ExitCode::FAILURE
}

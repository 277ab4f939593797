//! `interpreter`: InterpreterFunction on Lambda, the program of its zip. It starts the host of kernels in the init phase
//! and then runs what it is asked to.

use std::{
    convert::Infallible,
    io,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    sync::Arc,
    time::Instant,
};

use lambda_runtime::{LambdaEvent, service_fn};
use sandcastle::remote::{Answer, Request};
use sandcastle_interpreter::{Function, settings};
use tracing_subscriber::{EnvFilter, Layer, filter::filter_fn, layer::SubscriberExt};

/// The role's own credentials. They are good for nothing here, and code may be able to read the environment of the
/// process that hosts it.
const CREDENTIALS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

#[expect(clippy::disallowed_methods, reason = "the one place where this program's settings are read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn main() -> ExitCode {
    if CREDENTIALS.iter().any(|name| variable(name).is_some()) {
        let error = without_credentials();
        eprintln!("start without credentials: {error}");
        return ExitCode::FAILURE;
    }
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => give_up("start", &error),
    }
}

/// Becomes this program anew, in an environment without credentials. Returns only when that fails.
fn without_credentials() -> io::Error {
    let mut again = Command::new("/proc/self/exe");
    for name in CREDENTIALS {
        again.env_remove(name);
    }
    again.exec()
}

async fn run() -> ExitCode {
    let began = Instant::now();
    if let Err(error) = log(variable("RUST_LOG").as_deref().unwrap_or("info")) {
        return give_up("set logging up (RUST_LOG)", error.as_ref());
    }
    let config = match settings::host_config(variable) {
        Ok(config) => config,
        Err(error) => return give_up("read settings", &error),
    };
    let function = Arc::new(Function::new(config));
    match function.ready().await {
        Ok(_) => {
            let init_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(init_ms, "cold start");
        }
        Err(error) => tracing::error!(error = causes(&error), "the host of kernels does not start"),
    }
    let handler = service_fn(move |event: LambdaEvent<Request>| {
        let function = Arc::clone(&function);
        async move { Ok::<Answer, Infallible>(function.answer(event.payload, event.context.deadline()).await) }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => give_up("the Lambda runtime ended", error.as_ref()),
    }
}

/// JSON lines on standard error. Libraries' lines below `info` could quote requests: credentials, code.
fn log(filter: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let ours = |target: &str| target.starts_with("sandcastle") || target == "interpreter";
    let harmless = filter_fn(move |line| ours(line.target()) || *line.level() <= tracing::Level::INFO);
    let lines = lines.with_writer(io::stderr).with_filter(harmless);
    let filter = EnvFilter::try_new(if filter.is_empty() { "info" } else { filter })?;
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines).with(filter))?;
    Ok(())
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn give_up(what: &str, error: &(dyn std::error::Error + 'static)) -> ExitCode {
    eprintln!("{what}: {}", causes(error));
    ExitCode::FAILURE
}

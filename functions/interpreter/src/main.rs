//! `interpreter`: InterpreterFunction on Lambda, the program of its zip. It starts the host of kernels in the init phase
//! and then runs what it is asked to.

mod function;

use std::{
    convert::Infallible,
    io,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
    sync::Arc,
    time::Instant,
};

use lambda_runtime::{LambdaEvent, service_fn};
use sandcastle::invocation::{Request, Response};
use sandcastle_host::{
    KernelHost,
    settings::{MAX_KERNELS, host_config},
};
use sandcastle_runtime::{
    COLD_STARTS,
    lambda::{self, InitError},
    logging, millis,
    settings::{LOG, Lookup},
};

use function::Function;

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
        Err(error) => lambda::give_up("the function does not start", &error),
    }
}

/// Executes this program again, in an environment without credentials. Returns only when that fails.
fn without_credentials() -> io::Error {
    let mut again = Command::new("/proc/self/exe");
    for name in CREDENTIALS {
        again.env_remove(name);
    }
    again.exec()
}

async fn run() -> ExitCode {
    let began = Instant::now();
    let host = match init().await {
        Ok(host) => host,
        Err(error) => return lambda::give_up_init(variable("AWS_LAMBDA_RUNTIME_API"), &error).await,
    };
    let ending = Arc::clone(&host);
    lambda::on_shutdown(async move || ending.shutdown().await).await;
    tracing::info!(metric = COLD_STARTS, init_ms = millis(began.elapsed()), "cold start");
    let function = Arc::new(Function::new(host));
    let handler = service_fn(move |event: LambdaEvent<Request>| {
        let function = Arc::clone(&function);
        async move { Ok::<Response, Infallible>(function.answer(event.payload, event.context.deadline()).await) }
    });
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => lambda::give_up("the Lambda runtime ended", error.as_ref()),
    }
}

async fn init() -> Result<Arc<KernelHost>, InitError> {
    let name = variable("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    logging::init_on_lambda(Lookup(variable).text(&LOG).as_deref().unwrap_or(LOG.default), &name)?;
    let kernels = MAX_KERNELS.default_number();
    let config = kernels.and_then(|kernels| host_config(variable, kernels));
    let config = config.map_err(|error| InitError::Config(error.into()))?;
    KernelHost::start_without_store(config).await.map_err(|error| InitError::Host(error.into()))
}

//! The `sandcastle` command.

use std::{
    error::Error,
    io::{self, IsTerminal},
    iter,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use sandcastle_execute::logging::{self, Format};
use sandcastle_local::{SETTINGS_HELP, Settings, keys::Keys, layer};

/// Serverless Python execution for data agents, on this machine.
#[derive(Parser)]
#[command(name = "sandcastle", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API, with the kernels and an S3 in this machine.
    #[command(after_help = SETTINGS_HELP)]
    Serve,
    /// Make, list, rotate and revoke API keys: of the data folder, or of a bucket.
    Keys(Keys),
    /// Check a built Python layer.
    #[command(subcommand)]
    Layer(layer::Command),
}

#[derive(Debug, thiserror::Error)]
#[error("set logging up as RUST_LOG says")]
struct BadFilter(#[source] logging::LoggingError);

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = iter::successors(Some(&*error), |error| (*error).source()).map(|error| error.to_string());
            let mut causes: Vec<_> = causes.collect();
            causes.dedup();
            eprintln!("sandcastle: {}", causes.join(": "));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "the one place where this program's settings are read")]
    let settings = Settings::from_lookup(|name| std::env::var(name).ok())?;
    match cli.command {
        Command::Serve => {
            let format = if io::stderr().is_terminal() { Format::Human } else { Format::Json };
            logging::init(format, &settings.log).map_err(BadFilter)?;
            Ok(sandcastle_local::serve(settings, program_dir()?).await?)
        }
        Command::Layer(command) => Ok(command.run(&settings, program_dir()?).await?),
        Command::Keys(keys) => keys.run(&settings).await,
    }
}

/// The folder of this program.
fn program_dir() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?.canonicalize()?;
    Ok(program.parent().map_or_else(PathBuf::new, PathBuf::from))
}

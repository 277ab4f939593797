//! `sandcastle`: the command. Serves the API on this machine, manages API keys, checks a Python layer.

use std::{
    error::Error,
    io::{self, IsTerminal},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use sandcastle_host::hidden;
use sandcastle_local::{Settings, keys::Keys, layer, settings_help, subordinate};
use sandcastle_runtime::{chain, logging};

/// Serverless Python execution for data agents.
#[derive(Parser)]
#[command(name = "sandcastle", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the API on this machine, with an embedded S3.
    #[command(after_help = settings_help())]
    Serve,
    /// Create, list, rotate and revoke API keys.
    Keys(Keys),
    /// Check a built Python layer.
    #[command(subcommand)]
    Layer(layer::Command),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sandcastle: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Result<(), Box<dyn Error>> {
    #[expect(clippy::disallowed_methods, reason = "the one place where this program's settings are read")]
    let settings = Settings::from_lookup(|name| std::env::var(name).ok())?;
    match cli.command {
        Command::Serve => {
            if settings.subordinate_ids {
                subordinate::enter(&hidden::program()?)?;
            }
            // What cannot be hidden is logged when kernels start.
            let _ = hidden::hide();
            let format = settings.log_format.format(io::stderr().is_terminal(), settings.no_color);
            logging::init(format, &settings.log)?;
            Ok(sandcastle_local::serve(settings, program_dir()?).await?)
        }
        Command::Layer(command) => Ok(command.run(&settings).await?),
        Command::Keys(keys) => keys.run(&settings).await,
    }
}

/// The folder of this program.
fn program_dir() -> io::Result<PathBuf> {
    let program = hidden::program()?.canonicalize()?;
    Ok(program.parent().map_or_else(PathBuf::new, PathBuf::from))
}

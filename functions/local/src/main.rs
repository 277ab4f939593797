//! The `sandcastle` command.

use std::{
    error::Error,
    io::{self, IsTerminal, Write},
    iter,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use sandcastle::{Name, Scope};
use sandcastle_execute::logging::{self, Format};
use sandcastle_local::{
    SETTINGS_HELP, Settings,
    keys::{self, NewKey, Opened},
    layer,
};

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
    /// Make, list and revoke API keys: of the data folder, or of a bucket.
    Keys(Keys),
    /// Check a built Python layer.
    #[command(subcommand)]
    Layer(layer::Command),
}

#[derive(Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Without --bucket, the keys are those of the data folder (SANDCASTLE_DATA_DIR, .sandcastle if unset), whether a server runs on
it or not. With --bucket, S3_ENDPOINT, AWS_REGION and AWS's usual sources of credentials say how to reach it."
)]
struct Keys {
    /// The bucket of a deployment.
    #[arg(long, global = true)]
    bucket: Option<String>,
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a key and print it, this once.
    Create(Create),
    /// List keys by their ids; the keys themselves are stored nowhere.
    List,
    /// Revoke a key. A running server may take it for another 30 seconds.
    Revoke {
        /// The key's id as `list` shows it; never the key itself.
        id: String,
    },
}

#[derive(Args)]
struct Create {
    /// The organisation whose sandboxes it reaches: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::parse)]
    org: Name,
    /// The member who owns what it starts: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::parse)]
    member: Name,
    /// What you call it.
    #[arg(long)]
    name: String,
    /// What it allows; may be given several times. All of them when absent.
    #[arg(long = "scope", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Days until it stops to work. Never when absent.
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| format!("known scopes: {known}"))
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
        Command::Keys(Keys { bucket, command }) => {
            let opened = Opened::new(&settings, bucket).await?;
            let done = on_keys(&opened, command).await;
            opened.close().await?;
            Ok(io::stdout().write_all(done?.as_bytes())?)
        }
    }
}

/// The folder of this program.
fn program_dir() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?.canonicalize()?;
    Ok(program.parent().map_or_else(PathBuf::new, PathBuf::from))
}

/// What is printed.
async fn on_keys(opened: &Opened, command: KeysCommand) -> Result<String, keys::KeysError> {
    match command {
        KeysCommand::Create(Create { org, member, name, scopes, expires_in_days }) => {
            let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
            let new = NewKey { org, member, scopes, name, expires_in_days };
            Ok(format!("{}\n", keys::create(&opened.store, new).await?.expose()))
        }
        KeysCommand::List => keys::list(&opened.store).await,
        KeysCommand::Revoke { id } => Ok(format!("revoked {}\n", keys::revoke(&opened.store, &id).await?)),
    }
}

//! `sandcastle keys`: its arguments and its output.

use std::{
    error::Error,
    io::{self, Write},
    str::FromStr,
};

use clap::{Args, Subcommand};
use sandcastle::{Name, Scope, Secret};
use time::Duration;

use super::{KeysError, NewKey, Opened};
use crate::Settings;

/// The arguments of `sandcastle keys`.
#[derive(Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Without --bucket, the command works on the keys in the data folder (SANDCASTLE_DATA_DIR, default .sandcastle).
A running server sees the changes. With --bucket, it works on that bucket with AWS's usual credentials;
S3_ENDPOINT and AWS_REGION are used if they are set."
)]
pub struct Keys {
    /// Name of a deployment's bucket.
    #[arg(long, global = true)]
    bucket: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create a key and print it. It cannot be shown again.
    Create(Create),
    /// List the keys by id. The keys themselves are not stored.
    List,
    /// Replace a key with a new one and print the new one. It cannot be shown again.
    ///
    /// The new key has the same organisation, member, scopes, name and sandbox limit, and the same lifetime, counted from
    /// now. Only the new key goes to standard output.
    ///
    /// If the command is interrupted before it prints the new key, the old key still works: rotate it again, and revoke
    /// the surplus key that `list` shows.
    Rotate {
        /// The key's id, as `list` shows it. Never pass the key itself.
        id: String,
        /// Hours for which the old key keeps working, 1 to 8760. Without this option it is revoked at once; a running
        /// server may accept it for another 30 seconds.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..=8760))]
        overlap_hours: Option<u16>,
    },
    /// Revoke a key. A running server may accept it for another 30 seconds.
    Revoke {
        /// The key's id, as `list` shows it. Never pass the key itself.
        id: String,
    },
}

#[derive(Args)]
struct Create {
    /// Organisation of the key: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::from_str)]
    org: Name,
    /// Member who owns the sandboxes that it starts: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::from_str)]
    member: Name,
    /// Name of the key, shown by `list`.
    #[arg(long)]
    name: String,
    /// Scope of the key; repeat the option for several. Default: all scopes.
    #[arg(long = "scope", value_parser = scope)]
    scopes: Vec<Scope>,
    /// Days until the key expires. Default: never.
    #[arg(long, value_name = "DAYS")]
    expires_in_days: Option<u32>,
    /// Limit on the running sandboxes of the member: the key starts no sandbox while the member has this many. Sandboxes
    /// started with other keys count too. Default: no limit.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sandbox_limit: Option<u32>,
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| format!("the scopes are {known}"))
}

impl Keys {
    /// Runs the command.
    ///
    /// # Errors
    /// When the bucket cannot be opened, the command fails, or its output cannot be written.
    pub async fn run(self, settings: &Settings) -> Result<(), Box<dyn Error>> {
        let opened = Opened::new(settings, self.bucket).await?;
        let done = self.command.run(&opened).await;
        opened.close().await?;
        Ok(done?)
    }
}

impl Command {
    async fn run(self, opened: &Opened) -> Result<(), KeysError> {
        let store = &opened.store;
        match self {
            Self::Create(Create { org, member, name, scopes, expires_in_days, sandbox_limit }) => {
                let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
                let new = NewKey { org, member, scopes, name, expires_in_days, sandbox_limit };
                show(&super::create(store, new).await?).map_err(KeysError::Write)
            }
            Self::List => print(&super::list(store).await?),
            Self::Rotate { id, overlap_hours } => {
                let overlap = overlap_hours.map(|hours| Duration::hours(hours.into()));
                let old = super::rotate(store, &id, overlap, show).await?;
                writeln!(io::stderr(), "{old}").map_err(KeysError::Write)
            }
            Self::Revoke { id } => print(&format!("revoked {}\n", super::revoke(store, &id).await?)),
        }
    }
}

fn show(secret: &Secret) -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(out, "{}", secret.expose())?;
    out.flush()
}

fn print(text: &str) -> Result<(), KeysError> {
    io::stdout().write_all(text.as_bytes()).map_err(KeysError::Write)
}

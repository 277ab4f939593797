//! `sandcastle keys`: its arguments, and what it prints.

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
Without --bucket, the keys are those of the data folder (SANDCASTLE_DATA_DIR, .sandcastle if unset), whether a server runs on
it or not. With --bucket, S3_ENDPOINT, AWS_REGION and AWS's usual sources of credentials say how to reach it."
)]
pub struct Keys {
    /// The bucket of a deployment.
    #[arg(long, global = true)]
    bucket: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key and print it, this once.
    Create(Create),
    /// List keys by their ids; the keys themselves are stored nowhere.
    List,
    /// Put a new key in the place of one, and print it, this once.
    ///
    /// The new key is for the same organisation and member, with the same scopes, name and limit on sandboxes. One that
    /// expires lives for as long as the old one was to live when it was made. Only the new key goes to standard output.
    /// When this is cut off, the old key works until the new one has been printed: then rotate again, and revoke with
    /// `revoke` what `list` shows in excess.
    Rotate {
        /// The key's id as `list` shows it; never the key itself.
        id: String,
        /// Hours for which the old key goes on to work, up to 8760. Without it, it ends at once, save that a running server
        /// may take it for another 30 seconds.
        #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(1..=8760))]
        overlap_hours: Option<u16>,
    },
    /// Revoke a key. A running server may take it for another 30 seconds.
    Revoke {
        /// The key's id as `list` shows it; never the key itself.
        id: String,
    },
}

#[derive(Args)]
struct Create {
    /// The organisation whose sandboxes it reaches: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::from_str)]
    org: Name,
    /// The member who owns what it starts: 1 to 32 of A-Z a-z 0-9 . _
    #[arg(long, value_parser = Name::from_str)]
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
    /// With so many running sandboxes of the member, started with whatever key, this one starts no more. No limit when
    /// absent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    sandbox_limit: Option<u32>,
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::ALL.into_iter().find(|scope| scope.as_str() == text).ok_or_else(|| format!("known scopes: {known}"))
}

impl Keys {
    /// Does it.
    ///
    /// # Errors
    /// When the bucket cannot be opened, the command cannot be carried out, or what it came to cannot be written.
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

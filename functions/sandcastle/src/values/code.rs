//! What callers want to be run.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{EnvName, EnvValue};
use crate::limits::{MAX_CODE_BYTES, MAX_COMMAND_BYTES, MAX_ENV_BYTES};

/// Why code or a command cannot be run; for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkError {
    /// The code.
    #[error("code is longer than {MAX_CODE_BYTES} bytes")]
    CodeLength,
    /// The command.
    #[error("command is longer than {MAX_COMMAND_BYTES} bytes")]
    CommandLength,
    /// A NUL, which no argument of a program can hold.
    #[error("command must not contain NUL")]
    CommandNul,
    /// An environment variable that no environment can hold.
    #[error("env must not have empty names, names with =, or NUL")]
    Env,
    /// All variables together.
    #[error("env is longer than {MAX_ENV_BYTES} bytes")]
    EnvLength,
}

/// Python source of at most [`MAX_CODE_BYTES`]. It is not printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Arc<str>);

impl Code {
    /// Takes over source.
    ///
    /// # Errors
    /// When it is too long.
    pub fn parse(source: impl Into<Arc<str>>) -> Result<Self, WorkError> {
        let source = source.into();
        if source.len() > MAX_CODE_BYTES { Err(WorkError::CodeLength) } else { Ok(Self(source)) }
    }

    /// The source.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} bytes)", self.0.len())
    }
}

/// In base64 the longest code fits into an event, whatever bytes it is made of; a JSON string may take six times as many.
impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(self.0.as_bytes()))
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)?;
        Self::parse(String::from_utf8(bytes).map_err(D::Error::custom)?).map_err(D::Error::custom)
    }
}

/// A command for a process of its own.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedCommand")]
pub struct Command {
    kind: CommandKind,
    text: String,
    env: BTreeMap<EnvName, EnvValue>,
}

#[derive(Deserialize)]
struct UncheckedCommand {
    kind: CommandKind,
    text: String,
    env: BTreeMap<String, String>,
}

impl Command {
    /// A command with variables on top of a new kernel's environment.
    ///
    /// # Errors
    /// When it could not become the arguments and the environment of a program.
    pub fn parse(kind: CommandKind, text: String, env: BTreeMap<String, String>) -> Result<Self, WorkError> {
        if text.len() > MAX_COMMAND_BYTES {
            return Err(WorkError::CommandLength);
        }
        if text.contains('\0') {
            return Err(WorkError::CommandNul);
        }
        let bytes: usize = env.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let entry = |(name, value): (String, String)| Some((EnvName::parse(name).ok()?, EnvValue::parse(value).ok()?));
        let env = env.into_iter().map(entry).collect::<Option<_>>().ok_or(WorkError::Env)?;
        if bytes > MAX_ENV_BYTES { Err(WorkError::EnvLength) } else { Ok(Self { kind, text, env }) }
    }

    /// What reads it.
    pub fn kind(&self) -> CommandKind {
        self.kind
    }

    /// Its source; at most [`MAX_COMMAND_BYTES`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Variables on top of a new kernel's environment.
    pub fn env(&self) -> &BTreeMap<EnvName, EnvValue> {
        &self.env
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({}, {} bytes)", self.kind.as_str(), self.text.len())
    }
}

impl TryFrom<UncheckedCommand> for Command {
    type Error = WorkError;

    fn try_from(UncheckedCommand { kind, text, env }: UncheckedCommand) -> Result<Self, WorkError> {
        Self::parse(kind, text, env)
    }
}

/// What reads a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandKind {
    /// `bash -c`.
    Bash,
    /// `python -c`.
    Python,
}

impl CommandKind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Python => "python",
        }
    }
}

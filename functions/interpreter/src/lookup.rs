//! How every program here reads its settings: through a lookup that is passed in, each value checked as it is read.

use std::{ops::RangeInclusive, path::PathBuf, str::FromStr};

/// What the function itself and the zygotes take of a Lambda function's memory, in MiB.
const HOST_MEMORY_MB: u64 = 256;

/// The steps that [`Jail::Required`] insists on: those that any Linux of these days can give without root. Inside Lambda
/// some are refused; there the microVM and the VPC are the boundary.
pub const INSISTED_STEPS: &[&str] = &[
    "session",
    "descriptors",
    "network",
    "ipc",
    "mounts",
    "pid_namespace",
    "user_namespace",
    "rlimits",
    "uid",
    "capabilities",
    "dumpable",
    "no_new_privs",
    "parent_death",
    "seccomp",
    "signals",
];

/// How much confinement is insisted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jail {
    /// No kernel runs without the steps of [`INSISTED_STEPS`].
    Required,
    /// What the system refuses is done without, and logged once.
    BestEffort,
}

impl Jail {
    /// The steps without which no kernel runs.
    pub fn required_steps(self) -> Vec<String> {
        match self {
            Self::Required => INSISTED_STEPS.iter().map(ToString::to_string).collect(),
            Self::BestEffort => Vec::new(),
        }
    }
}

/// A variable with a value that it cannot have. The value is not quoted: it might be a secret in the wrong place.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} has to be {wanted}")]
pub struct SettingsError {
    /// The variable.
    pub name: &'static str,
    /// What it has to be.
    pub wanted: String,
}

impl SettingsError {
    /// That variable has to be this.
    pub fn new(name: &'static str, wanted: &str) -> Self {
        Self { name, wanted: wanted.to_owned() }
    }
}

/// Gives the values of variables. An empty value counts as absent, because a template cannot leave a variable out.
pub struct Lookup<F>(pub F);

impl<F: Fn(&str) -> Option<String>> Lookup<F> {
    /// Any text.
    pub fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A path, whether there is something or not.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// Whatever can be read from text; `wanted` is for the error.
    pub fn parsed<T: FromStr>(&self, name: &'static str, wanted: &str) -> Result<Option<T>, SettingsError> {
        self.text(name).map(|text| text.parse().map_err(|_| SettingsError::new(name, wanted))).transpose()
    }

    /// A number of this range.
    pub fn number(&self, name: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, SettingsError> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        match self.parsed(name, &wanted)? {
            Some(number) if !range.contains(&number) => Err(SettingsError { name, wanted }),
            number => Ok(number),
        }
    }

    /// An HTTP URL.
    pub fn url(&self, name: &'static str) -> Result<Option<String>, SettingsError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic())) {
            true => Ok(Some(text)),
            false => Err(SettingsError::new(name, "a URL that begins with http:// or https://")),
        }
    }

    /// `JAIL`.
    pub fn jail(&self, absent: Jail) -> Result<Jail, SettingsError> {
        match self.text("JAIL").as_deref() {
            None => Ok(absent),
            Some("required") => Ok(Jail::Required),
            Some("best-effort") => Ok(Jail::BestEffort),
            Some(_) => Err(SettingsError::new("JAIL", "required or best-effort")),
        }
    }

    /// `SANDCASTLE_MAX_KERNELS`.
    pub fn max_kernels(&self, absent: u64) -> Result<usize, SettingsError> {
        let number = self.number("SANDCASTLE_MAX_KERNELS", 1..=1000)?.unwrap_or(absent);
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// `SANDCASTLE_MEMORY_MB`, in bytes. When absent: inside Lambda what the function has, less what the host takes; 2 GiB
    /// elsewhere.
    pub fn memory_bytes(&self) -> Result<u64, SettingsError> {
        // Set by Lambda, and no setting of ours: an odd value there is no reason not to start.
        let function_mb = self.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse::<u64>().ok());
        let absent = function_mb.map_or(2048, |mb| mb.saturating_sub(HOST_MEMORY_MB).max(64));
        Ok(self.number("SANDCASTLE_MEMORY_MB", 64..=1 << 20)?.unwrap_or(absent) << 20)
    }
}

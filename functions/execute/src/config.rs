//! The settings of the Lambda function, read once, through a lookup that is passed in.
//!
//! | variable | meaning | when absent |
//! | --- | --- | --- |
//! | `SANDCASTLE_BUCKET` | the bucket | required |
//! | `AWS_REGION` | its region; Lambda sets it | the AWS SDK's own search |
//! | `S3_ENDPOINT` | URL of another S3 than Amazon's | Amazon's |
//! | `S3_PUBLIC_ENDPOINT` | URL of it in presigned links | `S3_ENDPOINT` |
//! | `SANDCASTLE_TIMEOUT_S` | limit on one execution, 1 to 360 seconds | 50 |
//! | `SANDCASTLE_CALL_S` | limit on a whole call, 1 to 900 seconds; the function's own time-out always counts | none |
//! | `INTERPRETER_FUNCTION` | name or ARN of InterpreterFunction, which then runs the code | it runs here |
//! | `SANDBOX_ROLE_ARN` | role whose credentials, cut down to one sandbox, that function is lent | required with it |
//! | `TENANT_SCOPE` | `sandbox` or `member`: who shares an environment of that function | `sandbox` |
//! | `LAMBDA_ENDPOINT`, `STS_ENDPOINT` | URLs of other services than Amazon's | Amazon's |
//! | `SANDCASTLE_KERNEL` | the kernel's executable | `/opt/bin/sandcastle-kernel` |
//! | `SANDCASTLE_PYTHON_HOME` | prefix that holds `lib/python3.X` | the one the kernel was built against |
//! | `SANDCASTLE_SITE_PACKAGES` | folder of the data packages | none besides the standard library |
//! | `SANDCASTLE_MAX_KERNELS` | most kernels at once, 1 to 1,000 | 4 |
//! | `SANDCASTLE_MEMORY_MB` | memory of one kernel, from 64 | the function's, less 256 |
//! | `JAIL` | `required` or `best-effort` | `best-effort` |
//! | `RUST_LOG` | what is logged | `info` |
//!
//! An empty value counts as absent, because a template cannot leave a variable out. Anything else that is not as it has
//! to be is an error: the function does not start.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

pub use sandcastle_interpreter::settings::INSISTED_STEPS;
use sandcastle_remote::TenantScope;

/// Where the layer puts the kernel.
const KERNEL: &str = "/opt/bin/sandcastle-kernel";
/// What the function itself and the zygotes take of its memory, in MiB.
const HOST_MEMORY_MB: u64 = 256;

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket.
    pub region: Option<String>,
    /// URL of another S3 than Amazon's.
    pub endpoint: Option<String>,
    /// URL of it in presigned links.
    pub public_endpoint: Option<String>,
    /// Limit on one execution's code.
    pub execution_limit: Duration,
    /// Limit on a whole call.
    pub call_limit: Option<Duration>,
    /// The function that runs the code; this one does when absent.
    pub remote: Option<Remote>,
    /// The kernel's executable.
    pub kernel: PathBuf,
    /// Prefix that holds `lib/python3.X`.
    pub python_home: Option<PathBuf>,
    /// Folder of the data packages.
    pub site_packages: Option<PathBuf>,
    /// Most kernels at once.
    pub max_kernels: usize,
    /// Memory of one kernel, in bytes.
    pub memory_bytes: u64,
    /// How much confinement is insisted on.
    pub jail: Jail,
    /// What is logged.
    pub log: String,
}

/// Where code runs, when not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Name or ARN of the function.
    pub function: String,
    /// Role whose credentials, cut down to one sandbox, it is lent.
    pub role_arn: String,
    /// Who shares an environment.
    pub tenant_scope: TenantScope,
    /// URL of another Lambda than Amazon's.
    pub lambda_endpoint: Option<String>,
    /// URL of another STS than Amazon's.
    pub sts_endpoint: Option<String>,
}

/// How much confinement is insisted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jail {
    /// No kernel runs without the steps of [`INSISTED_STEPS`].
    Required,
    /// What the system refuses is done without, and logged once.
    BestEffort,
}

/// Why the function does not start.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// A variable that has to be set is not.
    #[error("{name} is not set")]
    Missing {
        /// The variable.
        name: &'static str,
    },
    /// A variable has a value that it cannot have.
    #[error("{name} has to be {wanted}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it has to be.
        wanted: String,
    },
}

impl Config {
    /// Reads the settings. `lookup` gives the value of a variable.
    ///
    /// # Errors
    /// When a variable is missing or malformed; the error names it, and does not quote it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = Lookup(&lookup);
        let bucket = env.text("SANDCASTLE_BUCKET").ok_or(ConfigError::Missing { name: "SANDCASTLE_BUCKET" })?;
        let seconds = |number: Option<u64>| number.map(Duration::from_secs);
        // Set by Lambda, and no setting of ours: an odd value there is no reason not to start.
        let function_mb = env.text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|text| text.parse::<u64>().ok());
        let kernel_mb = function_mb.map_or(2048, |mb| mb.saturating_sub(HOST_MEMORY_MB).max(64));
        let max_kernels = env.number("SANDCASTLE_MAX_KERNELS", 1..=1000)?.unwrap_or(4);
        Ok(Self {
            bucket,
            region: env.text("AWS_REGION"),
            endpoint: env.url("S3_ENDPOINT")?,
            public_endpoint: env.url("S3_PUBLIC_ENDPOINT")?,
            execution_limit: seconds(env.number("SANDCASTLE_TIMEOUT_S", 1..=360)?).unwrap_or(Duration::from_secs(50)),
            call_limit: seconds(env.number("SANDCASTLE_CALL_S", 1..=900)?),
            remote: env.remote()?,
            kernel: env.path("SANDCASTLE_KERNEL").unwrap_or_else(|| KERNEL.into()),
            python_home: env.path("SANDCASTLE_PYTHON_HOME"),
            site_packages: env.path("SANDCASTLE_SITE_PACKAGES"),
            max_kernels: usize::try_from(max_kernels).unwrap_or(usize::MAX),
            memory_bytes: env.number("SANDCASTLE_MEMORY_MB", 64..=1 << 20)?.unwrap_or(kernel_mb) << 20,
            jail: env.jail("JAIL")?,
            log: env.text("RUST_LOG").unwrap_or_else(|| "info".into()),
        })
    }
}

struct Lookup<'l, F>(&'l F);

impl<F: Fn(&str) -> Option<String>> Lookup<'_, F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    fn number(&self, name: &'static str, range: RangeInclusive<u64>) -> Result<Option<u64>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| range.contains(number));
        let wanted = || format!("a number from {} to {}", range.start(), range.end());
        number.map(Some).ok_or_else(|| ConfigError::Malformed { name, wanted: wanted() })
    }

    fn url(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let host = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        match host.is_some_and(|host| !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_graphic())) {
            true => Ok(Some(text)),
            false => Err(ConfigError::Malformed { name, wanted: "a URL that begins with http:// or https://".into() }),
        }
    }

    fn remote(&self) -> Result<Option<Remote>, ConfigError> {
        let Some(function) = self.text("INTERPRETER_FUNCTION") else { return Ok(None) };
        let tenant_scope = match self.text("TENANT_SCOPE").as_deref() {
            None | Some("sandbox") => TenantScope::Sandbox,
            Some("member") => TenantScope::Member,
            Some(_) => return Err(ConfigError::Malformed { name: "TENANT_SCOPE", wanted: "sandbox or member".into() }),
        };
        Ok(Some(Remote {
            function,
            role_arn: self.text("SANDBOX_ROLE_ARN").ok_or(ConfigError::Missing { name: "SANDBOX_ROLE_ARN" })?,
            tenant_scope,
            lambda_endpoint: self.url("LAMBDA_ENDPOINT")?,
            sts_endpoint: self.url("STS_ENDPOINT")?,
        }))
    }

    fn jail(&self, name: &'static str) -> Result<Jail, ConfigError> {
        match self.text(name).as_deref() {
            None | Some("best-effort") => Ok(Jail::BestEffort),
            Some("required") => Ok(Jail::Required),
            Some(_) => Err(ConfigError::Malformed { name, wanted: "required or best-effort".into() }),
        }
    }
}

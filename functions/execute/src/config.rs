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
//! | `KEY_REQUESTS_PER_SECOND`, `ORG_REQUESTS_PER_SECOND` | requests for each key, and for each organisation; a burst may be twice that | no limit |
//! | `KEY_EXECUTIONS`, `ORG_EXECUTIONS` | executions at once | no limit |
//! | `TRUSTED_ORG` | the organisation that invocations and events without a token run code for | they need a token |
//! | `JWT_ISSUER` | `iss` of the JSON Web Tokens that are taken beside API keys | none are |
//! | `JWT_AUDIENCE` | their audiences, with commas between; one of them is enough | required with it |
//! | `JWT_JWKS` | URL of the issuer's key set, or the key set itself | `/.well-known/jwks.json` of the issuer |
//! | `JWT_ORG_CLAIM`, `JWT_MEMBER_CLAIM` | claims that name organisation and member | `org`, `sub` |
//! | `JWT_SCOPE_CLAIM` | claim that lists scopes | the first of `scope`, `scp`, `permissions` |
//! | `SANDCASTLE_STREAM_DOWNLOADS` | `yes` where the REST API takes downloads as a stream | no |
//! | `SANDCASTLE_MAX_KERNELS` | most kernels at once, 1 to 1,000 | 4 |
//! | `RUST_LOG` | what is logged | `info` |
//!
//! Where code runs here, the other settings of `sandcastle_interpreter::settings` count too.
//!
//! An empty value counts as absent, because a template cannot leave a variable out. Anything else that is not as it has
//! to be is an error: the function does not start.

use std::time::Duration;

use sandcastle::Name;

pub use sandcastle_interpreter::settings::{Jail, Lookup, SettingsError};
use sandcastle_interpreter::{HostConfig, settings::host_config};
use sandcastle_remote::TenantScope;

pub use crate::auth::{JwtSettings, Key, KeySource, jwt_settings};
use crate::{Allowance, EventSettings};

/// Kernels at once, unless set.
const KERNELS: u64 = 4;

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
    /// What each caller may ask for.
    pub allowed: Allowance,
    /// What comes by events.
    pub events: EventSettings,
    /// Whose JSON Web Tokens are believed, if any.
    pub jwt: Option<JwtSettings>,
    /// The host of kernels, where code runs here.
    pub host: HostConfig,
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
    #[error(transparent)]
    Malformed(#[from] SettingsError),
}

impl Config {
    /// Reads the settings. `lookup` gives the value of a variable.
    ///
    /// # Errors
    /// When a variable is missing or malformed; the error names it, and does not quote it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let env = Lookup(lookup);
        let bucket = env.text("SANDCASTLE_BUCKET").ok_or(ConfigError::Missing { name: "SANDCASTLE_BUCKET" })?;
        let seconds = |number: Option<u64>| number.map(Duration::from_secs);
        Ok(Self {
            bucket,
            region: env.text("AWS_REGION"),
            endpoint: env.url("S3_ENDPOINT")?,
            public_endpoint: env.url("S3_PUBLIC_ENDPOINT")?,
            execution_limit: seconds(env.number("SANDCASTLE_TIMEOUT_S", 1..=360)?).unwrap_or(Duration::from_secs(50)),
            call_limit: seconds(env.number("SANDCASTLE_CALL_S", 1..=900)?),
            remote: remote(&env)?,
            allowed: Allowance::from_lookup(&env)?,
            events: events(&env)?,
            jwt: jwt_settings(&env.0)?,
            host: host_config(&env.0, KERNELS)?,
            log: env.text("RUST_LOG").unwrap_or_else(|| "info".into()),
        })
    }
}

fn events<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<EventSettings, SettingsError> {
    let stream_downloads = match env.text("SANDCASTLE_STREAM_DOWNLOADS").as_deref() {
        None | Some("no") => false,
        Some("yes") => true,
        Some(_) => return Err(SettingsError::new("SANDCASTLE_STREAM_DOWNLOADS", "yes or no")),
    };
    let org = env.text("TRUSTED_ORG").map(|name| Name::parse(&name)).transpose();
    let wrong = |_| SettingsError::new("TRUSTED_ORG", "a name of 1 to 32 of A-Z a-z 0-9 . _");
    Ok(EventSettings { trusted_org: org.map_err(wrong)?, stream_downloads })
}

fn remote<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<Option<Remote>, ConfigError> {
    let Some(function) = env.text("INTERPRETER_FUNCTION") else { return Ok(None) };
    let tenant_scope = match env.text("TENANT_SCOPE").as_deref() {
        None | Some("sandbox") => TenantScope::Sandbox,
        Some("member") => TenantScope::Member,
        Some(_) => return Err(SettingsError::new("TENANT_SCOPE", "sandbox or member").into()),
    };
    Ok(Some(Remote {
        function,
        role_arn: env.text("SANDBOX_ROLE_ARN").ok_or(ConfigError::Missing { name: "SANDBOX_ROLE_ARN" })?,
        tenant_scope,
        lambda_endpoint: env.url("LAMBDA_ENDPOINT")?,
        sts_endpoint: env.url("STS_ENDPOINT")?,
    }))
}

//! The settings of the Lambda function, read once, through a lookup that is passed in. Their names, defaults and values stand
//! in the table [`crate::settings`].
//!
//! An empty value counts as absent, because a template cannot leave a variable out. Any other malformed value is an error: the
//! function does not start.

use std::time::Duration;

use sandcastle::Name;
use sandcastle_host::{HostConfig, settings::host_config};
use sandcastle_remote::TenantScope;
use sandcastle_runtime::settings::{Lookup, SettingsError};

use crate::{
    Allowance, EventSettings,
    auth::{JwtSettings, jwt_settings},
    settings,
};

/// Kernels at once, unless set.
const KERNELS: u64 = 4;
/// The limit on one execution, unless set.
const EXECUTION_LIMIT: Duration = Duration::from_secs(50);

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

impl Config {
    /// Reads the settings. `lookup` gives the value of a variable.
    ///
    /// # Errors
    /// When a variable is missing or malformed; the error names it, and does not quote it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let env = Lookup(lookup);
        let seconds = |setting| Ok::<_, SettingsError>(env.number(setting)?.map(Duration::from_secs));
        Ok(Self {
            bucket: env.text(&settings::BUCKET).ok_or_else(|| settings::BUCKET.missing())?,
            region: env.text(&settings::REGION),
            endpoint: env.url(&settings::S3_ENDPOINT)?,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            execution_limit: seconds(&settings::TIMEOUT_S)?.unwrap_or(EXECUTION_LIMIT),
            call_limit: seconds(&settings::CALL_S)?,
            remote: remote(&env)?,
            allowed: Allowance::from_lookup(&env)?,
            events: events(&env)?,
            jwt: jwt_settings(&env.0)?,
            host: host_config(&env.0, KERNELS)?,
            log: env.text(&settings::LOG).unwrap_or_else(|| settings::LOG.default.to_owned()),
        })
    }
}

fn events<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<EventSettings, SettingsError> {
    let org = env.text(&settings::TRUSTED_ORG).map(|name| Name::parse(&name)).transpose();
    Ok(EventSettings {
        trusted_org: org.map_err(|_| settings::TRUSTED_ORG.malformed())?,
        stream_downloads: env.word(&settings::STREAM_DOWNLOADS)? == Some("yes"),
    })
}

fn remote<F: Fn(&str) -> Option<String>>(env: &Lookup<F>) -> Result<Option<Remote>, SettingsError> {
    let Some(function) = env.text(&settings::INTERPRETER_FUNCTION) else { return Ok(None) };
    let tenant_scope = match env.word(&settings::TENANT_SCOPE)? {
        Some("member") => TenantScope::Member,
        _ => TenantScope::Sandbox,
    };
    Ok(Some(Remote {
        function,
        role_arn: env.text(&settings::SANDBOX_ROLE_ARN).ok_or_else(|| settings::SANDBOX_ROLE_ARN.missing())?,
        tenant_scope,
        lambda_endpoint: env.url(&settings::LAMBDA_ENDPOINT)?,
        sts_endpoint: env.url(&settings::STS_ENDPOINT)?,
    }))
}

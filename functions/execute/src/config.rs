//! Reads the settings of ExecuteFunction, through a lookup that is passed in. [`crate::settings`] has the table of them.
//!
//! An empty value counts as absent, because a template cannot leave a variable out. The function does not start with a
//! malformed value.

use std::time::Duration;

use sandcastle::Name;
use sandcastle_host::{HostConfig, settings::host_config};
use sandcastle_remote::TenantScope;
use sandcastle_runtime::settings::{LOG, Lookup, SettingsError};

use crate::{
    Allowance, EventSettings,
    auth::{JwtSettings, jwt_settings},
    settings,
};

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket.
    pub region: Option<String>,
    /// URL of an S3 other than Amazon's.
    pub endpoint: Option<String>,
    /// URL of that S3 in presigned URLs.
    pub public_endpoint: Option<String>,
    /// Limit on one execution's code.
    pub execution_limit: Duration,
    /// Limit on a whole call.
    pub call_limit: Option<Duration>,
    /// The function that runs the code; this function runs it when absent.
    pub remote: Option<Remote>,
    /// Limits on each caller.
    pub allowed: Allowance,
    /// Settings of events.
    pub events: EventSettings,
    /// Settings of JSON Web Tokens, if any are accepted.
    pub jwt: Option<JwtSettings>,
    /// The host of kernels, for code in this function.
    pub host: HostConfig,
    /// The filter of the log.
    pub log: String,
}

/// The function that runs the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Name or ARN of the function.
    pub function: String,
    /// Role whose credentials, limited to one sandbox, it gets.
    pub role_arn: String,
    /// What shares an environment: the code of one sandbox, or of one member.
    pub tenant_scope: TenantScope,
    /// Whether the start of a sandbox starts its environment as well.
    pub warms_up: bool,
    /// URL of a Lambda other than Amazon's.
    pub lambda_endpoint: Option<String>,
    /// URL of an STS other than Amazon's.
    pub sts_endpoint: Option<String>,
}

impl Config {
    /// Reads the settings. `lookup` returns the value of a variable.
    ///
    /// # Errors
    /// When a variable is missing or malformed. The error names it and does not quote it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let env = Lookup(lookup);
        Ok(Self {
            bucket: env.text(&settings::BUCKET).ok_or_else(|| settings::BUCKET.missing())?,
            region: env.text(&settings::REGION),
            endpoint: env.url(&settings::S3_ENDPOINT)?,
            public_endpoint: env.url(&settings::S3_PUBLIC_ENDPOINT)?,
            execution_limit: Duration::from_secs(env.number_or_default(&settings::TIMEOUT_S)?),
            call_limit: env.number(&settings::CALL_S)?.map(Duration::from_secs),
            remote: remote(&env)?,
            allowed: Allowance::from_lookup(&env)?,
            events: events(&env)?,
            jwt: jwt_settings(&env.0)?,
            host: host_config(&env.0, settings::MAX_KERNELS.default_number()?)?,
            log: env.text_or_default(&LOG),
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
    let Some(function) = env.text(&settings::INTERPRETER_FUNCTION) else {
        return Ok(None);
    };
    let tenant_scope = match env.word(&settings::TENANT_SCOPE)? {
        Some("member") => TenantScope::Member,
        _ => TenantScope::Sandbox,
    };
    Ok(Some(Remote {
        function,
        role_arn: env.text(&settings::SANDBOX_ROLE_ARN).ok_or_else(|| settings::SANDBOX_ROLE_ARN.missing())?,
        tenant_scope,
        warms_up: env.word(&settings::WARM_UP)? == Some("start"),
        lambda_endpoint: env.url(&settings::LAMBDA_ENDPOINT)?,
        sts_endpoint: env.url(&settings::STS_ENDPOINT)?,
    }))
}

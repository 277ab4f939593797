//! What a remote interpreter is given.

use sandcastle::invocation::Bucket;

/// Which function, and what it is given.
#[derive(Clone, Debug)]
pub struct RemoteConfig {
    /// Name or ARN of InterpreterFunction.
    pub function: String,
    /// ARN of the role whose credentials, cut down to one sandbox, it is lent.
    pub role_arn: String,
    /// Who shares an environment.
    pub tenant_scope: TenantScope,
    /// Whether the start of a sandbox starts its environment as well.
    pub warms_up: bool,
    /// The bucket.
    pub bucket: Bucket,
    /// URL of another Lambda than Amazon's.
    pub lambda_endpoint: Option<String>,
    /// URL of another STS than Amazon's.
    pub sts_endpoint: Option<String>,
}

/// Who shares an environment of InterpreterFunction, whose code is all alike to Lambda.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantScope {
    /// Nobody: each sandbox has its own.
    Sandbox,
    /// The sandboxes of one member.
    Member,
}

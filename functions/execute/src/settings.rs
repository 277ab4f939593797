//! The table of ExecuteFunction's settings, one row for each environment variable. [`crate::config`] reads them.

use sandcastle_host::settings as host;
use sandcastle_runtime::settings::{LOG, Setting, Table, Values};

/// The bucket.
pub const BUCKET: Setting =
    Setting { name: "SANDCASTLE_BUCKET", meaning: "name of the bucket", default: "", values: Values::Text };
/// Its region.
pub const REGION: Setting = Setting {
    name: "AWS_REGION",
    meaning: "region of the bucket; Lambda sets it",
    default: "what the AWS SDK finds",
    values: Values::Text,
};
/// An S3 other than Amazon's.
pub const S3_ENDPOINT: Setting = Setting {
    name: "S3_ENDPOINT",
    meaning: "URL of an S3 other than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};
/// That S3 in presigned URLs.
pub const S3_PUBLIC_ENDPOINT: Setting = Setting {
    name: "S3_PUBLIC_ENDPOINT",
    meaning: "URL of that S3 in presigned URLs, if clients reach it by another one",
    default: "S3_ENDPOINT",
    values: Values::Url,
};
/// The limit on one execution.
pub const TIMEOUT_S: Setting = Setting {
    name: "SANDCASTLE_TIMEOUT_S",
    meaning: "time limit of one execution; the official client gives up after 60 seconds",
    default: "50",
    values: Values::Number { from: 1, to: 360, unit: "seconds" },
};
/// The limit on a whole call.
pub const CALL_S: Setting = Setting {
    name: "SANDCASTLE_CALL_S",
    meaning: "time limit of a whole call; the function's own timeout counts too",
    default: "SANDCASTLE_TIMEOUT_S plus 8",
    values: Values::Number { from: 1, to: 900, unit: "seconds" },
};

/// The function that runs the code.
pub const INTERPRETER_FUNCTION: Setting = Setting {
    name: "INTERPRETER_FUNCTION",
    meaning: "name or ARN of InterpreterFunction, which runs the code",
    default: "this function runs it",
    values: Values::Text,
};
/// The role for InterpreterFunction.
pub const SANDBOX_ROLE_ARN: Setting = Setting {
    name: "SANDBOX_ROLE_ARN",
    meaning: "role whose credentials, limited to one sandbox, InterpreterFunction gets; required with INTERPRETER_FUNCTION",
    default: "",
    values: Values::Text,
};
/// What shares an environment.
pub const TENANT_SCOPE: Setting = Setting {
    name: "TENANT_SCOPE",
    meaning: "whether the code of one sandbox or of one member shares an environment of InterpreterFunction",
    default: "sandbox",
    values: Values::OneOf(&["sandbox", "member"]),
};
/// When environments are made ready.
pub const WARM_UP: Setting = Setting {
    name: "WARM_UP",
    meaning: "whether the start of a sandbox starts its environment too; a first call that does not wait for it starts a second one",
    default: "none",
    values: Values::OneOf(&["none", "start"]),
};
/// A Lambda other than Amazon's.
pub const LAMBDA_ENDPOINT: Setting = Setting {
    name: "LAMBDA_ENDPOINT",
    meaning: "URL of a Lambda other than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};
/// An STS other than Amazon's.
pub const STS_ENDPOINT: Setting = Setting {
    name: "STS_ENDPOINT",
    meaning: "URL of an STS other than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};

/// The organisation of callers without a token.
pub const TRUSTED_ORG: Setting = Setting {
    name: "TRUSTED_ORG",
    meaning: "organisation that invocations and events without a token run for",
    default: "none: they need a token",
    values: Values::Other("a name of 1 to 32 of the characters A-Z a-z 0-9 . _"),
};
/// Whether downloads are streamed.
pub const STREAM_DOWNLOADS: Setting = Setting {
    name: "SANDCASTLE_STREAM_DOWNLOADS",
    meaning: "whether downloads are answered as a stream, which the REST API must be configured for",
    default: "no",
    values: Values::OneOf(&["no", "yes"]),
};

const fn limit(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, meaning, default: "no limit", values: Values::Number { from: 0, to: 1_000_000, unit: "" } }
}
/// Requests per second of a key.
pub const KEY_REQUESTS_PER_SECOND: Setting = limit(
    "KEY_REQUESTS_PER_SECOND",
    "requests per second of each key; bursts of twice that are allowed; 0 for no limit",
);
/// Requests per second of an organisation.
pub const ORG_REQUESTS_PER_SECOND: Setting = limit("ORG_REQUESTS_PER_SECOND", "the same for each organisation");
/// New sandboxes of a member.
pub const MEMBER_STARTS_PER_HOUR: Setting = limit(
    "MEMBER_STARTS_PER_HOUR",
    "sandboxes that each member may start in an hour, those not counted that are stopped; 0 for no limit",
);
/// New sandboxes of an organisation.
pub const ORG_STARTS_PER_HOUR: Setting = limit("ORG_STARTS_PER_HOUR", "the same for each organisation");
/// Bytes of an organisation.
pub const ORG_STORES_MB_PER_DAY: Setting = limit(
    "ORG_STORES_MB_PER_DAY",
    "MiB of files and variables that each organisation may store in a day (UTC); 0 for no limit",
);
/// Executions of a key.
pub const KEY_EXECUTIONS: Setting = limit("KEY_EXECUTIONS", "executions at once of each key; 0 for no limit");
/// Executions of an organisation. The default lets nobody's waiting calls take all connections of a server.
pub const ORG_EXECUTIONS: Setting = limit("ORG_EXECUTIONS", "the same for each organisation").with_default("100");

/// The issuer of tokens.
pub const JWT_ISSUER: Setting = Setting {
    name: "JWT_ISSUER",
    meaning: "issuer whose JSON Web Tokens are accepted beside API keys; must equal their iss claim exactly",
    default: "none: only API keys are accepted",
    values: Values::Text,
};
/// The audiences of tokens.
pub const JWT_AUDIENCE: Setting = Setting {
    name: "JWT_AUDIENCE",
    meaning: "accepted audiences, separated by commas; a token needs one of them; required with JWT_ISSUER",
    default: "",
    values: Values::Text,
};
/// The keys that verify tokens.
pub const JWT_JWKS: Setting = Setting {
    name: "JWT_JWKS",
    meaning: "URL of the issuer's keys, or the JSON Web Key Set itself",
    default: "JWT_ISSUER/.well-known/jwks.json",
    values: Values::Other(
        "an https:// URL (http:// only of this machine), or a JSON Web Key Set with a key for RS256, ES256 or EdDSA",
    ),
};
/// The claim with the organisation.
pub const JWT_ORG_CLAIM: Setting = Setting {
    name: "JWT_ORG_CLAIM",
    meaning: "claim that names the organisation",
    default: "org",
    values: Values::Text,
};
/// The claim with the member.
pub const JWT_MEMBER_CLAIM: Setting =
    Setting { name: "JWT_MEMBER_CLAIM", meaning: "claim that names the member", default: "sub", values: Values::Text };
/// The claim with the scopes.
pub const JWT_SCOPE_CLAIM: Setting = Setting {
    name: "JWT_SCOPE_CLAIM",
    meaning: "claim that lists scopes",
    default: "the first of scope, scp and permissions that a token has",
    values: Values::Text,
};

/// Kernels at once in this function.
pub const MAX_KERNELS: Setting = host::MAX_KERNELS.with_default("4");

/// Limits on callers.
pub const CALLERS: &[Setting] = &[
    KEY_REQUESTS_PER_SECOND,
    ORG_REQUESTS_PER_SECOND,
    MEMBER_STARTS_PER_HOUR,
    ORG_STARTS_PER_HOUR,
    ORG_STORES_MB_PER_DAY,
    KEY_EXECUTIONS,
    ORG_EXECUTIONS,
];
/// JSON Web Tokens.
pub const JWT: &[Setting] = &[JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS, JWT_ORG_CLAIM, JWT_MEMBER_CLAIM, JWT_SCOPE_CLAIM];

/// Every setting of ExecuteFunction, in groups with a title each.
pub const SETTINGS: Table<'static> = &[
    ("The bucket", &[BUCKET, REGION, S3_ENDPOINT, S3_PUBLIC_ENDPOINT]),
    ("Calls", &[TIMEOUT_S, CALL_S, TRUSTED_ORG, STREAM_DOWNLOADS, LOG]),
    ("Limits on callers", CALLERS),
    ("JSON Web Tokens", JWT),
    (
        "Code in InterpreterFunction",
        &[INTERPRETER_FUNCTION, SANDBOX_ROLE_ARN, TENANT_SCOPE, WARM_UP, LAMBDA_ENDPOINT, STS_ENDPOINT],
    ),
    (
        "Code in this function",
        &[
            host::KERNEL,
            host::PYTHON_HOME,
            host::SITE_PACKAGES,
            host::RUN_DIR,
            MAX_KERNELS,
            host::MEMORY_MB,
            host::DISK_MB,
            host::AUDIT,
            host::JAIL,
        ],
    ),
];

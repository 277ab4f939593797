//! The settings of ExecuteFunction, one row for each environment variable. [`crate::config`] reads them.

use sandcastle_host::settings as host;
use sandcastle_runtime::settings::{Setting, Values};

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
/// Another S3.
pub const S3_ENDPOINT: Setting = Setting {
    name: "S3_ENDPOINT",
    meaning: "URL of another S3 than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};
/// Where links point.
pub const S3_PUBLIC_ENDPOINT: Setting = Setting {
    name: "S3_PUBLIC_ENDPOINT",
    meaning: "URL of that S3 in presigned URLs",
    default: "S3_ENDPOINT",
    values: Values::Url,
};
/// The limit on one execution.
pub const TIMEOUT_S: Setting = Setting {
    name: "SANDCASTLE_TIMEOUT_S",
    meaning: "limit on the code of one execution; the official client gives up after 60",
    default: "50",
    values: Values::Number { from: 1, to: 360, unit: "seconds" },
};
/// The limit on a whole call.
pub const CALL_S: Setting = Setting {
    name: "SANDCASTLE_CALL_S",
    meaning: "limit on a whole call; the function's own timeout always counts",
    default: "none",
    values: Values::Number { from: 1, to: 900, unit: "seconds" },
};
/// What is logged.
pub const LOG: Setting = Setting {
    name: "RUST_LOG",
    meaning: "what is logged, to standard error: a level, or target=level with commas between",
    default: "info",
    values: Values::Other("a level, or target=level with commas between"),
};

/// Where code runs, when not here.
pub const INTERPRETER_FUNCTION: Setting = Setting {
    name: "INTERPRETER_FUNCTION",
    meaning: "name or ARN of InterpreterFunction, which then runs the code",
    default: "this function runs it",
    values: Values::Text,
};
/// What InterpreterFunction is lent.
pub const SANDBOX_ROLE_ARN: Setting = Setting {
    name: "SANDBOX_ROLE_ARN",
    meaning: "role whose credentials, limited to one sandbox, are lent to InterpreterFunction; required with it",
    default: "",
    values: Values::Text,
};
/// Who shares an environment.
pub const TENANT_SCOPE: Setting = Setting {
    name: "TENANT_SCOPE",
    meaning: "whose code shares an environment of InterpreterFunction: one sandbox's, or one member's",
    default: "sandbox",
    values: Values::OneOf(&["sandbox", "member"]),
};
/// Another Lambda.
pub const LAMBDA_ENDPOINT: Setting = Setting {
    name: "LAMBDA_ENDPOINT",
    meaning: "URL of another Lambda than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};
/// Another STS.
pub const STS_ENDPOINT: Setting = Setting {
    name: "STS_ENDPOINT",
    meaning: "URL of another STS than Amazon's",
    default: "Amazon's",
    values: Values::Url,
};

/// The organisation of callers without a token.
pub const TRUSTED_ORG: Setting = Setting {
    name: "TRUSTED_ORG",
    meaning: "organisation for which invocations and events without a token run code",
    default: "they need a token",
    values: Values::Other("a name of 1 to 32 of A-Z a-z 0-9 . _"),
};
/// Whether downloads are streamed.
pub const STREAM_DOWNLOADS: Setting = Setting {
    name: "SANDCASTLE_STREAM_DOWNLOADS",
    meaning: "whether the REST API takes downloads as a stream",
    default: "no",
    values: Values::OneOf(&["no", "yes"]),
};

const fn per_second(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, meaning, default: "no limit", values: Values::Number { from: 0, to: 1_000_000, unit: "" } }
}
/// Requests a second of a key.
pub const KEY_REQUESTS_PER_SECOND: Setting =
    per_second("KEY_REQUESTS_PER_SECOND", "requests a second for each key; a burst may be twice that; 0 for no limit");
/// Requests a second of an organisation.
pub const ORG_REQUESTS_PER_SECOND: Setting =
    per_second("ORG_REQUESTS_PER_SECOND", "requests a second for each organisation; a burst may be twice that");
/// Executions of a key.
pub const KEY_EXECUTIONS: Setting = per_second("KEY_EXECUTIONS", "executions at once for each key; 0 for no limit");
/// Executions of an organisation.
pub const ORG_EXECUTIONS: Setting = per_second("ORG_EXECUTIONS", "executions at once for each organisation");

/// Whose tokens are believed.
pub const JWT_ISSUER: Setting = Setting {
    name: "JWT_ISSUER",
    meaning: "issuer whose JSON Web Tokens are accepted beside API keys; must equal their iss to the letter",
    default: "none are accepted",
    values: Values::Text,
};
/// For whom they are.
pub const JWT_AUDIENCE: Setting = Setting {
    name: "JWT_AUDIENCE",
    meaning: "their audiences, with commas between; a token needs one of them; required with JWT_ISSUER",
    default: "",
    values: Values::Text,
};
/// What they are signed with.
pub const JWT_JWKS: Setting = Setting {
    name: "JWT_JWKS",
    meaning: "URL of the issuer's keys, or the JSON Web Key Set itself",
    default: "JWT_ISSUER/.well-known/jwks.json",
    values: Values::Other("an http:// or https:// URL, or a JSON Web Key Set with a key for RS256, ES256 or EdDSA"),
};
/// What names the organisation.
pub const JWT_ORG_CLAIM: Setting = Setting {
    name: "JWT_ORG_CLAIM",
    meaning: "claim that names the organisation",
    default: "org",
    values: Values::Text,
};
/// What names the member.
pub const JWT_MEMBER_CLAIM: Setting =
    Setting { name: "JWT_MEMBER_CLAIM", meaning: "claim that names the member", default: "sub", values: Values::Text };
/// What lists scopes.
pub const JWT_SCOPE_CLAIM: Setting = Setting {
    name: "JWT_SCOPE_CLAIM",
    meaning: "claim that lists scopes",
    default: "the first of scope, scp, permissions that is there",
    values: Values::Text,
};

/// Limits on callers.
pub const CALLERS: &[Setting] = &[KEY_REQUESTS_PER_SECOND, ORG_REQUESTS_PER_SECOND, KEY_EXECUTIONS, ORG_EXECUTIONS];
/// JSON Web Tokens.
pub const JWT: &[Setting] = &[JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS, JWT_ORG_CLAIM, JWT_MEMBER_CLAIM, JWT_SCOPE_CLAIM];

/// Every setting of ExecuteFunction, in groups with a title each.
pub const SETTINGS: &[(&str, &[Setting])] = &[
    ("The bucket", &[BUCKET, REGION, S3_ENDPOINT, S3_PUBLIC_ENDPOINT]),
    ("Calls", &[TIMEOUT_S, CALL_S, TRUSTED_ORG, STREAM_DOWNLOADS, LOG]),
    ("Limits on callers", CALLERS),
    ("JSON Web Tokens", JWT),
    (
        "Code in InterpreterFunction",
        &[INTERPRETER_FUNCTION, SANDBOX_ROLE_ARN, TENANT_SCOPE, LAMBDA_ENDPOINT, STS_ENDPOINT],
    ),
    (
        "Code in this function",
        &[
            host::KERNEL,
            host::PYTHON_HOME,
            host::SITE_PACKAGES,
            host::RUN_DIR,
            host::MAX_KERNELS.with_default("4"),
            host::MEMORY_MB,
            host::JAIL,
        ],
    ),
];

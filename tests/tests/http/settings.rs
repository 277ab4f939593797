//! The settings of ExecuteFunction.

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use sandcastle::Name;
use sandcastle_execute::{
    Allowance, EventSettings,
    config::{Config, Remote},
    settings::SETTINGS,
};
use sandcastle_remote::TenantScope;
use sandcastle_runtime::settings::{Setting, SettingsError, Values};

fn read(variables: &[(&str, &str)]) -> Result<Config, SettingsError> {
    let bucket = [("SANDCASTLE_BUCKET", "bucket")];
    let find = |name: &str| variables.iter().chain(&bucket).find(|(known, _)| *known == name);
    Config::from_lookup(|name| find(name).map(|(_, value)| (*value).to_owned()))
}

#[test]
fn a_bucket_is_all_that_has_to_be_said() {
    let config = read(&[]).unwrap();
    assert_eq!(config.bucket, "bucket");
    assert_eq!((config.execution_limit, config.call_limit), (Duration::from_secs(50), None));
    assert_eq!(config.allowed, Allowance { org_executions: 100, ..Allowance::default() });
    assert_eq!(config.host.kernel_binary.to_str(), Some("/opt/bin/sandcastle-kernel"));
    assert_eq!((config.host.required_steps.len(), config.host.max_kernels, config.log.as_str()), (0, 4, "info"));
    assert_eq!(Config::from_lookup(|_| None).unwrap_err().to_string(), "SANDCASTLE_BUCKET is not set");
}

#[test]
fn an_empty_value_is_an_absent_one() {
    let names =
        ["S3_ENDPOINT", "SANDCASTLE_TIMEOUT_S", "SANDCASTLE_CALL_S", "JAIL", "SANDCASTLE_PYTHON_HOME", "RUST_LOG"];
    assert_eq!(read(&names.map(|name| (name, ""))), read(&[]));
    assert!(read(&[("SANDCASTLE_BUCKET", "")]).is_err());
}

#[test]
fn a_malformed_value_is_refused_by_name_and_not_quoted() {
    let cases = [
        ("SANDCASTLE_TIMEOUT_S", vec!["0", "361", "-1", "50s", "1e2", " 50"]),
        ("SANDCASTLE_CALL_S", vec!["0", "901", "soon"]),
        ("SANDCASTLE_MAX_KERNELS", vec!["0", "1001", "many"]),
        ("SANDCASTLE_MEMORY_MB", vec!["63", "2GB", "18446744073709551615"]),
        ("S3_ENDPOINT", vec!["localhost:9000", "http://", "ftp://host", "http://a b"]),
        ("S3_PUBLIC_ENDPOINT", vec!["//host"]),
        ("JAIL", vec!["off", "Required", "true"]),
    ];
    for (name, values) in cases {
        for value in values {
            let error = read(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && (value.len() < 8 || !error.contains(value)), "{name}={value}: {error}");
        }
    }
}

#[test]
fn values_are_taken_over() {
    let config = read(&[
        ("SANDCASTLE_TIMEOUT_S", "360"),
        ("SANDCASTLE_CALL_S", "28"),
        ("SANDCASTLE_MAX_KERNELS", "2"),
        ("S3_ENDPOINT", "http://host.docker.internal:8788"),
        ("JAIL", "required"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
    ]);
    let config = config.unwrap();
    assert_eq!((config.execution_limit, config.call_limit), (Duration::from_secs(360), Some(Duration::from_secs(28))));
    assert_eq!((config.host.max_kernels, config.host.limits.memory_bytes), (2, (1769 - 256) << 20));
    assert_eq!(config.endpoint.as_deref(), Some("http://host.docker.internal:8788"));
    assert!(!config.host.required_steps.is_empty());
}

#[test]
fn code_runs_elsewhere_when_a_function_is_named_with_a_role() {
    assert_eq!(read(&[("TENANT_SCOPE", "member"), ("SANDBOX_ROLE_ARN", "arn")]).unwrap().remote, None);
    let function = ("INTERPRETER_FUNCTION", "interpreter");
    assert_eq!(read(&[function]).unwrap_err().to_string(), "SANDBOX_ROLE_ARN is not set");
    let set = [function, ("SANDBOX_ROLE_ARN", "arn"), ("TENANT_SCOPE", "member"), ("WARM_UP", "start")];
    let set = [&set[..], &[("STS_ENDPOINT", "http://sts")]].concat();
    let remote = Remote {
        function: "interpreter".into(),
        role_arn: "arn".into(),
        tenant_scope: TenantScope::Member,
        warms_up: true,
        lambda_endpoint: None,
        sts_endpoint: Some("http://sts".into()),
    };
    assert_eq!(read(&set).unwrap().remote, Some(remote));
    for (name, value) in
        [("TENANT_SCOPE", "org"), ("WARM_UP", "yes"), ("LAMBDA_ENDPOINT", "lambda"), ("STS_ENDPOINT", "sts")]
    {
        let error = read(&[function, ("SANDBOX_ROLE_ARN", "arn"), (name, value)]).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn events_are_trusted_and_downloads_streamed_only_where_that_is_said() {
    assert_eq!(
        read(&[("TRUSTED_ORG", ""), ("SANDCASTLE_STREAM_DOWNLOADS", "no")]).unwrap().events,
        EventSettings::default()
    );
    let set = read(&[("TRUSTED_ORG", "acme"), ("SANDCASTLE_STREAM_DOWNLOADS", "yes")]).unwrap().events;
    assert_eq!(set, EventSettings { trusted_org: Some(Name::parse("acme").unwrap()), stream_downloads: true });
    for (name, value) in [("TRUSTED_ORG", "a-b"), ("SANDCASTLE_STREAM_DOWNLOADS", "true")] {
        assert!(read(&[(name, value)]).unwrap_err().to_string().contains(name));
    }
}

/// A valid value for each setting.
fn valid(setting: &Setting) -> String {
    match (setting.name, setting.values) {
        ("RUST_LOG", _) => "debug".into(),
        ("TRUSTED_ORG", _) => "acme".into(),
        ("JWT_JWKS", _) | (_, Values::Url) => "https://host".into(),
        (_, Values::Number { from, .. }) => from.to_string(),
        (_, Values::OneOf(words)) => words[0].into(),
        (_, Values::Text | Values::Path) => "/x".into(),
        (name, Values::Other(_)) => panic!("{name} needs a valid value in this test"),
    }
}

fn table() -> Vec<Setting> {
    SETTINGS.iter().flat_map(|(_, settings)| *settings).copied().collect()
}

#[test]
fn the_table_has_every_variable_that_is_read_and_no_other() {
    let asked = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        table().iter().find(|setting| setting.name == name).map(valid)
    };
    Config::from_lookup(lookup).unwrap();
    let mut asked = asked.into_inner();
    assert!(asked.remove("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "Lambda sets it; nobody else does");
    let names: Vec<_> = table().iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(asked.len(), names.len(), "a name is in the table twice");
    assert_eq!(asked, names.into_iter().collect());
}

#[test]
fn a_default_that_is_a_value_is_what_holds_without_it() {
    let values = ["SANDCASTLE_TIMEOUT_S", "SANDCASTLE_STREAM_DOWNLOADS", "RUST_LOG", "SANDCASTLE_KERNEL"];
    let of_the_host = ["SANDCASTLE_RUN_DIR", "SANDCASTLE_MAX_KERNELS", "JAIL"];
    let required = [("JWT_ISSUER", "https://idp"), ("JWT_AUDIENCE", "api"), ("INTERPRETER_FUNCTION", "f")];
    let required = [&required[..], &[("SANDBOX_ROLE_ARN", "arn")]].concat();
    let of_others = ["JWT_ORG_CLAIM", "JWT_MEMBER_CLAIM", "TENANT_SCOPE", "WARM_UP"];
    for name in values.iter().chain(&of_the_host).chain(&of_others) {
        let default = table().iter().find(|setting| setting.name == *name).unwrap().default;
        let explicit = [&required[..], &[(*name, default)]].concat();
        assert_eq!(read(&explicit), read(&required), "{name}={default}");
        assert!(read(&explicit).is_ok(), "{name}={default}");
    }
}

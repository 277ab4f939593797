//! The settings of the Lambda function.

use std::time::Duration;

use sandcastle::Name;
use sandcastle_execute::{
    EventSettings,
    config::{Config, Remote},
};
use sandcastle_remote::TenantScope;
use sandcastle_runtime::settings::SettingsError;

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
    let set = [function, ("SANDBOX_ROLE_ARN", "arn"), ("TENANT_SCOPE", "member"), ("STS_ENDPOINT", "http://sts")];
    let remote = Remote {
        function: "interpreter".into(),
        role_arn: "arn".into(),
        tenant_scope: TenantScope::Member,
        lambda_endpoint: None,
        sts_endpoint: Some("http://sts".into()),
    };
    assert_eq!(read(&set).unwrap().remote, Some(remote));
    for (name, value) in [("TENANT_SCOPE", "org"), ("LAMBDA_ENDPOINT", "lambda"), ("STS_ENDPOINT", "sts")] {
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

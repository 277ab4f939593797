//! The settings of `sandcastle serve`: defaults, valid values, and errors.
#![cfg(test)]

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use sandcastle_host::settings::Jail;
use sandcastle_local::{SETTINGS, Settings, Storage};
use sandcastle_runtime::settings::{Setting, SettingsError, Values};

fn read(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::from_lookup(|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn nothing_has_to_be_said() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.address.to_string(), "127.0.0.1:8787");
    assert!(matches!(settings.storage, Storage::Embedded { address } if address.to_string() == "127.0.0.1:8788"));
    assert_eq!(settings.data_dir.to_str(), Some(".sandcastle"));
    assert_eq!(settings.execution_limit, Duration::from_secs(50));
    assert_eq!(settings.jail, Jail::Required);
    assert_eq!((settings.max_kernels, settings.memory_bytes), (32, 2048 << 20));
    assert!(settings.api_key.is_none());
}

#[test]
fn an_empty_value_counts_as_absent() {
    let settings = read(&[("PORT", ""), ("JAIL", ""), ("S3_ENDPOINT", ""), ("SANDCASTLE_API_KEY", "")]).unwrap();
    assert_eq!(settings.address.port(), 8787);
    assert!(settings.api_key.is_none());
    assert!(matches!(settings.storage, Storage::Embedded { .. }));
}

#[test]
fn any_port_for_the_api_means_any_port_for_the_s3() {
    let s3_port = |variables: &[(&str, &str)]| match read(variables).unwrap().storage {
        Storage::Embedded { address } => address.port(),
        Storage::Remote(_) => panic!("the S3 is embedded"),
    };
    assert_eq!(s3_port(&[("PORT", "0")]), 0);
    assert_eq!(s3_port(&[("PORT", "9000")]), 9001);
    assert_eq!(s3_port(&[("PORT", "9000"), ("S3_PORT", "7000")]), 7000);
}

#[test]
fn an_endpoint_or_a_bucket_takes_the_place_of_the_embedded_s3() {
    let remote = |variables: &[(&str, &str)]| match read(variables).unwrap().storage {
        Storage::Remote(config) => config,
        Storage::Embedded { .. } => panic!("the S3 is another one"),
    };
    let config = remote(&[("S3_ENDPOINT", "http://s3:9000"), ("AWS_REGION", "eu-west-1")]);
    assert_eq!((&*config.bucket, config.endpoint.as_deref()), ("sandcastle", Some("http://s3:9000")));
    assert_eq!(config.region.as_deref(), Some("eu-west-1"));
    let config = remote(&[("SANDCASTLE_BUCKET", "mine"), ("S3_PUBLIC_ENDPOINT", "https://files.example")]);
    assert_eq!((&*config.bucket, config.endpoint), ("mine", None));
    assert_eq!(config.public_endpoint.as_deref(), Some("https://files.example"));
}

#[test]
fn a_malformed_value_is_refused_by_the_name_of_its_variable_and_not_repeated() {
    let cases = [
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("HOST", "localhost:1"),
        ("S3_PORT", "8.8"),
        ("S3_ENDPOINT", "s3.example"),
        ("S3_ENDPOINT", "ftp://s3.example"),
        ("S3_PUBLIC_ENDPOINT", "http://"),
        ("S3_PUBLIC_ENDPOINT", "http://a b"),
        ("SANDCASTLE_API_KEY", "two words"),
        ("SANDCASTLE_API_KEY", "schlüssel"),
        ("SANDCASTLE_TIMEOUT_S", "0"),
        ("SANDCASTLE_TIMEOUT_S", "361"),
        ("SANDCASTLE_TIMEOUT_S", "50s"),
        ("SANDCASTLE_MAX_KERNELS", "0"),
        ("SANDCASTLE_MEMORY_MB", "63"),
        ("SANDCASTLE_MEMORY_MB", "99999999999999999999"),
        ("JAIL", "off"),
        ("JAIL", "Required"),
        ("SANDCASTLE_LOG_FORMAT", "text"),
    ];
    for (name, value) in cases {
        let error = read(&[(name, value)]).map(|_| ()).unwrap_err();
        assert_eq!(error.name, name, "{value}");
        let text = error.to_string();
        assert!(text.contains(name) && (value.len() < 8 || !text.contains(value)), "{text}");
    }
    assert_eq!(read(&[("PORT", "65535")]).map(|_| ()).unwrap_err().name, "S3_PORT", "there is no next port");
}

#[test]
fn the_development_key_does_not_show_in_what_is_printed_of_the_settings() {
    let settings = read(&[("SANDCASTLE_API_KEY", "tql_hidden")]).unwrap();
    assert!(!format!("{settings:?}").contains("tql_hidden"));
}

fn table() -> Vec<Setting> {
    SETTINGS.iter().flat_map(|(_, settings)| *settings).copied().collect()
}

/// A valid value for each setting.
fn valid(setting: &Setting) -> String {
    match (setting.name, setting.values) {
        ("PORT" | "S3_PORT", _) => "1".into(),
        ("HOST", _) => "127.0.0.1".into(),
        ("SANDCASTLE_API_KEY", _) => "key".into(),
        ("RUST_LOG", _) => "debug".into(),
        ("JWT_JWKS", _) | (_, Values::Url) => "https://host".into(),
        (_, Values::Number { from, .. }) => from.to_string(),
        (_, Values::OneOf(words)) => words.first().copied().unwrap_or_default().into(),
        (_, Values::Text | Values::Path) => "/x".into(),
        // Refused where anything is: the setting then needs a value of its own above.
        (_, Values::Other(_)) => "?".into(),
    }
}

#[test]
fn the_table_has_every_variable_that_is_read_and_no_other() {
    let asked = RefCell::new(BTreeSet::new());
    // One S3 and no other; and of the two names of a region, the second is read only without the first.
    let unset = [&["S3_ENDPOINT", "SANDCASTLE_BUCKET"][..], &["AWS_REGION"]];
    for unset in unset {
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            table().iter().find(|setting| setting.name == name && !unset.contains(&name)).map(valid)
        };
        Settings::from_lookup(lookup).unwrap();
    }
    let mut asked = asked.into_inner();
    assert!(asked.remove("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"), "Lambda sets it; nobody else does");
    let names: Vec<_> = table().iter().map(|setting| setting.name.to_owned()).collect();
    assert_eq!(asked.len(), names.len(), "a name is in the table twice");
    assert_eq!(asked, names.into_iter().collect());
}

#[test]
fn a_default_that_is_a_value_is_what_holds_without_it() {
    let server = ["PORT", "HOST", "SANDCASTLE_DATA_DIR", "RUST_LOG", "SANDCASTLE_LOG_FORMAT"];
    let code = ["SANDCASTLE_TIMEOUT_S", "SANDCASTLE_MAX_KERNELS", "SANDCASTLE_MEMORY_MB", "JAIL"];
    let required = [("JWT_ISSUER", "https://idp"), ("JWT_AUDIENCE", "api")];
    let shown = |variables: &[(&str, &str)]| format!("{:?}", read(variables).unwrap());
    for name in server.iter().chain(&code).chain(&["JWT_ORG_CLAIM", "JWT_MEMBER_CLAIM"]) {
        let default = table().iter().find(|setting| setting.name == *name).unwrap().default;
        assert_eq!(shown(&[&required[..], &[(*name, default)]].concat()), shown(&required), "{name}={default}");
    }
    let bucket = table().iter().find(|setting| setting.name == "SANDCASTLE_BUCKET").unwrap().default;
    let endpoint = ("S3_ENDPOINT", "http://s3:9000");
    assert_eq!(shown(&[endpoint, ("SANDCASTLE_BUCKET", bucket)]), shown(&[endpoint]));
}

//! The error messages of `sandcastle serve` when it cannot start.
#![cfg(test)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Command,
};

use sandcastle_local::EmbeddedS3;

/// What it writes to standard error before it gives up.
fn refused(settings: &[(&str, &str)]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandcastle"));
    let output = command.arg("serve").env_clear().env("PORT", "0").envs(settings.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{settings:?}");
    assert!(output.stdout.is_empty(), "no banner");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_malformed_setting_is_named() {
    assert!(
        refused(&[("SANDCASTLE_TIMEOUT_S", "400")])
            .contains("SANDCASTLE_TIMEOUT_S must be a number of seconds from 1 to 360")
    );
    assert!(refused(&[("RUST_LOG", "a=b=c")]).contains("RUST_LOG"));
}

#[test]
fn a_missing_kernel_is_named_with_the_way_out() {
    let data = tempfile::tempdir().unwrap();
    let settings = [("SANDCASTLE_DATA_DIR", data.path().to_str().unwrap()), ("SANDCASTLE_KERNEL", "/nowhere/kernel")];
    let message = refused(&settings);
    assert!(message.contains("/nowhere/kernel") && message.contains("make build"), "{message}");
}

#[tokio::test]
async fn a_data_folder_in_use_is_named_with_the_ways_out() {
    let data = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(data.path(), SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0)).await.unwrap();
    let message = refused(&[("SANDCASTLE_DATA_DIR", data.path().to_str().unwrap())]);
    let ways_out = message.contains("SANDCASTLE_DATA_DIR") && message.contains("S3_ENDPOINT");
    assert!(ways_out && message.contains(data.path().file_name().unwrap().to_str().unwrap()), "{message}");
    s3.shutdown().await.unwrap();
}

#[test]
fn a_taken_port_is_named_with_the_setting_that_chooses_another() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    // This program stands in for the kernel: a file is all that is looked for before the ports are.
    let here = [
        ("SANDCASTLE_DATA_DIR", data.path().to_str().unwrap()),
        ("SANDCASTLE_KERNEL", env!("CARGO_BIN_EXE_sandcastle")),
    ];
    let message = refused(&[&here[..], &[("PORT", &*port), ("S3_PORT", "0")]].concat());
    assert!(message.contains(&port) && message.contains("PORT"), "{message}");
    let message = refused(&[&here[..], &[("S3_PORT", &*port)]].concat());
    assert!(message.contains(&port) && message.contains("S3_PORT"), "{message}");
}

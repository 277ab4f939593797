//! Starting a host: what stops it is said in words that help.

use std::{fs, os::unix::fs::PermissionsExt, sync::Arc};

use sandcastle_interpreter::{HostConfig, HostError, KernelHost};

use crate::{
    store::MemoryStore,
    support::{TestHost, config},
};

async fn refusal(config: HostConfig) -> HostError {
    let host = KernelHost::start(config, Arc::new(MemoryStore::default())).await;
    host.err().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_step_is_not_ignored() {
    let run_dir = tempfile::tempdir().unwrap();
    let mut config = config(run_dir.path());
    config.required_steps = vec!["no_such_step".into()];
    assert!(refusal(config).await.to_string().contains("no_such_step"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_belongs_to_one_host() {
    let host = TestHost::start().await;
    let error = refusal(config(&host.run_dir.path().join("run"))).await;
    assert!(matches!(error, HostError::InUse { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_host_left_is_removed() {
    let run_dir = tempfile::tempdir().unwrap();
    let left = run_dir.path().join("kernels/1/files");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("secret.txt"), "x").unwrap();
    let host = KernelHost::start(config(run_dir.path()), Arc::new(MemoryStore::default())).await.unwrap();
    assert!(!left.join("secret.txt").exists());
    host.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binary_that_is_no_kernel_is_named_with_its_words() {
    let run_dir = tempfile::tempdir().unwrap();
    let missing = run_dir.path().join("missing");
    let mut config = config(&run_dir.path().join("run"));
    config.kernel_binary = missing.clone();
    assert!(refusal(config.clone()).await.to_string().contains("missing"));
    fs::write(&missing, "#!/bin/sh\necho wrong layer >&2\n").unwrap();
    fs::set_permissions(&missing, fs::Permissions::from_mode(0o755)).unwrap();
    assert!(refusal(config.clone()).await.to_string().contains("wrong layer"));
    config.site_packages = Some(run_dir.path().join("no/packages"));
    assert!(refusal(config).await.to_string().contains("no/packages"));
}

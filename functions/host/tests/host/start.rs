//! Starting a host: what stops it is said in words that help.

use std::{fs, sync::Arc};

use sandcastle_host::{HostConfig, HostError, KernelHost};
use sandcastle_protocol::Step;
use sandcastle_runtime::chain;

use crate::{
    store::MemoryStore,
    support::{TestHost, config},
};

async fn refusal(config: HostConfig) -> HostError {
    let host = KernelHost::start(config, Arc::new(MemoryStore::default())).await;
    host.err().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_step_that_does_not_hold_stops_the_host() {
    let run_dir = tempfile::tempdir().unwrap();
    let mut config = config(run_dir.path());
    // No jail accepts this path, so kernels get no root of their own.
    config.site_packages = Some("/etc".into());
    config.required_steps = vec![Step::Mounts];
    let text = chain(&refusal(config).await);
    assert!(text.contains("required step mounts does not hold"), "{text}");
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
async fn what_cannot_be_run_is_named_with_its_words() {
    // A folder each: the lock of the one before lives on while another test's fork has not come to its exec.
    let run_dir = || tempfile::tempdir().unwrap();
    let (first, second, third) = (run_dir(), run_dir(), run_dir());
    let mut missing = config(first.path());
    missing.kernel_binary = first.path().join("missing");
    let mut no_kernel = config(second.path());
    // A program that has words of its own for being run like this.
    no_kernel.kernel_binary = "/bin/cp".into();
    let mut no_packages = config(third.path());
    no_packages.site_packages = Some(third.path().join("no/packages"));
    for (config, words) in [(missing, "missing"), (no_kernel, "cp:"), (no_packages, "no/packages")] {
        let error = refusal(config).await.to_string();
        assert!(error.contains(words), "{error}");
    }
}

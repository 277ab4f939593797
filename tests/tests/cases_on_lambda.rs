//! Runs the behaviour cases of `tests/cases` against the Lambda emulator, each request as a REST API event: with one function
//! and with two, without isolation and isolated as on Lambda, and built for arm64.

use sandcastle_e2e::{
    bucket::bucket,
    cases::{self, CONTRACT},
    deployment::{Bucket, Deployment},
    emulator::Function,
    gateway::Gateway,
    isolation::{Isolation, has_arm64, is_root},
};

/// A short execution limit, so that cases which exceed it end soon.
const TIMEOUT: (&str, &str) = ("SANDCASTLE_TIMEOUT_S", "10");

/// Limits for a processor that is emulated, and ten times slower.
const EMULATED: &[(&str, &str)] =
    &[("SANDCASTLE_TIMEOUT_S", "100"), ("SANDCASTLE_CALL_S", "110"), ("AWS_LAMBDA_FUNCTION_TIMEOUT", "120")];

/// The cases without figures and data frames: qemu has a thread of its own in each process, so that no zygote with packages
/// starts, and each of the other cases imports pandas or matplotlib, ten times slower. `make arm64` imports all packages once.
const QUICK: &[&str] = &["output", "errors", "files", "http", "state"];

/// Cases that cannot pass on Lambda: without a mount, the working directory has another path than `/sandbox/files`.
const NO_MOUNTS: &[(&str, &str)] = &[
    ("files/sandbox_files_is_the_working_directory", "/sandbox/files needs a mount, which Lambda refuses"),
    ("files/sandbox_files_in_a_child", "/sandbox/files needs a mount, which Lambda refuses"),
];
/// Confinement steps that Lambda refuses: they need namespaces, a seccomp filter, Landlock, or an option of prctl(2).
const REFUSED: &[&str] =
    &["network", "ipc", "mounts", "pid_namespace", "dumpable", "no_new_privs", "landlock", "seccomp"];

/// Checks that the isolation works: the host logs once which confinement steps took effect.
fn assert_steps_refused(log: &str) {
    let line = log.lines().find(|line| line.contains("kernels are confined")).unwrap();
    let held: Vec<_> = REFUSED.iter().filter(|step| line.contains(&format!("\\\"{step}\\\""))).collect();
    assert!(line.contains("rlimits") && held.is_empty(), "took effect: {held:?} in {line}");
}

async fn run_one(isolation: Isolation, excused: &[(&str, &str)]) -> String {
    play(isolation, &[TIMEOUT], CONTRACT, excused).await
}

async fn play(
    isolation: Isolation,
    settings: &[(&str, &str)],
    categories: &[&str],
    excused: &[(&str, &str)],
) -> String {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let function = Function::start_isolated(isolation, folder.path(), &s3, settings);
    let gateway = Gateway::start(&function.url).await;
    tokio::task::block_in_place(|| cases::run(&gateway.url, categories, excused, || function.log()));
    function.log()
}

async fn run_two(isolation: Isolation, excused: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::WithoutIam(bucket(folder.path()).await);
    let deployment = Deployment::start_isolated(isolation, folder.path(), bucket, &[TIMEOUT]).await;
    let gateway = Gateway::start(&deployment.execute.url).await;
    tokio::task::block_in_place(|| cases::run(&gateway.url, CONTRACT, excused, || deployment.log()));
    deployment.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function() {
    run_one(Isolation::None, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions() {
    run_two(Isolation::None, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function_isolated_as_on_lambda() {
    if is_root() {
        assert_steps_refused(&run_one(Isolation::AsOnLambda, NO_MOUNTS).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions_isolated_as_on_lambda() {
    if is_root() {
        assert_steps_refused(&run_two(Isolation::AsOnLambda, NO_MOUNTS).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make arm64 runs it"]
async fn one_function_on_arm64_isolated_as_on_lambda() {
    if is_root() && has_arm64() {
        assert_steps_refused(&play(Isolation::AsOnArm64, EMULATED, QUICK, NO_MOUNTS).await);
    }
}

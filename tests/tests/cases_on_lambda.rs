//! The behaviour cases of `tests/cases` through the emulator, each request as a REST API event: in one function and in
//! two, here and confined as on Lambda.

use sandcastle_e2e::{
    cases::{self, CONTRACT},
    deployment::{Bucket, Deployment, bucket},
    emulator::Function,
    gateway::Gateway,
    here,
    place::Place,
};

/// So that code which runs into the limit does not take long.
const LIMIT: (&str, &str) = ("SANDCASTLE_TIMEOUT_S", "10");

/// What `/sandbox/files` means there, where no mount can be made: the working directory has another name.
const NO_MOUNTS: &[(&str, &str)] = &[
    ("files/sandbox_files_is_the_working_directory", "/sandbox/files takes a mount, which Lambda refuses"),
    ("files/sandbox_files_in_a_child", "/sandbox/files takes a mount, which Lambda refuses"),
];
/// What takes namespaces, a filter, Landlock, or an option of prctl(2).
const REFUSED: &[&str] =
    &["network", "ipc", "mounts", "pid_namespace", "dumpable", "no_new_privs", "landlock", "seccomp"];

/// That the place is what it says: the host tells once which steps of the confinement hold.
fn assert_refused(log: &str) {
    let line = log.lines().find(|line| line.contains("kernels are confined")).unwrap();
    let held: Vec<_> = REFUSED.iter().filter(|step| line.contains(&format!("\\\"{step}\\\""))).collect();
    assert!(line.contains("rlimits") && held.is_empty(), "held: {held:?} in {line}");
}

async fn play_one(place: Place, excused: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    let function = Function::start_in(place, folder.path(), &s3, &[LIMIT]);
    let gateway = Gateway::start(&function.url).await;
    tokio::task::block_in_place(|| cases::play(&gateway.url, CONTRACT, excused, || function.log()));
    function.log()
}

async fn play_two(place: Place, excused: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::Open(bucket(folder.path()).await);
    let deployment = Deployment::start_in(place, folder.path(), bucket, &[LIMIT]).await;
    let gateway = Gateway::start(&deployment.execute.url).await;
    tokio::task::block_in_place(|| cases::play(&gateway.url, CONTRACT, excused, || deployment.log()));
    deployment.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function() {
    play_one(Place::Here, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions() {
    play_two(Place::Here, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_function_confined_as_on_lambda() {
    if here::is_root() {
        assert_refused(&play_one(Place::AsOnLambda, NO_MOUNTS).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions_confined_as_on_lambda() {
    if here::is_root() {
        assert_refused(&play_two(Place::AsOnLambda, NO_MOUNTS).await);
    }
}

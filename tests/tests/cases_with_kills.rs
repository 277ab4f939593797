//! Runs the behaviour cases that kill the server or the environments, and start them again over the same bucket: against a server,
//! and against the Lambda emulator with one function and with two.
#![cfg(test)]

use rustix::process::{Pid, Signal, kill_process_group};
use sandcastle_e2e::{
    cases::{self, DURABLE},
    emulator::free_port,
    paths,
    server::KEY,
};

/// A file that code has opened is opened again at its place, so that nothing is lost.
const REOPENED: (&str, &str) = ("durability/open_file_reported_as_lost", "an open file is opened again");

/// In the emulator the limits take five minutes: `make soak` asks for them.
fn emulated() -> &'static [&'static str] {
    if paths::number("SANDCASTLE_EMULATED_LIMITS").is_some() { DURABLE } else { &DURABLE[..2] }
}

fn run(categories: &[&str], command: impl FnOnce(u16, &str) -> String) {
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let command = command(port, &folder.path().join("data").display().to_string());
    cases::run_with_kills(&format!("http://127.0.0.1:{port}"), &command, categories, &[REOPENED]);
    // The emulators outlive the command that started them.
    let pids = std::fs::read_to_string(folder.path().join("data/pids")).unwrap_or_default();
    for pid in pids.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

#[test]
fn a_server() {
    let server = paths::binary("sandcastle").display().to_string();
    run(DURABLE, |port, data| {
        format!(
            "PORT={port} S3_PORT=0 SANDCASTLE_API_KEY={KEY} SANDCASTLE_DATA_DIR={data} SANDCASTLE_TIMEOUT_S=10 exec {server} serve"
        )
    });
}

#[test]
fn one_function() {
    run(emulated(), |port, data| format!("exec {} one {port} {data}", env!("CARGO_BIN_EXE_emulated")));
}

#[test]
fn two_functions() {
    run(emulated(), |port, data| format!("exec {} two {port} {data}", env!("CARGO_BIN_EXE_emulated")));
}

//! Runs the hostile suite of `tests/hostile`: as the user who runs the tests, as an ordinary user, and where Linux refuses the
//! confinement.

use std::{
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

use sandcastle_e2e::{
    isolation::{can_run, is_root},
    paths,
};

/// One after the other: each measures how long others wait.
static TURN: Mutex<()> = Mutex::new(());

/// Plays the suite with these options. Every attack must fail.
fn run(options: &[&str]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let out = Command::new(paths::tool("python"))
        .arg("-B")
        .arg(paths::root().join("tests/hostile/run.py"))
        .arg("--server")
        .arg(paths::binary("sandcastle"))
        .arg("--kernel")
        .arg(paths::kernel())
        .arg("--packages")
        .arg(paths::site_packages())
        .args(options)
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    println!("{}", text.lines().filter(|line| !line.starts_with("FAIL ")).collect::<Vec<_>>().join("\n"));
    assert!(out.status.success(), "{text}\n{errors}");
}

#[test]
fn as_the_user_of_the_tests() {
    run(&[]);
}

#[test]
fn as_an_ordinary_user() {
    if is_root() {
        run(&["--as-user", "1000"]);
    }
}

/// Of what an ordinary user's server cannot hold, this one holds all: its kernels have user ids of their own.
#[test]
fn as_an_ordinary_user_with_subordinate_ids() {
    let has_newuidmap = Path::new("/usr/bin/newuidmap").exists();
    if is_root() && can_run(has_newuidmap, "this test needs newuidmap, from Debian's package uidmap") {
        let topics = ["processes/", "memory/", "bombs/", "signals/"].map(|topic| ["--only", topic]);
        run(&[&["--as-user", "1000", "--with-ids"], topics.as_flattened()].concat());
    }
}

#[test]
fn where_linux_refuses_the_confinement() {
    if is_root() {
        run(&["--as-lambda", &paths::binary("as-lambda").display().to_string()]);
    }
}

#[test]
fn on_a_full_disk() {
    if is_root() {
        run(&["--small-disk"]);
    }
}

#[test]
#[ignore = "takes minutes: make soak"]
fn the_cases_that_attack_twice_on_one_server() {
    run(&["--cases"]);
    if is_root() {
        run(&["--cases", "--as-user", "1000"]);
    }
}

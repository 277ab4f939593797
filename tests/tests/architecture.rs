//! The fences: who may import whom, and where libpython, `unsafe`, the AWS SDK, HTTP and the environment may appear.
//! What is not allowed here is a decision for ARCHITECTURE.md first.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Every import between the workspace's crates that is allowed.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sandcastle", &[]),
    ("sandcastle-runtime", &[]),
    ("sandcastle-protocol", &[]),
    ("sandcastle-s3", &["sandcastle"]),
    ("sandcastle-remote", &["sandcastle"]),
    ("sandcastle-host", &["sandcastle", "sandcastle-protocol", "sandcastle-runtime"]),
    ("sandcastle-interpreter", &["sandcastle", "sandcastle-host", "sandcastle-runtime", "sandcastle-s3"]),
    (
        "sandcastle-execute",
        &["sandcastle", "sandcastle-host", "sandcastle-remote", "sandcastle-runtime", "sandcastle-s3"],
    ),
    (
        "sandcastle-local",
        &["sandcastle", "sandcastle-execute", "sandcastle-host", "sandcastle-runtime", "sandcastle-s3"],
    ),
    ("sandcastle-jail", &[]),
    ("sandcastle-kernel", &["sandcastle-jail", "sandcastle-protocol"]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<serde_json::Value> {
    let cargo = env!("CARGO");
    let out = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// Names of what a package depends on outside its tests.
fn dependencies(package: &serde_json::Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"].as_str() != Some("dev")).map(|d| d["name"].as_str().unwrap())
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// Files below these folders whose code (without comment lines) has one of these words.
fn files_with(folders: &[&str], words: &[&str]) -> BTreeSet<String> {
    let files = folders.iter().flat_map(|folder| rust_files(folder));
    let guilty = files.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
    });
    guilty.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

#[test]
fn crates_import_one_way_only() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(ours.len(), ALLOWED.len() + 1, "a new crate needs its place in this test: {ours:?}");
    for package in packages.iter().filter(|package| package["name"] != "sandcastle-e2e") {
        let from = package["name"].as_str().unwrap();
        let (_, allowed) = ALLOWED.iter().find(|(name, _)| *name == from).unwrap_or_else(|| panic!("{from} is new"));
        for to in dependencies(package).filter(|to| ours.contains(to)) {
            assert!(allowed.contains(&to), "{from} may not depend on {to}");
        }
    }
}

#[test]
fn execute_hosts_kernels_only_where_it_starts_and_reads_its_settings() {
    let found = files_with(&["functions/execute/src"], &["sandcastle_host"]);
    let allowed = ["config.rs", "main.rs", "settings.rs"].map(|file| format!("functions/execute/src/{file}"));
    assert_eq!(found, BTreeSet::from(allowed));
}

#[test]
fn each_outside_power_lives_in_one_place() {
    let fences: &[(&str, &[&str])] = &[
        ("pyo3", &["sandcastle-kernel"]),
        ("aws-", &["sandcastle-s3", "sandcastle-remote"]),
        ("axum", &["sandcastle-execute", "sandcastle-local", "sandcastle-e2e"]),
        ("lambda_http", &["sandcastle-execute"]),
        ("lambda_runtime", &["sandcastle-interpreter", "sandcastle-runtime"]),
        ("s3s", &["sandcastle-local", "sandcastle-e2e"]),
        ("landlock", &["sandcastle-jail"]),
        ("seccompiler", &["sandcastle-jail", "sandcastle-e2e"]),
    ];
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        for dependency in dependencies(&package) {
            for (power, homes) in fences.iter().filter(|(power, _)| dependency.starts_with(power)) {
                assert!(homes.contains(&name), "{name} may not use {dependency}: {power}… belongs to {homes:?}");
            }
        }
    }
}

#[test]
fn unsafe_stays_in_the_jail_and_the_kernels_start_up() {
    let found = files_with(&["functions", "tests/src", "layers/protocol"], &["unsafe {", "unsafe fn", "unsafe impl"]);
    assert!(found.is_empty(), "unsafe outside its fence: {found:?}");
    for package in packages() {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        let fenced = ["sandcastle-jail", "sandcastle-kernel"].contains(&package["name"].as_str().unwrap());
        assert_eq!(manifest.contains("unsafe_code = \"deny\""), fenced, "{}: its [lints]", package["name"]);
        assert_eq!(manifest.contains("[lints]\nworkspace = true"), !fenced, "{}: its [lints]", package["name"]);
    }
}

#[test]
fn the_environment_is_read_where_a_program_starts() {
    let found = files_with(&["functions", "layers"], &["env::var(", "env::var_os(", "env::vars("]);
    // As `python`, the kernel is a program of its own, which its parent tells where its packages are; Cargo tells a build
    // script where it may write.
    let starts = ["main.rs", "build.rs", "layers/kernel/src/as_python.rs"];
    let allowed = |path: &String| starts.iter().any(|start| path.ends_with(start)) || path.contains("/tests/");
    let elsewhere: Vec<_> = found.iter().filter(|path| !allowed(path)).collect();
    assert!(elsewhere.is_empty(), "environment variables are read in {elsewhere:?}");
}

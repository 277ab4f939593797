//! The rules of the code: which crate may import which, where libpython, `unsafe`, the AWS SDK, HTTP and the environment may
//! appear, no circles among files, and the size of files. To change a rule, change ARCHITECTURE.md first.

#[path = "architecture/file_graph.rs"]
mod file_graph;
#[path = "architecture/module_tree.rs"]
mod module_tree;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use file_graph::file_graph;

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
    ("sandcastle-jail", &["sandcastle-protocol"]),
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

/// Names of the dependencies of a package, without those of its tests.
fn dependencies(package: &serde_json::Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().unwrap().iter();
    all.filter(|dependency| dependency["kind"].as_str() != Some("dev")).map(|d| d["name"].as_str().unwrap())
}

/// Files below a folder of the checkout with one of these extensions.
fn files_below(folder: &str, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension)) {
                found.push(path);
            }
        }
    }
    found
}

/// Rust files below these folders whose code, without comment lines, contains one of these words.
fn files_with(folders: &[&str], words: &[&str]) -> BTreeSet<String> {
    let files = folders.iter().flat_map(|folder| files_below(folder, &["rs"]));
    let found = files.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        code.into_iter().any(|line| words.iter().any(|word| line.contains(word)))
    });
    found.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

#[test]
fn crates_import_only_what_is_allowed() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    assert_eq!(ours.len(), ALLOWED.len() + 1, "add the new crate to ALLOWED: {ours:?}");
    for package in packages.iter().filter(|package| package["name"] != "sandcastle-e2e") {
        let from = package["name"].as_str().unwrap();
        let (_, allowed) =
            ALLOWED.iter().find(|(name, _)| *name == from).unwrap_or_else(|| panic!("add {from} to ALLOWED"));
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
fn each_outside_library_is_used_in_few_crates() {
    let allowed: &[(&str, &[&str])] = &[
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
            for (library, crates) in allowed.iter().filter(|(library, _)| dependency.starts_with(library)) {
                assert!(crates.contains(&name), "{name} may not use {dependency}; only {crates:?} may use {library}…");
            }
        }
    }
}

#[test]
fn unsafe_stays_in_the_jail_and_the_kernels_start_up() {
    let found = files_with(&["functions", "tests/src", "layers/protocol"], &["unsafe {", "unsafe fn", "unsafe impl"]);
    assert!(found.is_empty(), "unsafe is not allowed in {found:?}");
    for package in packages() {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap()).unwrap();
        let lints = match package["name"].as_str().unwrap() {
            "sandcastle-jail" | "sandcastle-kernel" => "unsafe_code = \"deny\"",
            // Its own [lints] allow panics.
            "sandcastle-e2e" => "unsafe_code = \"forbid\"",
            _ => "[lints]\nworkspace = true",
        };
        assert!(manifest.contains(lints), "Cargo.toml of {} must contain {lints:?}", package["name"]);
    }
}

#[test]
fn the_environment_is_read_where_a_program_starts() {
    let found = files_with(&["functions", "layers"], &["env::var(", "env::var_os(", "env::vars("]);
    // As `python`, the kernel is a program of its own, and gets the folder of its packages from its parent. Cargo passes a
    // build script its output folder.
    let starts = ["main.rs", "build.rs", "layers/kernel/src/as_python.rs"];
    let allowed = |path: &String| starts.iter().any(|start| path.ends_with(start)) || path.contains("/tests/");
    let others: Vec<_> = found.iter().filter(|path| !allowed(path)).collect();
    assert!(others.is_empty(), "environment variables are read in {others:?}");
}

/// Root files of the crates of a package that are not tests.
fn crate_roots(package: &serde_json::Value) -> Vec<PathBuf> {
    let targets = package["targets"].as_array().unwrap().iter();
    let crates = targets.filter(|target| ["lib", "bin"].contains(&target["kind"][0].as_str().unwrap()));
    crates.map(|target| PathBuf::from(target["src_path"].as_str().unwrap())).collect()
}

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for crate_root in packages().iter().flat_map(crate_roots) {
        let graph = file_graph(&crate_root);
        circles.extend(file_graph::circles(&graph).into_iter().map(|uses| uses.join("\n  ")));
    }
    let text = circles.join("\n\n  ").replace(&format!("{}/", root().display()), "");
    assert!(circles.is_empty(), "{} circles of files:\n  {text}", circles.len());
}

/// Lines that a source file may have.
const MAX_LINES: usize = 250;

#[test]
fn no_source_file_is_too_long() {
    let is_test = |name: &str| name.contains("/tests/") || name.ends_with("tests.rs");
    let files = ["functions", "layers"].iter().flat_map(|folder| files_below(folder, &["rs", "py"]));
    let names = files.map(|path| path.strip_prefix(root()).unwrap().display().to_string());
    let mut too_long = BTreeSet::new();
    for name in names.filter(|name| !is_test(name)) {
        let text = fs::read_to_string(root().join(&name)).unwrap();
        // The tests of a file are at its end.
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if lines > MAX_LINES {
            too_long.insert(format!("{name}: {lines}"));
        }
    }
    assert!(too_long.is_empty(), "files of more than {MAX_LINES} lines: {too_long:#?}");
}

//! The Python layer: built by `build-layer.py`, checked by `sandcastle layer check`, and run in a root folder with nothing else.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use sandcastle_e2e::{isolation, paths};

/// The layer without packages, built once.
fn minimal() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layer/minimal");
        let mut recipe = Command::new(paths::python());
        recipe.arg(paths::root().join("layers/python/build-layer.py")).args(["--profile", "minimal"]);
        recipe.arg("--kernel").arg(paths::kernel()).arg("--out").arg(&out);
        succeeds(&mut recipe);
        out
    })
}

/// The layer that `make layer` builds.
fn core() -> PathBuf {
    paths::root().join("target/layer/core")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn output(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Runs a command that must succeed; its standard output.
fn succeeds(command: &mut Command) -> String {
    let out = run(command);
    assert!(out.status.success(), "{command:?}\n{}", output(&out));
    String::from_utf8(out.stdout).unwrap()
}

fn check(layer: &Path) -> Output {
    run(Command::new(paths::binary("sandcastle")).args(["layer", "check"]).arg(layer))
}

/// A copy of the minimal layer, for a test to change.
fn copy() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let layer = folder.path().join("layer");
    succeeds(Command::new("cp").arg("-r").args([minimal(), &layer]));
    (folder, layer)
}

/// The file of an extension module.
fn module(layer: &Path, name: &str) -> PathBuf {
    let libs = fs::read_dir(layer.join("lib")).unwrap().map(|entry| entry.unwrap().path().join("lib-dynload"));
    let modules = fs::read_dir(libs.into_iter().find(|path| path.is_dir()).unwrap()).unwrap();
    let mut paths = modules.map(|entry| entry.unwrap().path());
    let start = format!("{name}.");
    paths.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).unwrap()
}

/// Overwrites a text in a file with another of the same length.
fn patch(path: &Path, old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(path).unwrap();
    let at: Vec<_> = bytes.windows(old.len()).enumerate().filter(|(_, part)| *part == old).map(|(at, _)| at).collect();
    assert!(!at.is_empty(), "{} does not contain {}", path.display(), String::from_utf8_lossy(old));
    at.iter().for_each(|at| bytes[*at..at + new.len()].copy_from_slice(new));
    fs::write(path, bytes).unwrap();
}

/// Checks a layer with a defect; the output. The check must fail.
fn findings(layer: &Path) -> String {
    let out = check(layer);
    assert_eq!(out.status.code(), Some(1), "{}", output(&out));
    output(&out)
}

#[test]
fn a_built_layer_passes_every_check() {
    let out = check(minimal());
    assert!(out.status.success(), "{}", output(&out));
    let output = output(&out);
    for name in ["size", "machine", "glibc", "libraries", "python", "imports"] {
        assert!(output.lines().any(|line| line.starts_with(&format!("ok    {name}"))), "{output}");
    }
}

#[test]
fn the_core_layer_passes_every_check_with_the_function() {
    let function = paths::binary("bootstrap");
    let mut check = Command::new(paths::binary("sandcastle"));
    let output = succeeds(check.args(["layer", "check"]).arg(core()).arg("--function").arg(function));
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(core().join("layer.json")).unwrap()).unwrap();
    let packages = manifest["packages"].as_array().unwrap().len();
    assert!(packages > 30 && output.contains(&format!("{packages} packages import")), "{output}");
}

#[test]
fn a_function_is_held_to_the_same_base_system() {
    let folder = tempfile::tempdir().unwrap();
    let function = folder.path().join("bootstrap");
    fs::copy(paths::binary("bootstrap"), &function).unwrap();
    patch(&function, b"GLIBC_2.34\0", b"GLIBC_2.38\0");
    let mut check = Command::new(paths::binary("sandcastle"));
    let out = run(check.args(["layer", "check"]).arg(minimal()).arg("--function").arg(function));
    let found = output(&out);
    assert_eq!(out.status.code(), Some(1), "{found}");
    assert!(found.contains("FAIL  glibc") && found.contains("bootstrap needs GLIBC_2.38"), "{found}");
}

#[test]
fn a_library_for_another_processor_is_named() {
    let (_folder, layer) = copy();
    let module = module(&layer, "zlib");
    let mut bytes = fs::read(&module).unwrap();
    bytes[18..20].copy_from_slice(&8_u16.to_le_bytes()); // e_machine: MIPS
    fs::write(&module, bytes).unwrap();
    let found = findings(&layer);
    assert!(
        found.contains("FAIL  machine") && found.contains("zlib") && found.contains("is for another processor"),
        "{found}"
    );
}

#[test]
fn a_module_that_needs_a_newer_c_library_is_named() {
    let (_folder, layer) = copy();
    patch(&module(&layer, "zlib"), b"GLIBC_2.14\0", b"GLIBC_2.38\0");
    let found = findings(&layer);
    assert!(found.contains("FAIL  glibc") && found.contains("needs GLIBC_2.38") && found.contains("zlib"), "{found}");
}

#[test]
fn a_missing_library_is_named() {
    let (_folder, layer) = copy();
    patch(&module(&layer, "zlib"), b"libz.so.1\0", b"liby.so.1\0");
    let found = findings(&layer);
    assert!(found.contains("FAIL  libraries") && found.contains("needs liby.so.1"), "{found}");
    assert!(found.contains("FAIL  imports") && found.contains("the standard library: "), "{found}");
}

#[test]
fn a_search_path_out_of_the_layer_is_named() {
    let (_folder, layer) = copy();
    patch(&layer.join("bin/sandcastle-kernel"), b"$ORIGIN/../lib\0", b"/tmp/../../lib\0");
    let found = findings(&layer);
    assert!(found.contains("sandcastle-kernel searches /tmp/../../lib, outside"), "{found}");
}

#[test]
fn a_module_for_another_python_is_named() {
    let (_folder, layer) = copy();
    let module = module(&layer, "zlib");
    fs::rename(&module, module.with_file_name("zlib.cpython-39-x86_64-linux-gnu.so")).unwrap();
    let found = findings(&layer);
    assert!(found.contains("FAIL  python") && found.contains("zlib.cpython-39"), "{found}");
}

#[test]
fn an_elf_file_without_a_section_table_is_named() {
    let (_folder, layer) = copy();
    let module = module(&layer, "zlib");
    let mut bytes = fs::read(&module).unwrap();
    // Removes the section table, which the loader does not need: e_shoff, and e_shentsize to e_shstrndx.
    bytes[40..48].fill(0);
    bytes[58..64].fill(0);
    fs::write(&module, bytes).unwrap();
    let found = findings(&layer);
    assert!(found.contains("FAIL  glibc") && found.contains("cannot be read"), "{found}");
}

#[test]
fn a_layer_that_is_too_big_is_refused() {
    let (_folder, layer) = copy();
    fs::File::create(layer.join("ballast")).unwrap().set_len(250 << 20).unwrap();
    let found = findings(&layer);
    assert!(found.contains("FAIL  size") && found.contains("Lambda takes 250.0 MiB at most"), "{found}");
}

#[test]
fn a_folder_without_layer_json_is_refused_as_no_layer() {
    let folder = tempfile::tempdir().unwrap();
    let found = findings(folder.path());
    assert!(found.contains("layer.json") && found.contains("make layer"), "{found}");
}

#[test]
fn the_elf_editor_passes_its_tests() {
    succeeds(Command::new(paths::python()).arg(paths::root().join("layers/python/test_elf.py")));
}

#[test]
fn the_sets_of_packages_pass_their_tests() {
    succeeds(Command::new(paths::python()).arg(paths::root().join("layers/python/test_packages.py")));
}

/// Runs code with a layer's kernel in a root folder that holds nothing but the layer in /opt and the C library.
fn run_with_layer_only(layer: &Path, code: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for folder in ["proc", "tmp", "lib64", "lib"] {
        fs::create_dir(root.join(folder)).unwrap();
    }
    succeeds(Command::new("cp").arg("-r").arg(layer).arg(root.join("opt")));
    let loader = paths::loader();
    fs::copy(&loader, root.join(loader.strip_prefix("/").unwrap())).unwrap();
    for name in paths::C_LIBRARY {
        let from = paths::system_library(name).unwrap_or_else(|| panic!("this machine does not have {name}"));
        fs::copy(from, root.join("lib64").join(name)).unwrap();
        // Debian's loader searches its own folders, that of Amazon Linux searches lib64.
        let debian = root.join("lib").join(format!("{}-linux-gnu", std::env::consts::ARCH));
        fs::create_dir_all(&debian).unwrap();
        fs::copy(root.join("lib64").join(name), debian.join(name)).unwrap();
    }
    let script = "mount -t proc proc \"$0/proc\" && exec chroot \"$0\" /opt/bin/sandcastle-kernel -c \"$1\"";
    let mut kernel = Command::new("unshare");
    kernel.args(["--mount", "--pid", "--fork", "/bin/sh", "-c", script]).arg(root).arg(code);
    succeeds(kernel.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"))
}

#[test]
fn the_kernel_runs_with_the_layer_and_the_c_library_only() {
    if !isolation::is_root() {
        return;
    }
    assert_eq!(run_with_layer_only(minimal(), "print(2+2)"), "4\n");
    let libraries = "import bz2, ctypes, lzma, sqlite3, ssl, uuid, zlib; print(ssl.__file__)";
    assert!(run_with_layer_only(minimal(), libraries).starts_with("/opt/lib/python3."));
}

#[test]
fn pandas_runs_with_the_layer_and_the_c_library_only() {
    if !isolation::is_root() {
        return;
    }
    let code = "import pandas, matplotlib.pyplot, openpyxl\nprint(pandas.DataFrame({'a': [1, 2]}).sum().item())";
    assert_eq!(run_with_layer_only(&core(), code), "3\n");
}

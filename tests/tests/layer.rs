//! The Python layer: built by its recipe, checked by `sandcastle layer check`, and run where nothing else is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use sandcastle_e2e::here;

/// The layer without packages, built once.
fn minimal() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("layer/minimal");
        let mut recipe = Command::new(here::python());
        recipe.arg(here::root().join("layers/python/build-layer.py")).args(["--profile", "minimal"]);
        recipe.arg("--kernel").arg(here::kernel()).arg("--out").arg(&out);
        succeeds(&mut recipe);
        out
    })
}

/// The layer that `make layer` has built.
fn core() -> PathBuf {
    here::root().join("target/layer/core")
}

fn run(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

/// Runs what has to succeed; what it wrote to standard output.
fn succeeds(command: &mut Command) -> String {
    let out = run(command);
    assert!(out.status.success(), "{command:?}\n{}", text(&out));
    String::from_utf8(out.stdout).unwrap()
}

fn check(layer: &Path) -> Output {
    run(Command::new(here::binary("sandcastle")).args(["layer", "check"]).arg(layer))
}

/// A copy of the minimal layer that may be spoilt.
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

/// Writes other text of the same length over a text in a file.
fn doctor(path: &Path, old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(path).unwrap();
    let at: Vec<_> = bytes.windows(old.len()).enumerate().filter(|(_, part)| *part == old).map(|(at, _)| at).collect();
    assert!(!at.is_empty(), "{} has no {}", path.display(), String::from_utf8_lossy(old));
    at.iter().for_each(|at| bytes[*at..at + new.len()].copy_from_slice(new));
    fs::write(path, bytes).unwrap();
}

/// Checks a spoilt layer: what is found, which has to be a failure.
fn findings(layer: &Path) -> String {
    let out = check(layer);
    assert_eq!(out.status.code(), Some(1), "{}", text(&out));
    text(&out)
}

#[test]
fn a_layer_of_the_recipe_passes_every_check() {
    let out = check(minimal());
    assert!(out.status.success(), "{}", text(&out));
    let text = text(&out);
    for name in ["size", "glibc", "libraries", "python", "imports"] {
        assert!(text.lines().any(|line| line.starts_with(&format!("ok    {name}"))), "{text}");
    }
}

#[test]
fn the_core_layer_passes_every_check_with_the_function() {
    let function = here::binary("bootstrap");
    let mut check = Command::new(here::binary("sandcastle"));
    let text = succeeds(check.args(["layer", "check"]).arg(core()).arg("--function").arg(function));
    assert!(text.contains("14 packages import"), "{text}");
}

#[test]
fn what_asks_for_a_newer_c_library_is_named() {
    let (_folder, layer) = copy();
    doctor(&module(&layer, "zlib"), b"GLIBC_2.14\0", b"GLIBC_2.38\0");
    let found = findings(&layer);
    assert!(found.contains("FAIL  glibc") && found.contains("needs GLIBC_2.38") && found.contains("zlib"), "{found}");
}

#[test]
fn a_library_that_is_nowhere_is_named() {
    let (_folder, layer) = copy();
    doctor(&module(&layer, "zlib"), b"libz.so.1\0", b"liby.so.1\0");
    let found = findings(&layer);
    assert!(found.contains("FAIL  libraries") && found.contains("needs liby.so.1"), "{found}");
    assert!(found.contains("FAIL  imports") && found.contains("the standard library: "), "{found}");
}

#[test]
fn a_search_path_out_of_the_layer_is_named() {
    let (_folder, layer) = copy();
    doctor(&layer.join("bin/sandcastle-kernel"), b"$ORIGIN/../lib\0", b"/tmp/../../lib\0");
    let found = findings(&layer);
    assert!(found.contains("sandcastle-kernel searches /tmp/../../lib, outside"), "{found}");
}

#[test]
fn a_mixture_of_pythons_is_named() {
    let (_folder, layer) = copy();
    let module = module(&layer, "zlib");
    fs::rename(&module, module.with_file_name("zlib.cpython-39-x86_64-linux-gnu.so")).unwrap();
    let found = findings(&layer);
    assert!(found.contains("FAIL  python") && found.contains("zlib.cpython-39"), "{found}");
}

#[test]
fn an_elf_file_that_hides_what_it_asks_for_is_named() {
    let (_folder, layer) = copy();
    let module = module(&layer, "zlib");
    let mut bytes = fs::read(&module).unwrap();
    // No table of sections: the loader does not need it.
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
fn a_folder_that_is_no_layer_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let found = findings(folder.path());
    assert!(found.contains("layer.json") && found.contains("make layer"), "{found}");
}

#[test]
fn the_editor_of_elf_files() {
    succeeds(Command::new(here::python()).arg(here::root().join("layers/python/test_elf.py")));
}

/// Runs code with a layer's kernel in a root that holds the layer in /opt and the C library, nothing else.
fn in_an_empty_root(layer: &Path, code: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for place in ["proc", "tmp", "lib64", "lib"] {
        fs::create_dir(root.join(place)).unwrap();
    }
    succeeds(Command::new("cp").arg("-r").arg(layer).arg(root.join("opt")));
    let loader = here::loader();
    fs::copy(&loader, root.join(loader.strip_prefix("/").unwrap())).unwrap();
    for name in here::C_LIBRARY {
        let from = here::system_library(name).unwrap_or_else(|| panic!("this machine has no {name}"));
        fs::copy(from, root.join("lib64").join(name)).unwrap();
        // Debian's loader looks in its own folders; AL2023's in lib64.
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
fn the_kernel_runs_where_only_the_layer_and_the_c_library_are() {
    if !here::is_root() {
        return;
    }
    assert_eq!(in_an_empty_root(minimal(), "print(2+2)"), "4\n");
    let libraries = "import bz2, ctypes, lzma, sqlite3, ssl, uuid, zlib; print(ssl.__file__)";
    assert!(in_an_empty_root(minimal(), libraries).starts_with("/opt/lib/python3."));
}

#[test]
fn pandas_runs_where_only_the_layer_and_the_c_library_are() {
    if !here::is_root() {
        return;
    }
    let code = "import pandas, matplotlib.pyplot, openpyxl\nprint(pandas.DataFrame({'a': [1, 2]}).sum().item())";
    assert_eq!(in_an_empty_root(&core(), code), "3\n");
}

//! The commands for developers and deployers that are no programs of this workspace: `make smoke`, `make dist`, and the function
//! under cargo-lambda.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

use sandcastle_e2e::{
    emulator::free_port,
    paths,
    server::{KEY, Server},
};

fn text(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

#[test]
fn make_smoke_plays_cases_against_a_deployment() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let smoke = |key: &str| {
        let mut make = Command::new("make");
        make.args(["--silent", "smoke", "ONLY=output/print"]).current_dir(paths::root());
        make.arg(format!("URL={}", server.url)).arg(format!("KEY={key}")).output().unwrap()
    };
    let out = smoke(KEY);
    let totals = text(&out);
    assert!(out.status.success() && totals.contains(" passed, 0 failed, 0 skipped"), "{totals}");
    let out = smoke("tql_wrong");
    assert!(!out.status.success() && text(&out).contains("401"), "{}", text(&out));
}

#[test]
fn cargo_lambda_invokes_the_function_with_an_example_of_an_event() {
    let root = paths::root();
    let mut command = Command::new(paths::tool("python"));
    command.arg("-B").arg(root.join("infra/tools/function.py")).args(["watch", "--once", "--code", "print(6 * 7)"]);
    command.arg("--port").arg(free_port().to_string()).arg("--program").arg(paths::binary("bootstrap"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", root.join("target/build-tools/bin").display());
    let cargo = Path::new(env!("CARGO")).parent().unwrap();
    let out = command.env("PATH", format!("{path}:{}", cargo.display())).output().unwrap();
    let shown = text(&out);
    assert!(out.status.success() && shown.contains(r#"\"output\":[\"42\"]"#), "{shown}");
}

#[test]
fn make_invoke_hands_on_code_as_it_is() {
    let code = r##"print("$HOME $(ls) `ls` it's # %")"##;
    let mut make = Command::new("make");
    make.args(["--silent", "--old-file", "build-sam-local", "invoke", r#"FUNCTION=printf %s "$$PYTHON_CODE" #"#]);
    let out = make.arg(format!("CODE={code}")).current_dir(paths::root()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stdout), code, "{}", text(&out));
}

/// Writes a release of functions and a layer that are only named so.
fn dist(folder: &Path) -> Output {
    let (functions, layer) = (folder.join("functions"), folder.join("layer"));
    for program in ["bootstrap", "interpreter", "sandcastle"] {
        fs::create_dir_all(functions.join(program)).unwrap();
        fs::write(functions.join(program).join("bootstrap"), program).unwrap();
    }
    fs::create_dir_all(layer.join("lib")).unwrap();
    let manifest = r#"{"python": "3.13.0", "packages": [{"name": "Some_Package", "version": "1.2", "modules": []}]}"#;
    fs::write(layer.join("layer.json"), manifest).unwrap();
    fs::write(layer.join("lib/libfoo.so.1"), "a library").unwrap();
    let mut command = Command::new(paths::python());
    command.arg("-B").arg(paths::root().join("infra/tools/dist.py")).arg("--out").arg(folder.join("dist"));
    command.args(["--arch", "arm64"]).arg("--functions").arg(functions).arg("--layer").arg(layer);
    command.output().unwrap()
}

#[test]
fn make_dist_writes_archives_that_its_template_names() {
    let folder = tempfile::tempdir().unwrap();
    let out = dist(folder.path());
    assert!(out.status.success(), "{}", text(&out));
    let release = folder.path().join("dist");
    let read = |name: &str| fs::read_to_string(release.join(name)).unwrap();

    let template = read("template-arm64.yaml");
    let named =
        ["ExecuteFunction", "InterpreterFunction", "PythonLayer"].map(|name| format!("Uri: {name}-arm64.zip\n"));
    for archive in named {
        assert!(template.contains(&archive), "{archive} is not in the template");
        let file = archive.trim_start_matches("Uri: ").trim();
        assert!(fs::read(release.join(file)).unwrap().starts_with(b"PK"), "{file} is no zip");
    }
    assert!(!template.contains("BuildMethod") && template.contains("Default: arm64"), "{template}");
    // An update of a stack for the other architecture must not keep that.
    assert!(template.contains("AllowedValues: [arm64]") && !template.contains("x86_64, arm64"), "{template}");
    assert_eq!(read("sandcastle-arm64"), "sandcastle");
    let mode = fs::metadata(release.join("sandcastle-arm64")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o755, "the program for keys cannot be run");
    assert!(read("SHA256SUMS").contains("  sandcastle-arm64\n"), "{}", read("SHA256SUMS"));
    let checked = Command::new("sha256sum").args(["--check", "SHA256SUMS"]).current_dir(&release).output().unwrap();
    assert!(checked.status.success(), "{}", text(&checked));

    let bill: serde_json::Value = serde_json::from_str(&read("sbom-arm64.cdx.json")).unwrap();
    let parts: Vec<_> =
        bill["components"].as_array().unwrap().iter().map(|part| part["bom-ref"].as_str().unwrap()).collect();
    let has = |start: &str| parts.iter().any(|part| part.starts_with(start));
    for part in [
        "pkg:cargo/ring@",
        "pkg:cargo/pyo3@",
        "pkg:cargo/clap@",
        "pkg:pypi/some-package@1.2",
        "pkg:generic/cpython@3.13.0",
        "file:lib/libfoo",
    ] {
        assert!(has(part), "{part} is missing: {parts:?}");
    }
    assert!(!has("pkg:cargo/proptest@"), "a crate of the tests is in it: {parts:?}");
}

#[test]
fn the_same_build_makes_the_same_release() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let sums = folders.each_ref().map(|folder| {
        let out = dist(folder.path());
        assert!(out.status.success(), "{}", text(&out));
        fs::read_to_string(folder.path().join("dist/SHA256SUMS")).unwrap()
    });
    assert_eq!(sums[0], sums[1]);
}

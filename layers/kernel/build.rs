//! Tells the linker where libpython is, and the kernel which Python it was built against. Compiles the harness.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // In the layer the binary is in bin/, next to lib/ with libpython and the standard library.
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
    // DT_RPATH and not DT_RUNPATH: only DT_RPATH applies to the libraries that extension modules need (libz, libssl), see
    // ld.so(8). A kernel starts with an empty environment, so there is no LD_LIBRARY_PATH.
    println!("cargo:rustc-link-arg-bins=-Wl,--disable-new-dtags");
    // For Lambda the kernel is linked against an older glibc than this machine's, which lacks what libpython may need of it;
    // build-layer.py lowers what that is, and `sandcastle layer check` looks for the rest.
    println!("cargo:rustc-link-arg-bins=-Wl,--allow-shlib-undefined");
    let config = pyo3_build_config::get();
    let lib_dir = config.lib_dir().unwrap_or("/usr/lib");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{lib_dir}");
    let home = Path::new(lib_dir).parent().unwrap_or(Path::new("/usr"));
    println!("cargo:rustc-env=KERNEL_PYTHON_HOME={}", home.display());
    let version = config.version();
    println!("cargo:rustc-env=KERNEL_PYTHON_LIB=lib/python{}.{}", version.major, version.minor);
    compile_harness(config.executable());
}

/// Compiles the harness with the Python that the kernel is built against. The file is empty where that does not run here, because
/// the kernel is for another machine; then the kernel compiles the harness when it starts.
#[allow(clippy::disallowed_methods, reason = "cargo tells build scripts so")]
fn compile_harness(python: Option<&str>) {
    println!("cargo:rerun-if-changed=python");
    println!("cargo:rerun-if-changed=compile.py");
    let output = python.and_then(|python| Command::new(python).args(["-I", "compile.py", "python"]).output().ok());
    let compiled = output.filter(|output| output.status.success()).map(|output| output.stdout);
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = std::fs::write(out_dir.join("harness"), compiled.unwrap_or_default()) {
        println!("cargo:error=write the compiled harness: {error}");
    }
}

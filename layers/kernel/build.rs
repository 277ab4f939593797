//! Tells the linker where libpython is, and the kernel which Python it was built against.

use std::path::Path;

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
}

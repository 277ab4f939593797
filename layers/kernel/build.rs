//! Tells the linker where libpython lies, and the kernel which Python home it was built against.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // In the layer the binary lies in bin/, beside lib/ with libpython and the standard library.
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,$ORIGIN/../lib");
    // DT_RPATH, because DT_RUNPATH would not hold for what extension modules need in turn (libz, libssl); and a kernel
    // starts with an empty environment, so that no LD_LIBRARY_PATH says where those are.
    println!("cargo:rustc-link-arg-bins=-Wl,--disable-new-dtags");
    let config = pyo3_build_config::get();
    let lib_dir = config.lib_dir().unwrap_or("/usr/lib");
    println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{lib_dir}");
    let home = Path::new(lib_dir).parent().unwrap_or(Path::new("/usr"));
    println!("cargo:rustc-env=KERNEL_PYTHON_HOME={}", home.display());
    let version = config.version();
    println!("cargo:rustc-env=KERNEL_PYTHON_LIB=lib/python{}.{}", version.major, version.minor);
}

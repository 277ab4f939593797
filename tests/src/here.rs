//! Where this build is: the Makefile says it in environment variables.

use std::path::PathBuf;

/// A variable that `make test` sets.
fn set_by_make(name: &str) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the one place where the tests read the environment")]
    let value = std::env::var_os(name);
    PathBuf::from(value.unwrap_or_else(|| panic!("{name} is not set: run the tests with `make test`")))
}

/// The kernel binary.
pub fn kernel() -> PathBuf {
    set_by_make("SANDCASTLE_KERNEL")
}

/// A binary of this build, such as `sandcastle`.
pub fn binary(name: &str) -> PathBuf {
    kernel().with_file_name(name)
}

/// Folder of the Python packages.
pub fn site_packages() -> PathBuf {
    set_by_make("SANDCASTLE_SITE_PACKAGES")
}

/// A program of the tests' own virtual environment, such as `python`.
pub fn tool(name: &str) -> PathBuf {
    set_by_make("SANDCASTLE_TOOLS").join("bin").join(name)
}

/// The Lambda runtime interface emulator, which the aws-sam-cli wheel carries.
pub fn emulator() -> PathBuf {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let lib = set_by_make("SANDCASTLE_TOOLS").join("lib");
    let mut pythons = std::fs::read_dir(&lib).unwrap_or_else(|error| panic!("{}: {error}", lib.display()));
    let python = pythons.next().unwrap().unwrap().path();
    python.join("site-packages/samcli/local/rapid").join(format!("aws-lambda-rie-{arch}"))
}

/// The checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Python that the kernel embeds.
pub fn python() -> PathBuf {
    set_by_make("PYO3_PYTHON")
}

/// What any system with a C library has: the libraries that a layer may leave out.
pub const C_LIBRARY: [&str; 8] = [
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libutil.so.1",
    "libgcc_s.so.1",
    "libstdc++.so.6",
];

/// A shared library of this system.
pub fn system_library(name: &str) -> Option<PathBuf> {
    let arch = std::env::consts::ARCH;
    let folders = [format!("/lib/{arch}-linux-gnu"), format!("/usr/lib/{arch}-linux-gnu"), "/lib64".to_owned()];
    folders.iter().map(|folder| PathBuf::from(folder).join(name)).find(|path| path.is_file())
}

/// The loader that programs name.
pub fn loader() -> PathBuf {
    let loader =
        if cfg!(target_arch = "aarch64") { "/lib/ld-linux-aarch64.so.1" } else { "/lib64/ld-linux-x86-64.so.2" };
    PathBuf::from(loader)
}

/// True when the tests run as root; where everything has to be tested, anything else is a failure.
pub fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        #[expect(clippy::disallowed_methods, reason = "CI says so in this variable")]
        let ci = std::env::var_os("CI").is_some();
        assert!(!ci, "only root can make a root of its own");
        eprintln!("SKIP: only root can make a root of its own");
    }
    root
}

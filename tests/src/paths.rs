//! Paths of this build and of the tools that the tests use, and numbers that may be set. The Makefile passes them in environment variables.

use std::path::PathBuf;

/// The path in a variable that `make test` sets.
fn set_by_make(name: &str) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the tests read the environment in this place only")]
    let value = std::env::var_os(name);
    PathBuf::from(value.unwrap_or_else(|| panic!("{name} is not set: use `make test` or `make bench`")))
}

/// A number that may be set for a test, such as its seed.
pub fn number(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "the tests read the environment in this place only")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// The kernel binary.
pub fn kernel() -> PathBuf {
    set_by_make("SANDCASTLE_KERNEL")
}

/// A binary of this build, such as `sandcastle`.
pub fn binary(name: &str) -> PathBuf {
    kernel().with_file_name(name)
}

/// A function that `make arm64` has built.
pub fn for_arm64(program: &str) -> PathBuf {
    root().join("target/for-lambda/arm64").join(program).join("bootstrap")
}

/// The system's libraries for arm64, from Debian.
pub fn arm64_libraries() -> PathBuf {
    root().join("target/python-arm64/usr/lib")
}

/// Folder of the Python packages that code can import.
pub fn site_packages() -> PathBuf {
    set_by_make("SANDCASTLE_SITE_PACKAGES")
}

/// A program of the tests' virtual environment, such as `python`.
pub fn tool(name: &str) -> PathBuf {
    set_by_make("SANDCASTLE_TOOLS").join("bin").join(name)
}

/// A program of the virtual environment with what the bench compares with.
pub fn peer(name: &str) -> PathBuf {
    set_by_make("SANDCASTLE_PEERS").join("bin").join(name)
}

/// The Lambda runtime interface emulator, a part of the aws-sam-cli wheel.
pub fn emulator() -> PathBuf {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let lib = set_by_make("SANDCASTLE_TOOLS").join("lib");
    let mut pythons = std::fs::read_dir(&lib).unwrap_or_else(|error| panic!("{}: {error}", lib.display()));
    let python = pythons.next().unwrap().unwrap().path();
    python.join("site-packages/samcli/local/rapid").join(format!("aws-lambda-rie-{arch}"))
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The Python that the kernel embeds.
pub fn python() -> PathBuf {
    set_by_make("PYO3_PYTHON")
}

/// The libraries of glibc and GCC, which every system has: a layer need not contain them.
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

/// The dynamic loader that programs name.
pub fn loader() -> PathBuf {
    let loader =
        if cfg!(target_arch = "aarch64") { "/lib/ld-linux-aarch64.so.1" } else { "/lib64/ld-linux-x86-64.so.2" };
    PathBuf::from(loader)
}

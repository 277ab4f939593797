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

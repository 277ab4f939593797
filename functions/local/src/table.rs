//! The settings of `sandcastle serve`, one row for each environment variable, and its `--help` made of them.
//! [`crate::Settings`] reads them.

use sandcastle_execute::settings as execute;
use sandcastle_host::settings as host;
use sandcastle_runtime::settings::{Setting, Values, help};

pub(crate) use execute::{LOG, TIMEOUT_S};
pub(crate) use host::PYTHON_HOME;

const A_PORT: Values = Values::Other("a port, 0 to 65535");

/// Where the API listens.
pub(crate) const PORT: Setting =
    Setting { name: "PORT", meaning: "port of the API; 0 takes any", default: "8787", values: A_PORT };
/// On which address.
pub(crate) const HOST: Setting = Setting {
    name: "HOST",
    meaning: "address that the API and the embedded S3 listen on",
    default: "127.0.0.1",
    values: Values::Other("an IP address"),
};
/// Where the embedded S3 listens.
pub(crate) const S3_PORT: Setting = Setting {
    name: "S3_PORT",
    meaning: "port of the embedded S3; presigned URLs point there",
    default: "PORT + 1",
    values: A_PORT,
};
/// Where the data is.
pub(crate) const DATA_DIR: Setting = Setting {
    name: "SANDCASTLE_DATA_DIR",
    meaning: "folder of the embedded S3, the development key and the kernels",
    default: ".sandcastle",
    values: Values::Path,
};
/// The development key.
pub(crate) const API_KEY: Setting = Setting {
    name: "SANDCASTLE_API_KEY",
    meaning: "the development key",
    default: "made at the first start, kept in the data folder",
    values: Values::Other("visible ASCII characters, 1,024 at most"),
};
/// Another S3.
pub(crate) const S3_ENDPOINT: Setting = Setting {
    meaning: "URL of an S3 to use in place of the embedded one; several servers can share it",
    ..execute::S3_ENDPOINT.with_default("the embedded S3; Amazon's where SANDCASTLE_BUCKET is set")
};
/// Its bucket.
pub(crate) const BUCKET: Setting =
    Setting { meaning: "bucket in that S3", ..execute::BUCKET.with_default("sandcastle") };
/// Its region.
pub(crate) const REGION: Setting = Setting {
    meaning: "region of that bucket; AWS_DEFAULT_REGION counts too, and AWS's usual sources of credentials",
    ..execute::REGION
};
/// Its region, by the other name that AWS's tools read.
pub(crate) const DEFAULT_REGION: Setting = Setting { name: "AWS_DEFAULT_REGION", ..REGION };
/// Where presigned URLs point.
pub(crate) const S3_PUBLIC_ENDPOINT: Setting = Setting {
    meaning: "URL of the S3 in presigned URLs, where it differs",
    ..execute::S3_PUBLIC_ENDPOINT.with_default("the S3's own")
};
/// The kernel's executable.
pub(crate) const KERNEL: Setting = host::KERNEL.with_default("sandcastle-kernel beside this program");
/// Where the packages are.
pub(crate) const SITE_PACKAGES: Setting =
    host::SITE_PACKAGES.with_default("../python/site-packages from this program's folder");

/// Every setting of `sandcastle serve`, in groups with a title each.
pub const SETTINGS: &[(&str, &[Setting])] = &[
    ("The server", &[PORT, HOST, S3_PORT, DATA_DIR, API_KEY, LOG]),
    (
        "Code",
        &[
            TIMEOUT_S,
            host::MAX_KERNELS.with_default("32"),
            host::MEMORY_MB.with_default("2048"),
            host::JAIL.with_default("required"),
            KERNEL,
            PYTHON_HOME,
            SITE_PACKAGES,
        ],
    ),
    ("Limits on callers", execute::CALLERS),
    ("JSON Web Tokens", execute::JWT),
    ("Another S3 in place of the embedded one", &[S3_ENDPOINT, BUCKET, REGION, S3_PUBLIC_ENDPOINT]),
];

/// What `serve --help` says of them.
pub fn settings_help() -> String {
    help(SETTINGS)
}

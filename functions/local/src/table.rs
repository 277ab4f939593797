//! The table of `sandcastle serve`'s settings, one row for each environment variable. [`crate::Settings`] reads them.

use sandcastle_execute::settings as execute;
use sandcastle_host::settings as host;
use sandcastle_runtime::settings::{LOG, Setting, Table, Values, help};

use crate::embedded;

pub(crate) use execute::TIMEOUT_S;
pub(crate) use host::{AUDIT, DISK_MB, PYTHON_HOME};

const A_PORT: Values = Values::Other("a port from 0 to 65535");

/// The port of the API.
pub(crate) const PORT: Setting =
    Setting { name: "PORT", meaning: "port of the API; 0 chooses a free port", default: "8787", values: A_PORT };
/// The address of both listeners.
pub(crate) const HOST: Setting = Setting {
    name: "HOST",
    meaning: "IP address that the API and the embedded S3 listen on",
    default: "127.0.0.1",
    values: Values::Other("an IP address"),
};
/// The port of the embedded S3.
pub(crate) const S3_PORT: Setting = Setting {
    name: "S3_PORT",
    meaning: "port of the embedded S3, which presigned URLs point to",
    default: "PORT plus 1",
    values: A_PORT,
};
/// The data folder.
pub(crate) const DATA_DIR: Setting = Setting {
    name: "SANDCASTLE_DATA_DIR",
    meaning: "data folder: the embedded S3, the development key and the folders of kernels",
    default: ".sandcastle",
    values: Values::Path,
};
/// The development key.
pub(crate) const API_KEY: Setting = Setting {
    name: "SANDCASTLE_API_KEY",
    meaning: "development key",
    default: "created at the first start and kept in the data folder",
    values: Values::Other("1 to 1024 visible ASCII characters"),
};
/// The format of the log.
pub(crate) const LOG_FORMAT: Setting = Setting {
    name: "SANDCASTLE_LOG_FORMAT",
    meaning: "format of the log; auto: text at a terminal, else JSON",
    default: "auto",
    values: Values::OneOf(&["auto", "human", "json"]),
};
/// Whether the log has colours.
pub(crate) const NO_COLOR: Setting = Setting {
    name: "NO_COLOR",
    meaning: "any value: no colours in the log",
    default: "colours at a terminal",
    values: Values::Text,
};
/// Another S3.
pub(crate) const S3_ENDPOINT: Setting = Setting {
    meaning: "URL of an S3 to use instead of the embedded one; several servers can share it",
    ..execute::S3_ENDPOINT.with_default("the embedded S3, or Amazon's if SANDCASTLE_BUCKET is set")
};
/// The bucket in that S3.
pub(crate) const BUCKET: Setting =
    Setting { meaning: "name of the bucket in that S3", ..execute::BUCKET.with_default(embedded::BUCKET) };
/// The region of that bucket.
pub(crate) const REGION: Setting = Setting {
    meaning: "region of the bucket; credentials come from the usual sources of AWS",
    ..execute::REGION.with_default("AWS_DEFAULT_REGION, or what the AWS SDK finds")
};
/// The region, by another name that AWS's tools read.
pub(crate) const DEFAULT_REGION: Setting =
    Setting { name: "AWS_DEFAULT_REGION", meaning: "region of the bucket if AWS_REGION is not set", ..execute::REGION };
/// The S3 in presigned URLs.
pub(crate) const S3_PUBLIC_ENDPOINT: Setting = execute::S3_PUBLIC_ENDPOINT.with_default("the URL of the S3 itself");
/// Whether kernels get ids of an ordinary user.
pub(crate) const SUBORDINATE_IDS: Setting = Setting {
    name: "SANDCASTLE_SUBORDINATE_IDS",
    meaning: "on: kernels of a server that an ordinary user runs get that user's subordinate ids, where there are any; off: they have \
              the user's own",
    default: "on",
    values: Values::OneOf(&["on", "off"]),
};
/// The kernel's executable.
pub(crate) const KERNEL: Setting = host::KERNEL.with_default("sandcastle-kernel in the folder of this program");
/// The Python packages.
pub(crate) const SITE_PACKAGES: Setting =
    host::SITE_PACKAGES.with_default("../python/site-packages from the folder of this program");
/// Kernels at once.
pub(crate) const MAX_KERNELS: Setting = host::MAX_KERNELS.with_default("32");
/// Memory of one kernel.
pub(crate) const MEMORY_MB: Setting = host::MEMORY_MB.with_default("2048");
/// The confinement.
pub(crate) const JAIL: Setting = host::JAIL.with_default("required");

/// Every setting of `sandcastle serve`, in groups with a title each.
pub const SETTINGS: Table<'static> = &[
    ("Server", &[PORT, HOST, S3_PORT, DATA_DIR, API_KEY, LOG, LOG_FORMAT, NO_COLOR]),
    (
        "Code",
        &[TIMEOUT_S, MAX_KERNELS, MEMORY_MB, DISK_MB, AUDIT, JAIL, SUBORDINATE_IDS, KERNEL, PYTHON_HOME, SITE_PACKAGES],
    ),
    ("Limits on callers", execute::CALLERS),
    ("JSON Web Tokens", execute::JWT),
    ("Storage", &[S3_ENDPOINT, BUCKET, REGION, DEFAULT_REGION, S3_PUBLIC_ENDPOINT]),
];

/// The part of `sandcastle serve --help` about settings.
pub fn settings_help() -> String {
    help(SETTINGS)
}

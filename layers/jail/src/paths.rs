//! Which paths of the host a jail's root shows, and which paths it makes itself.

/// Folders of the system's programs and libraries, relative to `/`. Where `/usr` is merged, most are symbolic links.
pub(crate) const SYSTEM: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "libx32", "lib64"];

/// Small files of `/etc` that programs read. They are copied, which costs less than a mount for each.
pub(crate) const ETC_COPIES: &[&str] = &[
    "debian_version",
    "ld.so.cache", // without it ld.so(8) searches only its default folders
    "ld.so.conf",
    "locale.alias",
    "localtime",
    "magic",
    "mime.types", // Python's mimetypes
    "os-release",
    "protocols",
    "services",
    "ssl/openssl.cnf",
    "system-release",
    "timezone",
];

/// Folders of `/etc`. Those with certificates are listed one by one, because private keys are stored next to them.
pub(crate) const ETC_FOLDERS: &[&str] = &[
    "alternatives", // Debian's /usr/bin/awk and liblapack.so.3 are links into it
    "fonts",
    "ld.so.conf.d",
    "pki/ca-trust",
    "pki/tls/certs",
    "ssl/certs",
    "terminfo",
];

/// Files of `/etc` with contents of their own, so that kernels do not see the host's users and names.
pub(crate) const ETC_GENERATED: &[(&str, &str)] = &[
    ("group", "root:x:0:\nnogroup:x:65534:\n"),
    ("hostname", "sandbox\n"),
    ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ("passwd", "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"),
];

/// Files of `/sys/fs/cgroup` with the limits of a container, in both versions of cgroups. DuckDB reads them, and refuses to start
/// when one is there that it may not read.
pub(crate) const CONTAINER_LIMITS: &[&str] =
    &["cpu.max", "memory.max", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "memory/memory.limit_in_bytes"];

/// An empty file that cannot be written.
pub(crate) const EMPTY: &str = "/.empty";
/// Files of `/proc` that tell of other users of the machine. A kernel sees [`EMPTY`] in their place.
pub(crate) const HIDDEN: &[&str] = &["key-users"];

/// Devices in `/dev`. None of them holds state or gives access to hardware.
pub(crate) const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

/// Symbolic links in `/dev`, and their targets.
pub(crate) const DEV_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// The folder of all kernels. Each kernel mounts its own folders from it and then unmounts it.
pub(crate) const KERNELS: &str = "/.kernels";
/// A kernel's working directory.
pub(crate) const FILES: &str = "/sandbox/files";
/// A kernel's temporary folder.
pub(crate) const TMP: &str = "/tmp";
/// Shared memory; each kernel has its own file system there.
pub(crate) const SHM: &str = "/dev/shm";
/// Paths that a jail makes itself. No readable path may contain one of them.
pub(crate) const RESERVED: &[&str] = &[FILES, TMP, SHM, KERNELS, "/etc/passwd", "/proc"];

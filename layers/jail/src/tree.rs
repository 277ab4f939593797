//! What a building holds of the host's file system: data only.

/// Folders of the system's programs and libraries, relative to `/`. On merged-/usr systems most are symbolic links.
pub(crate) const SYSTEM: &[&str] = &["usr", "bin", "sbin", "lib", "lib32", "libx32", "lib64"];

/// Small files of `/etc` that programs look for; copied, so that each costs no mount.
pub(crate) const ETC_COPIES: &[&str] = &[
    "debian_version",
    "ld.so.cache", // without it the loader searches only its default folders
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

/// Folders of `/etc`. Private keys live next to certificates, so those are named one by one.
pub(crate) const ETC_FOLDERS: &[&str] = &[
    "alternatives", // Debian's /usr/bin/awk, liblapack.so.3 and others are links into it
    "fonts",
    "ld.so.conf.d",
    "pki/ca-trust",
    "pki/tls/certs",
    "ssl/certs",
    "terminfo",
];

/// Files of `/etc` that a building has of its own: the host's users and names are nobody's business in there.
pub(crate) const ETC_OWN: &[(&str, &str)] = &[
    ("group", "root:x:0:\nnogroup:x:65534:\n"),
    ("hostname", "sandbox\n"),
    ("hosts", "127.0.0.1 localhost\n::1 localhost\n"),
    ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"),
    ("passwd", "root:x:0:0:root:/:/usr/sbin/nologin\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n"),
];

/// The devices. None of them holds state or reaches hardware.
pub(crate) const DEVICES: &[&str] = &["null", "zero", "full", "random", "urandom"];

/// Symbolic links in `/dev`, and their targets.
pub(crate) const DEV_LINKS: &[(&str, &str)] = &[
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// Where the folder of all kernels is until a kernel has taken its own out of it.
pub(crate) const KERNELS: &str = "/.kernels";
/// A kernel's working directory.
pub(crate) const FILES: &str = "/sandbox/files";
/// A kernel's temporary folder.
pub(crate) const TMP: &str = "/tmp";
/// Shared memory, a file system per kernel.
pub(crate) const SHM: &str = "/dev/shm";
/// What a building makes itself; no readable path may cover any of it.
pub(crate) const OWN: &[&str] = &[FILES, TMP, SHM, KERNELS, "/etc/passwd", "/proc"];

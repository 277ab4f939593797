//! How a function is isolated from the test machine: not at all, or as on Lambda.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::paths;

/// How the emulator's program is isolated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// An ordinary process of this machine, run by the user who runs the tests.
    None,
    /// An unprivileged user id that sees only its own processes, with `/tmp` as the only writable folder, the layer in
    /// `/opt`, no `/dev/shm`, and the seccomp filter of `as-lambda`. Needs root.
    AsOnLambda,
    /// The same with function and layer for arm64 and that architecture's C library, under qemu. Needs `make arm64` too.
    AsOnArm64,
}

/// Builds the root file system of one environment and runs the emulator, which is not isolated: on Lambda it is part of
/// the platform. The shell stays as the first process of the PID namespace, to reap processes.
const ENVIRONMENT: &str = r#"
set -e
root=$1 layer=$2 program=$3 libraries=$4
shift 4
[ -z "$libraries" ] || mount -t overlay -o "lowerdir=$libraries:/usr/lib" foreign /usr/lib
mount --rbind / "$root"
mount -o remount,bind,ro "$root"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -t tmpfs -o mode=755 var "$root/var"
mkdir "$root/var/task"
cp "$program" "$root/var/task/bootstrap"
mount --bind "$layer" "$root/opt"
mount -o remount,bind,ro "$root/opt"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=755 dev "$root/dev"
for device in null zero full random urandom; do
    : > "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
"$@"
"#;

/// Environment variables that Lambda and the template set.
const ON_LAMBDA: [(&str, &str); 4] = [
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ("LD_LIBRARY_PATH", "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"),
    ("SANDCASTLE_PYTHON_HOME", "/opt"),
    ("JAIL", "best-effort"),
];

impl Isolation {
    /// The command that runs a program of this build under the emulator with these options.
    pub fn command(self, folder: &Path, program: &str, options: &[String]) -> Command {
        let emulator = paths::emulator();
        if self == Self::None {
            let mut command = Command::new(emulator);
            command.args(options).arg(paths::binary(program));
            return command;
        }
        // A user id of its own for each environment, because the kernel counts limits on processes by user id.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() % 1000 * 10 + NEXT.fetch_add(1, Ordering::Relaxed);
        let uid = (50_000 + number).to_string();
        let root = folder.join(format!("{program}.root"));
        fs::create_dir(&root).unwrap();
        let (layer, built, libraries) = match self {
            Self::AsOnArm64 => ("core-arm64", paths::for_arm64(program), paths::arm64_libraries()),
            _ => ("core", paths::binary(program), PathBuf::new()),
        };
        let layer = paths::root().join("target/layer").join(layer);
        assert!(layer.is_dir(), "{} is missing: run the tests with `make test`", layer.display());
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", ENVIRONMENT, "sh"]);
        command.arg(&root).arg(layer).arg(built).arg(libraries);
        command.arg(emulator).args(options).arg(paths::binary("as-lambda"));
        command.arg(&root).arg(uid).arg("/var/task/bootstrap").env_clear().envs(ON_LAMBDA);
        command
    }
}

/// Whether the tests run as root. If not, the test is skipped; in CI, where every test must run, it fails.
pub fn is_root() -> bool {
    can_run(rustix::process::geteuid().is_root(), "this test needs root")
}

/// Whether what `make arm64` builds is there, and Linux runs it with qemu. If not, as for [`is_root`].
pub fn has_arm64() -> bool {
    let runs = Path::new("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists() || std::env::consts::ARCH == "aarch64";
    let built = paths::for_arm64("bootstrap").is_file() && paths::root().join("target/layer/core-arm64").is_dir();
    can_run(built && runs, "this test needs `make arm64`, and qemu-user-static to run what that builds")
}

/// Whether a test can run. One that cannot says what it needs, and fails in CI.
///
/// # Panics
/// In CI, when it cannot.
pub fn can_run(can: bool, needs: &str) -> bool {
    if !can {
        #[expect(clippy::disallowed_methods, reason = "CI sets this variable")]
        let ci = std::env::var_os("CI").is_some();
        assert!(!ci, "{needs}");
        eprintln!("SKIP: {needs}");
    }
    can
}

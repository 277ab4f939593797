//! Where an emulator's program runs: as it is here, or as on Lambda.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::here;

/// Where, and as whom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this system, as who runs the tests.
    Here,
    /// Under an unprivileged user id that sees its own processes only, with `/tmp` the only place to write, the layer in
    /// `/opt`, without `/dev/shm`, and behind the filter of `as-lambda`. Takes root.
    AsOnLambda,
}

/// Makes the root of one environment, and runs the emulator in front of it: that one is Lambda's own, and not confined. The
/// shell stays, as the first process of the namespace, to reap.
const ENVIRONMENT: &str = r#"
set -e
root=$1 layer=$2 program=$3
shift 3
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

/// What Lambda and the template set in a function's environment.
const ON_LAMBDA: [(&str, &str); 4] = [
    ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"),
    ("LD_LIBRARY_PATH", "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"),
    ("SANDCASTLE_PYTHON_HOME", "/opt"),
    ("JAIL", "best-effort"),
];

impl Place {
    /// The emulator with these options, in front of a program of this build.
    pub fn command(self, folder: &Path, program: &str, options: &[String]) -> Command {
        let emulator = here::emulator();
        if self == Self::Here {
            let mut command = Command::new(emulator);
            command.args(options).arg(here::binary(program));
            return command;
        }
        // Each environment has its own, because limits on processes count by user id.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = std::process::id() % 1000 * 10 + NEXT.fetch_add(1, Ordering::Relaxed);
        let uid = (50_000 + number).to_string();
        let root = folder.join(format!("{program}.root"));
        fs::create_dir(&root).unwrap();
        let layer = here::root().join("target/layer/core");
        assert!(layer.is_dir(), "there is no layer: run the tests with `make test`");
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", ENVIRONMENT, "sh"]);
        command.arg(&root).arg(layer).arg(here::binary(program));
        command.arg(emulator).args(options).arg(here::binary("as-lambda"));
        command.arg(&root).arg(uid).arg("/var/task/bootstrap").env_clear().envs(ON_LAMBDA);
        command
    }
}

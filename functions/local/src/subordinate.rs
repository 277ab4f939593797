//! Runs an ordinary user's server with the user's subordinate ids (subuid(5)): then each kernel has a user id of its own, as it has
//! under root.

use std::{
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

/// Makes a user namespace whose root is this user, and has newuidmap(1) and newgidmap(1) map the user's ids there: util-linux 2.38.
const UNSHARE: &str = "unshare";
const WITH_IDS: [&str; 3] = ["--user", "--map-root-user", "--map-auto"];

/// Replaces this process by the same command of this program in such a namespace. Returns where there is nothing to gain, since the
/// process is root, or where the user has no such ids or may not use them.
///
/// # Errors
/// When the program cannot be started again.
pub fn enter(program: &Path) -> io::Result<()> {
    if rustix::process::geteuid().is_root() || !is_available() {
        return Ok(());
    }
    let arguments = std::env::args_os().skip(1);
    Err(Command::new(UNSHARE).args(WITH_IDS).arg("--").arg(program).args(arguments).exec())
}

/// Tried in a process of its own: whatever runs in the namespace cannot leave it again.
fn is_available() -> bool {
    let mut trial = Command::new(UNSHARE);
    trial.args(WITH_IDS).args(["--", "true"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    trial.status().is_ok_and(|status| status.success())
}

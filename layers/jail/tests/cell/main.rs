//! What a confined kernel can and cannot do. Runs as root and as an unprivileged user, who has user namespaces only. There is
//! no test harness, because a jail changes the whole process: each scenario is a process of its own.
//!
//! When a step does not hold on this machine, the cases that need it are printed as SKIP. With `CI=true` they fail.

mod files;
mod fixture;
mod limits;
mod network;
mod processes;
mod scenarios;
mod syscalls;

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// The result of a case or a scenario.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--scenario") {
        return scenarios::run(&arguments.next().unwrap_or_default());
    }
    // A copy, because the unprivileged user may have no access to the build folder.
    let folder = tempfile::tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let copy = folder.path().join("cell-test");
    fs::copy(std::env::current_exe()?, &copy)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    let mut failed = 0;
    for scenario in scenarios::ALL {
        failed += run("as is", Command::new(&copy).args(["--scenario", scenario]))?;
        if rustix::process::geteuid().is_root() {
            failed += run("as a user", as_user(&copy).args(["--scenario", scenario]))?;
        }
    }
    println!("{failed} scenarios failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The program under an unprivileged user id and without supplementary groups.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups"]).arg(program);
    command
}

/// Runs a scenario. 1 when it failed, 0 when it passed.
fn run(how: &str, command: &mut Command) -> Result<u32, Box<dyn Error>> {
    println!("{:?} {how}", command.get_args().last().unwrap_or_default());
    let ended = command.status()?;
    println!("{}", if ended.success() { "passed\n".to_owned() } else { format!("FAILED: {ended}\n") });
    Ok(u32::from(!ended.success()))
}

//! What a confined kernel can and cannot do, tried by being one: as root, and as a user who has nothing but user
//! namespaces. No test harness, since a building changes the whole process: each scene is a process of its own.
//!
//! A step that this machine lacks is printed as SKIP, with the cases that need it; with `CI=true` that fails.

mod files;
mod limits;
mod network;
mod processes;
mod scene;
mod scenes;
mod syscalls;

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

/// What cases and scenes end with.
type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--scene") {
        return scenes::play(&arguments.next().unwrap_or_default());
    }
    // A copy, because the user must be able to run it wherever the build folder is.
    let stage = tempfile::tempdir()?;
    fs::set_permissions(stage.path(), fs::Permissions::from_mode(0o755))?;
    let copy = stage.path().join("cell-test");
    fs::copy(std::env::current_exe()?, &copy)?;
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    let mut failed = 0;
    for scene in scenes::ALL {
        failed += run("as is", Command::new(&copy).args(["--scene", scene]))?;
        if rustix::process::geteuid().is_root() {
            failed += run("as a user", as_user(&copy).args(["--scene", scene]))?;
        }
    }
    println!("{failed} scenes failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same program under an id without privileges and without supplementary groups.
fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid=1000", "--regid=1000", "--clear-groups"]).arg(program);
    command
}

/// 1 when the scene failed.
fn run(how: &str, command: &mut Command) -> Result<u32, Box<dyn Error>> {
    println!("{:?} {how}", command.get_args().last().unwrap_or_default());
    let ended = command.status()?;
    println!("{}", if ended.success() { "passed\n".to_owned() } else { format!("FAILED: {ended}\n") });
    Ok(u32::from(!ended.success()))
}

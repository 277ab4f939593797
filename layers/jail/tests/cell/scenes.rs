//! The scenes: a whole building, a host without mounts, refusals, and the zygote's death.

use std::error::Error;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Pid, WaitOptions, waitpid};
use sandcastle_jail::{Building, Confined, Fork, Ground, JailError, STEPS};

use crate::scene::{Stage, confine, ensure};
use crate::{Outcome, files, limits, network, processes, syscalls};

/// Every scene that the runner plays.
pub(crate) const ALL: &[&str] = &["building", "host tree", "refusals", "orphan"];

/// A case, the steps it needs, and its name.
type Case = (&'static str, &'static [&'static str], fn(&Stage) -> Outcome);

/// Names a case by its function.
macro_rules! cases {
    ($($needs:expr => $($module:ident::$case:ident),+;)+) => {
        &[$($((stringify!($case), $needs, $module::$case)),+),+]
    };
}

const IN_A_BUILDING: &[Case] = cases! {
    &["mounts"] => files::the_system_is_there, files::the_layer_is_there_and_read_only, files::the_host_is_not_there,
        files::no_neighbour_by_another_way, files::nothing_else_can_be_written, files::its_own_folders_can_be_written,
        files::devices_work_but_none_can_be_made;
    &["mounts", "proc"] => files::every_other_mount_is_read_only;
    &["network"] => network::the_hosts_abstract_sockets_are_out_of_reach, network::no_interface_but_its_own_loopback;
    &["seccomp"] => network::no_other_family_of_sockets, network::local_sockets_work,
        syscalls::what_leads_out_is_refused, syscalls::what_is_not_listed_does_not_exist,
        syscalls::what_is_harmless_works, syscalls::foreign_calls_end_the_process;
    &["pid_namespace", "proc"] => processes::it_sees_only_its_own;
    &["signals"] => processes::it_cannot_signal_the_zygote, processes::it_can_signal_its_children;
    &["session"] => processes::it_leads_a_session;
    &["uid", "user_namespace", "capabilities", "no_new_privs", "seccomp", "dumpable"] =>
        processes::it_is_nobody_special;
    &["uid", "no_new_privs"] => processes::it_cannot_become_root;
    &["proc", "no_new_privs", "seccomp"] => processes::what_it_runs_is_confined_too;
    &["descriptors"] => limits::nothing_inherited_is_open;
    &["rlimits", "user_namespace"] => limits::processes_run_out;
    &["rlimits"] => limits::memory_runs_out, limits::files_stay_small,
        limits::descriptors_run_out, limits::limits_cannot_be_raised;
};

const IN_THE_HOST_TREE: &[Case] = cases! {
    &["landlock"] => files::the_system_is_there, files::the_host_cannot_be_read, files::files_can_be_written,
        files::the_layer_is_there_and_read_only;
    &["signals"] => processes::it_cannot_signal_the_zygote, processes::it_can_signal_its_children;
    &["seccomp"] => network::no_other_family_of_sockets, syscalls::what_leads_out_is_refused;
};

/// Plays one scene in this process.
pub(crate) fn play(scene: &str) -> Result<ExitCode, Box<dyn Error>> {
    let passed = match scene {
        "building" => building(),
        "host tree" => host_tree(),
        "refusals" => refusals(),
        "orphan" => orphan(),
        "orphan's zygote" => orphans_zygote(),
        _ => Err(format!("no scene is called {scene:?}").into()),
    };
    passed.map(|()| ExitCode::SUCCESS)
}

fn building() -> Outcome {
    let stage = Stage::set()?;
    let _listener = UnixListener::bind_addr(&network::zygotes_socket(stage.zygote)?)?;
    let building = Building::raise(&Ground { kernels_dir: &stage.kernels(), readable: &stage.readable });
    in_child(&building, || {
        let confined = confine(&building, 0, &[])?;
        ensure(confined.steps.iter().map(|report| report.step).eq(STEPS.iter().copied()), "steps are missing")?;
        act(&stage, &confined, IN_A_BUILDING, &[])
    })
}

/// A readable path that the building cannot have stands in for a system that gives no mounts.
fn host_tree() -> Outcome {
    let mut stage = Stage::set()?;
    stage.readable.push(PathBuf::from("/etc"));
    let building = Building::raise(&Ground { kernels_dir: &stage.kernels(), readable: &stage.readable });
    in_child(&building, || {
        let confined = confine(&building, 0, &[])?;
        act(&stage, &confined, IN_THE_HOST_TREE, &["mounts", "proc"])
    })?;
    in_child(&building, || match confine(&building, 0, &["mounts".to_owned()]) {
        Err(JailError::NotHeld { step: "mounts", reason }) => ensure(!reason.is_empty(), "no reason"),
        other => Err(format!("{other:?}").into()),
    })
}

fn refusals() -> Outcome {
    let stage = Stage::set()?;
    let building = Building::raise(&Ground { kernels_dir: &stage.kernels(), readable: &stage.readable });
    in_child(&building, || match confine(&building, 0, &["secomp".to_owned()]) {
        Err(JailError::UnknownStep(name)) => ensure(name == "secomp", name),
        other => Err(format!("{other:?}").into()),
    })?;
    in_child(&building, || match confine(&building, 7, &[]) {
        Err(JailError::View(_) | JailError::Enter { .. }) => Ok(()),
        other => Err(format!("{other:?}").into()),
    })?;
    for slot in ["", ".", "..", "../1", "1/../1", "/", "a b", "1\0", &"1".repeat(65)] {
        let limits = crate::scene::LIMITS;
        let policy = sandcastle_jail::Policy { slot, uid: 61_000, limits, ends_first: false, keep: &[], required: &[] };
        match sandcastle_jail::confine_self(&building, &policy) {
            Err(JailError::Slot(_)) => {}
            other => return Err(format!("{slot:?}: {other:?}").into()),
        }
    }
    Ok(())
}

/// Kills a zygote and waits for its kernel, which holds the pipe open as long as it lives.
fn orphan() -> Outcome {
    // The orphan becomes a child of this process, so that it is reaped before another run counts its user's processes.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut zygote =
        Command::new(std::env::current_exe()?).args(["--scene", "orphan's zygote"]).stdout(Stdio::piped()).spawn()?;
    let mut output = zygote.stdout.take().ok_or("no pipe")?;
    let mut first = [0; 1];
    output.read_exact(&mut first)?;
    zygote.kill()?;
    zygote.wait()?;
    let mut rest = String::new();
    output.read_to_string(&mut rest)?;
    rustix::process::wait(WaitOptions::empty())?;
    ensure(&first == b"r" && rest.is_empty(), format!("the kernel lived on: {rest}"))
}

fn orphans_zygote() -> Outcome {
    let stage = Stage::set()?;
    let building = Building::raise(&Ground { kernels_dir: &stage.kernels(), readable: &stage.readable });
    in_child(&building, || {
        let confined = confine(&building, 0, &[])?;
        skipped(&confined, &["parent_death"], &[], "orphan")?;
        print!("r");
        std::io::Write::flush(&mut std::io::stdout())?;
        std::thread::sleep(std::time::Duration::from_secs(20));
        print!("it is still here");
        Ok(())
    })
}

/// Runs the cases whose steps hold.
fn act(stage: &Stage, confined: &Confined, cases: &[Case], lacking: &[&str]) -> Outcome {
    let mut failed = 0;
    for (name, needs, case) in cases {
        if skipped(confined, needs, lacking, name)? {
            continue;
        }
        match case(stage) {
            Ok(()) => println!("  ok {name}"),
            Err(error) => {
                failed += 1;
                println!("  FAILED {name}: {error}");
            }
        }
    }
    for report in confined.steps.iter().filter(|report| !report.held) {
        println!("  not held: {} ({})", report.step, report.reason);
    }
    ensure(failed == 0, format!("{failed} cases failed"))
}

/// Whether one of the steps is missing; an error in CI, where nothing but `lacking` may be.
fn skipped(confined: &Confined, needs: &[&str], lacking: &[&str], name: &str) -> Result<bool, Box<dyn Error>> {
    let missing = confined.steps.iter().find(|report| !report.held && needs.contains(&report.step));
    let Some(report) = missing.filter(|report| !lacking.contains(&report.step)) else { return Ok(missing.is_some()) };
    eprintln!("SKIP {name}: {} is not held here: {}", report.step, report.reason);
    #[allow(clippy::disallowed_methods, reason = "whether this is CI is no setting of the project")]
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if ci { Err(format!("{} must hold in CI", report.step).into()) } else { Ok(true) }
}

/// Runs that in a forked child; an error when it fails there.
fn in_child(building: &Building, body: impl FnOnce() -> Outcome) -> Outcome {
    match building.fork()? {
        Fork::Child => {
            let outcome = body();
            if let Err(error) = &outcome {
                eprintln!("  {error}");
            }
            // Without unwinding: the temporary folders belong to the parent.
            std::process::exit(i32::from(outcome.is_err()));
        }
        Fork::Parent { pid } => {
            let ended = waitpid(Some(Pid::from_raw(pid).ok_or("no pid")?), WaitOptions::empty())?;
            let status = ended.map(|(_, status)| status).ok_or("no status")?;
            ensure(status.exit_status() == Some(0), format!("the kernel ended with {status:?}"))
        }
    }
}

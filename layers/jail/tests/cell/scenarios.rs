//! The scenarios: a complete jail, a system without mounts, a helper that dies, refused policies, and the death of the zygote.

use std::error::Error;
use std::io::Read;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

use rustix::process::{Pid, WaitOptions, waitpid};
use sandcastle_jail::{Confined, Fork, Jail, JailConfig, JailError};
use sandcastle_protocol::Step;

use crate::fixture::{Fixture, confine, ensure};
use crate::{Outcome, files, limits, network, processes, syscalls};

/// Every scenario that the runner starts.
pub(crate) const ALL: &[&str] = &["jail", "host root", "helper", "refusals", "orphan"];

/// The name of a case, the steps that it needs, and the case.
type Case = (&'static str, &'static [Step], fn(&Fixture) -> Outcome);

/// Lists cases under the names of their functions.
macro_rules! cases {
    ($($needs:expr => $($module:ident::$case:ident),+;)+) => {
        &[$($((stringify!($case), $needs, $module::$case)),+),+]
    };
}

const IN_A_JAIL: &[Case] = cases! {
    &[Step::Mounts] => files::system_programs_can_be_run, files::the_layer_can_be_read_but_not_written, files::files_of_the_host_are_not_visible,
        files::no_path_leads_to_another_kernel, files::nothing_outside_its_folders_can_be_written, files::its_own_folders_can_be_written,
        files::devices_work_but_none_can_be_made;
    &[Step::Mounts, Step::Proc] => files::every_other_mount_is_read_only;
    &[Step::Network] => network::the_hosts_abstract_sockets_are_out_of_reach, network::no_interface_but_its_own_loopback;
    &[Step::Seccomp] => network::only_local_sockets_can_be_made, network::local_sockets_work,
        syscalls::dangerous_calls_are_refused, syscalls::unlisted_calls_fail_as_unknown,
        syscalls::harmless_calls_work, syscalls::foreign_calls_end_the_process;
    &[Step::PidNamespace, Step::Proc] => processes::it_sees_only_its_own, processes::it_cannot_harm_process_1;
    &[Step::Signals] => processes::it_cannot_signal_the_zygote, processes::it_can_signal_its_children;
    &[Step::Session] => processes::it_leads_a_session;
    &[Step::Uid, Step::UserNamespace, Step::Capabilities, Step::NoNewPrivs, Step::Seccomp, Step::Dumpable] =>
        processes::it_has_no_privileges;
    &[Step::Uid, Step::NoNewPrivs] => processes::it_cannot_become_root;
    &[Step::Proc, Step::NoNewPrivs, Step::Seccomp] => processes::what_it_runs_is_confined_too;
    &[Step::Descriptors] => limits::nothing_inherited_is_open;
    &[Step::Rlimits, Step::UserNamespace] => limits::processes_are_limited;
    &[Step::Rlimits] => limits::memory_is_limited, limits::file_size_is_limited,
        limits::descriptors_are_limited, limits::limits_cannot_be_raised;
};

const IN_THE_HOST_ROOT: &[Case] = cases! {
    &[Step::Landlock] => files::system_programs_can_be_run, files::files_of_the_host_cannot_be_read, files::files_can_be_written,
        files::the_layer_can_be_read_but_not_written, files::limits_of_the_container_can_be_read;
    &[Step::Signals] => processes::it_cannot_signal_the_zygote, processes::it_can_signal_its_children;
    &[Step::Seccomp] => network::only_local_sockets_can_be_made, syscalls::dangerous_calls_are_refused;
};

/// Runs one scenario in this process.
pub(crate) fn run(scenario: &str) -> Result<ExitCode, Box<dyn Error>> {
    let passed = match scenario {
        "jail" => complete_jail(),
        "host root" => host_root(),
        "helper" => a_helper_that_dies_is_replaced(),
        "refusals" => refusals(),
        "orphan" => orphan(),
        "orphan's zygote" => orphans_zygote(),
        _ => Err(format!("unknown scenario {scenario:?}").into()),
    };
    passed.map(|()| ExitCode::SUCCESS)
}

fn complete_jail() -> Outcome {
    let fixture = Fixture::create()?;
    let _listener = UnixListener::bind_addr(&network::zygotes_socket(fixture.zygote)?)?;
    let jail = Jail::prepare(&JailConfig { kernels_dir: &fixture.kernels(), readable: &fixture.readable });
    in_child(&jail, || {
        let confined = confine(&jail, 0, &[])?;
        ensure(confined.steps.iter().map(|report| report.step).eq(Step::ALL.iter().copied()), "steps are missing")?;
        run_cases(&fixture, &confined, IN_A_JAIL, &[])
    })
}

/// A readable path that a jail refuses has the effect of a system that grants no mounts.
fn host_root() -> Outcome {
    let mut fixture = Fixture::create()?;
    fixture.readable.push(PathBuf::from("/etc"));
    let jail = Jail::prepare(&JailConfig { kernels_dir: &fixture.kernels(), readable: &fixture.readable });
    in_child(&jail, || {
        let confined = confine(&jail, 0, &[])?;
        run_cases(&fixture, &confined, IN_THE_HOST_ROOT, &[Step::Mounts, Step::Proc])
    })?;
    in_child(&jail, || match confine(&jail, 0, &[Step::Mounts]) {
        Err(JailError::NotHeld { step: Step::Mounts, reason }) => ensure(!reason.is_empty(), "no reason"),
        other => Err(format!("{other:?}").into()),
    })
}

fn a_helper_that_dies_is_replaced() -> Outcome {
    let fixture = Fixture::create()?;
    let jail = Jail::prepare(&JailConfig { kernels_dir: &fixture.kernels(), readable: &fixture.readable });
    for slot in 0..2 {
        in_child(&jail, || {
            let confined = confine(&jail, slot, &[])?;
            run_cases(
                &fixture,
                &confined,
                &[("it_sees_only_its_own", &[Step::Proc], processes::it_sees_only_its_own)],
                &[],
            )
        })?;
        if let Some(helper) = jail.helper().and_then(Pid::from_raw) {
            rustix::process::kill_process(helper, rustix::process::Signal::KILL)?;
        }
    }
    Ok(())
}

fn refusals() -> Outcome {
    let fixture = Fixture::create()?;
    let jail = Jail::prepare(&JailConfig { kernels_dir: &fixture.kernels(), readable: &fixture.readable });
    in_child(&jail, || match confine(&jail, 7, &[]) {
        Err(JailError::Mount(_) | JailError::Enter { .. }) => Ok(()),
        other => Err(format!("{other:?}").into()),
    })?;
    for slot in ["", ".", "..", "../1", "1/../1", "/", "a b", "1\0", &"1".repeat(65)] {
        let limits = crate::fixture::LIMITS;
        let policy = sandcastle_jail::Policy { slot, uid: 61_000, limits, ends_first: false, keep: &[], required: &[] };
        match sandcastle_jail::confine_self(&jail, &policy) {
            Err(JailError::Slot(_)) => {}
            other => return Err(format!("{slot:?}: {other:?}").into()),
        }
    }
    Ok(())
}

/// Kills a zygote and waits for its kernel, which keeps the pipe open until it ends.
fn orphan() -> Outcome {
    // The kernel becomes a child of this process, which reaps it before another scenario counts its user's processes.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut zygote = Command::new(std::env::current_exe()?)
        .args(["--scenario", "orphan's zygote"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = zygote.stdout.take().ok_or("no pipe")?;
    let mut first = [0; 1];
    output.read_exact(&mut first)?;
    zygote.kill()?;
    zygote.wait()?;
    let mut rest = String::new();
    output.read_to_string(&mut rest)?;
    rustix::process::wait(WaitOptions::empty())?;
    ensure(&first == b"r" && rest.is_empty(), format!("the kernel outlived the zygote: {rest}"))
}

fn orphans_zygote() -> Outcome {
    let fixture = Fixture::create()?;
    let jail = Jail::prepare(&JailConfig { kernels_dir: &fixture.kernels(), readable: &fixture.readable });
    in_child(&jail, || {
        let confined = confine(&jail, 0, &[])?;
        skipped(&confined, &[Step::ParentDeath], &[], "orphan")?;
        print!("r");
        std::io::Write::flush(&mut std::io::stdout())?;
        std::thread::sleep(std::time::Duration::from_secs(20));
        print!("it is still here");
        Ok(())
    })
}

/// Runs the cases whose steps hold. The steps in `lacking` are not expected to.
fn run_cases(fixture: &Fixture, confined: &Confined, cases: &[Case], lacking: &[Step]) -> Outcome {
    let mut failed = 0;
    for (name, needs, case) in cases {
        if skipped(confined, needs, lacking, name)? {
            continue;
        }
        match case(fixture) {
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

/// Whether one of the steps does not hold. In CI that is an error, except for those in `lacking`.
fn skipped(confined: &Confined, needs: &[Step], lacking: &[Step], name: &str) -> Result<bool, Box<dyn Error>> {
    let missing = confined.steps.iter().find(|report| !report.held && needs.contains(&report.step));
    let Some(report) = missing.filter(|report| !lacking.contains(&report.step)) else { return Ok(missing.is_some()) };
    eprintln!("SKIP {name}: {} is not held here: {}", report.step, report.reason);
    #[allow(clippy::disallowed_methods, reason = "whether this is CI is not a setting of the project")]
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if ci { Err(format!("{} must hold in CI", report.step).into()) } else { Ok(true) }
}

/// Runs `body` in a forked child. An error when it fails there.
fn in_child(jail: &Jail, body: impl FnOnce() -> Outcome) -> Outcome {
    match jail.fork()? {
        Fork::Child => {
            let outcome = body();
            if let Err(error) = &outcome {
                eprintln!("  {error}");
            }
            // Runs no destructors: the temporary folders belong to the parent.
            std::process::exit(i32::from(outcome.is_err()));
        }
        Fork::Parent { pid } => {
            let ended = waitpid(Some(Pid::from_raw(pid).ok_or("no pid")?), WaitOptions::empty())?;
            let status = ended.map(|(_, status)| status).ok_or("no status")?;
            ensure(status.exit_status() == Some(0), format!("the kernel ended with {status:?}"))
        }
    }
}

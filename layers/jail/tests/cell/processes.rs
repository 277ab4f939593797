//! Processes and credentials of a kernel: what it sees, what it may signal, and what its child processes may do.

use std::fs;
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Pid, Signal, dumpable_behavior, getpid, getppid, getsid, kill_process};

use crate::Outcome;
use crate::fixture::{Fixture, ensure, status};

pub(crate) fn it_sees_only_its_own(_: &Fixture) -> Outcome {
    let parent = getppid().ok_or("its parent is not of its namespace")?;
    ensure(!getpid().is_init() && parent.is_init(), "its parent is not process 1")?;
    let entries = fs::read_dir("/proc")?.collect::<Result<Vec<_>, _>>()?;
    let names: Vec<String> = entries.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let seen: Vec<&String> = names.iter().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())).collect();
    ensure(seen == ["1", "3"], format!("{seen:?}"))
}

pub(crate) fn it_cannot_harm_process_1(_: &Fixture) -> Outcome {
    for signal in [Signal::STOP, Signal::KILL, Signal::TERM, Signal::SEGV, Signal::CHILD] {
        let _ = kill_process(Pid::INIT, signal);
    }
    for file in ["environ", "mem", "maps", "ns/user", "root/etc", "fd/0"] {
        ensure(fs::File::open(format!("/proc/1/{file}")).is_err(), format!("process 1's {file} is readable"))?;
    }
    let state = fs::read_to_string("/proc/1/stat")?;
    ensure(state.contains(") S "), format!("process 1 does not sleep: {state}"))
}

pub(crate) fn it_cannot_signal_the_zygote(fixture: &Fixture) -> Outcome {
    let zygote = Pid::from_raw(fixture.zygote).ok_or("no pid")?;
    // SIGTERM and not signal 0: it would end the zygote if it arrived.
    let sent = kill_process(zygote, Signal::TERM);
    ensure(matches!(sent, Err(Errno::SRCH | Errno::PERM)), format!("{sent:?}"))
}

pub(crate) fn it_can_signal_its_children(_: &Fixture) -> Outcome {
    let mut child = Command::new("sleep").arg("600").spawn()?;
    child.kill()?;
    ensure(child.wait()?.code().is_none(), "sleep was not killed")
}

pub(crate) fn it_leads_a_session(_: &Fixture) -> Outcome {
    ensure(getsid(None)? == getpid(), "another process leads the session")
}

pub(crate) fn it_has_no_privileges(_: &Fixture) -> Outcome {
    for name in ["Uid:", "Gid:"] {
        ensure(status(name)? != "0", format!("{name} is 0"))?;
    }
    ensure(status("Groups:")?.is_empty(), "there are groups left")?;
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        ensure(status(set)?.bytes().all(|digit| digit == b'0'), format!("{set} {}", status(set)?))?;
    }
    ensure(status("NoNewPrivs:")? == "1" && status("Seccomp:")? == "2", "no_new_privs or seccomp is off")?;
    ensure(dumpable_behavior()? == DumpableBehavior::NotDumpable, "memory can be dumped")
}

pub(crate) fn it_cannot_become_root(_: &Fixture) -> Outcome {
    let root = rustix::process::Uid::ROOT;
    ensure(rustix::thread::set_thread_res_uid(root, root, root).is_err(), "it became root")?;
    if fs::metadata("suid").is_ok() {
        let said = Command::new("./suid").arg("-u").output()?;
        ensure(said.stdout != b"0\n", "a set-user-id program runs as root")?;
    }
    let said = Command::new("su").args(["-c", "id"]).output();
    ensure(said.map_or(true, |said| !said.status.success()), "su works")
}

pub(crate) fn what_it_runs_is_confined_too(_: &Fixture) -> Outcome {
    let script = "grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/self/status; ls /root /.kernels/1; \
        unshare -Ur true && echo namespace; (exec 3<>/dev/tcp/127.0.0.1/80) && echo network; \
        echo x > /usr/x && echo written";
    let said = Command::new("bash").args(["-c", script]).output()?;
    let text = String::from_utf8_lossy(&said.stdout).replace('\t', " ");
    let wanted = "CapEff: 0000000000000000\nNoNewPrivs: 1\nSeccomp: 2\n";
    ensure(text == wanted, format!("{text}\n{}", String::from_utf8_lossy(&said.stderr)))
}

//! The zygote's promises to the host: who is forked, who is refused, who ends when.

use std::os::fd::AsFd;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sandcastle_protocol::{Ended, Fork, FromZygote, Start};

use crate::host::Host;

#[test]
fn every_step_is_reported_and_a_missing_one_refuses() {
    let (_, started) = Host::plain().try_kernel(Start::default());
    assert!(started.refused.is_none() && !started.steps.is_empty());
    let mut strict = Host::start(None, false, &["no such step"]);
    let (_kernel, started) = strict.try_kernel(Start::default());
    assert!(started.refused.is_some_and(|reason| reason.contains("no such step")));
    assert!(matches!(strict.receive(), FromZygote::Ended { name: 1, how: Ended::Exited { code: 0 } }));
}

#[test]
fn code_finds_no_descriptor_but_its_own() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "import os, stat
sockets = 0
for fd in range(3, 1024):
    try:
        sockets += stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        pass
print(sockets)";
    assert_eq!(kernel.output(code), ["1"]);
}

#[test]
fn every_end_is_told() {
    let mut host = Host::plain();
    for (code, wanted) in [
        ("import os\nos._exit(3)", Ended::Exited { code: 3 }),
        ("import ctypes\nctypes.string_at(0)", Ended::Signaled { signal: 11 }),
    ] {
        let mut kernel = host.kernel();
        kernel.send(code, false);
        let FromZygote::Ended { how, .. } = host.receive() else { panic!("wanted an end") };
        assert_eq!(how, wanted);
    }
    let idle = host.kernel();
    drop(idle);
    assert!(matches!(host.receive(), FromZygote::Ended { how: Ended::Exited { code: 0 }, .. }));
    let stopped = host.kernel();
    kill_process(Pid::from_raw(stopped.pid).unwrap(), Signal::KILL).unwrap();
    assert!(matches!(host.receive(), FromZygote::Ended { how: Ended::Signaled { signal: 9 }, .. }));
}

#[test]
fn a_fork_without_its_descriptors_fails_alone() {
    let mut host = Host::plain();
    host.send_fork(&Fork { name: 90, slot: 90, uid: 40_090 }, &[]);
    assert!(matches!(host.receive(), FromZygote::ForkFailed { name: 90, .. }));
    let only = std::io::pipe().unwrap().1;
    host.send_fork(&Fork { name: 91, slot: 91, uid: 40_091 }, &[only.as_fd()]);
    assert!(matches!(host.receive(), FromZygote::ForkFailed { name: 91, .. }));
    assert_eq!(host.kernel().output("print(1)"), ["1"]);
}

#[test]
fn forks_sent_at_once_keep_their_descriptors() {
    let mut host = Host::plain();
    let pairs: Vec<_> = (0..4).map(|_| (std::io::pipe().unwrap(), std::io::pipe().unwrap())).collect();
    for (slot, ((_, first), (_, second))) in (50..).zip(&pairs) {
        host.send_fork(&Fork { name: slot, slot, uid: 40_050 }, &[first.as_fd(), second.as_fd()]);
    }
    let mut forked = 0;
    while forked < pairs.len() {
        // Each of them ends soon, for a pipe is no frame socket.
        forked += usize::from(matches!(host.receive(), FromZygote::Forked { .. }));
    }
}

#[test]
fn kernels_end_with_the_host() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    kernel.send("print('ready')\nwhile True: pass", false);
    kernel.wait_for("ready");
    host.close();
    let gone = test_kill_process(Pid::from_raw(kernel.pid).unwrap());
    assert_eq!(gone, Err(rustix::io::Errno::SRCH));
}

#[test]
fn what_lies_beside_the_executable_is_out_of_reach() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    let code = "import os, subprocess, sys
try:
    print(set(os.listdir(os.path.dirname(sys.executable))) - {os.path.basename(sys.executable)} or 'nothing')
except PermissionError:
    print('nothing')
print(subprocess.run([sys.executable, '-c', 'print(1 + 1)'], capture_output=True, text=True).stdout.strip())";
    assert_eq!(kernel.output(code), ["nothing", "2"]);
}

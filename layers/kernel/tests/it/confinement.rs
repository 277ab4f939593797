//! Forks, refusals and ends of kernels, as the zygote reports them to the host.

use std::os::fd::AsFd;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use sandcastle_protocol::{Ended, Fork, FromZygote, Start, Step};

use crate::host::Host;

#[test]
fn every_step_is_reported_and_a_missing_required_one_refuses() {
    let (_, started) = Host::plain().try_kernel(Start::default());
    assert_eq!(started.refused, None);
    assert!(started.steps.iter().map(|report| &report.step).eq(Step::ALL));
    let (_, started) = Host::without_own_root(&[]).try_kernel(Start::default());
    assert_eq!(started.refused, None);
    let mut strict = Host::without_own_root(&[Step::Mounts]);
    let (_kernel, started) = strict.try_kernel(Start::default());
    assert!(started.refused.is_some_and(|reason| reason.contains("required step mounts does not hold")));
    assert!(matches!(strict.receive(), FromZygote::Ended { name: 1, how: Ended::Exited { code: 0 } }));
}

#[test]
fn user_code_finds_no_socket_of_the_kernel() {
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
fn every_end_is_reported() {
    let mut host = Host::plain();
    for (code, wanted) in [
        ("import os\nos._exit(3)", Ended::Exited { code: 3 }),
        ("import ctypes\nctypes.string_at(0)", Ended::Signaled { signal: 11 }),
        ("import os\nos.abort()", Ended::Signaled { signal: 6 }),
    ] {
        let mut kernel = host.kernel();
        kernel.send(code, false);
        let FromZygote::Ended { how, .. } = host.receive() else { panic!("expected an end") };
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
fn a_file_that_grows_too_large_is_an_error() {
    let code = "import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
file = open('big', 'wb', 0)
print(file.write(bytes(1000)))
try:
    file.write(b'x')
except OSError as error:
    print(error)";
    assert_eq!(Host::plain().kernel().output(code), ["1000", "[Errno 27] File too large"]);
}

#[test]
fn a_fork_without_its_descriptors_fails_and_the_zygote_goes_on() {
    let mut host = Host::plain();
    host.send_fork(&Fork { name: 90, slot: 90, uid: 40_090, program: false, after: 0 }, &[]);
    assert!(matches!(host.receive(), FromZygote::ForkFailed { name: 90, .. }));
    let only = std::io::pipe().unwrap().1;
    host.send_fork(&Fork { name: 91, slot: 91, uid: 40_091, program: false, after: 0 }, &[only.as_fd()]);
    assert!(matches!(host.receive(), FromZygote::ForkFailed { name: 91, .. }));
    assert_eq!(host.kernel().output("print(1)"), ["1"]);
}

#[test]
fn forks_sent_at_once_keep_their_descriptors() {
    let mut host = Host::plain();
    let pairs: Vec<_> = (0..4).map(|_| (std::io::pipe().unwrap(), std::io::pipe().unwrap())).collect();
    for (slot, ((_, first), (_, second))) in (50..).zip(&pairs) {
        let fork = Fork { name: slot, slot, uid: 40_050, program: false, after: 0 };
        host.send_fork(&fork, &[first.as_fd(), second.as_fd(), second.as_fd()]);
    }
    let mut forked = 0;
    while forked < pairs.len() {
        // Each of them ends soon, because a pipe is not a frame socket.
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
fn files_next_to_the_executable_are_not_readable() {
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

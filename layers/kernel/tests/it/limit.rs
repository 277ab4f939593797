//! SIGINT, which the host sends at the time limit.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::host::{Host, Kernel};

const MESSAGE: &str = "TimeoutError('the execution took longer than its limit of 0.9 s')";

fn interrupt(kernel: &Kernel) {
    kill_process(Pid::from_raw(kernel.pid).unwrap(), Signal::INT).unwrap();
}

#[test]
fn an_interrupt_becomes_a_timeout_error() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    for code in [
        "print('ready')\nimport time\ntime.sleep(10**6)",
        "print('ready')\nwhile True: pass",
        "while True: print('ready')",
        "print('ready')\ntry:\n    while True: pass\nexcept BaseException: print('swallowed')",
        "import asyncio\nprint('ready')\nawait asyncio.sleep(10**6)",
        "import subprocess\nprint('ready')\nsubprocess.run(['sleep', '1000000'])",
    ] {
        kernel.send(code, false);
        kernel.wait_for("ready");
        interrupt(&kernel);
        while !kernel.has_spoken(Duration::from_secs(1)) {
            interrupt(&kernel); // the first one came just before a system call
        }
        let answer = kernel.answer();
        assert!(answer.done.interrupted, "{code}");
        assert_eq!(answer.error(), MESSAGE, "{code}");
    }
    assert_eq!(kernel.output("import asyncio\nawait asyncio.sleep(0)\nprint('on')"), ["on"]);
}

#[test]
fn an_interrupt_between_calls_does_no_harm() {
    let mut host = Host::plain();
    let mut kernel = host.kernel();
    interrupt(&kernel);
    assert_eq!(kernel.output("print('first')"), ["first"]);
    interrupt(&kernel);
    let answer = kernel.run("print('second')");
    assert!(!answer.done.interrupted && answer.elements == ["second"]);
}

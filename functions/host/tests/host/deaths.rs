//! Time limits, and deaths of kernels: named, survived, and without a trace in the next call.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{TestHost, is_root, names};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_named_and_the_next_call_works() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("total = 41").await;
    let report =
        sandbox.run("print('before')\nopen('left.txt', 'w').write('x')\nimport ctypes\nctypes.string_at(0)").await;
    assert_eq!(report.failure.unwrap().error, "KernelDied('signal 11 (SIGSEGV)')");
    assert_eq!((report.output, report.files.len()), (vec!["before".into()], 1));
    let state = report.state.unwrap();
    assert!(!state.kept && state.reason.contains("SIGSEGV"), "{state:?}");
    assert!(
        state.reason.ends_with("variables are as they were before this call") && state.lost.is_empty(),
        "{state:?}"
    );
    assert_eq!(sandbox.prints("print(open('left.txt').read(), total)").await, ["x 41"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exit_of_the_process_is_no_exit_of_the_host() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    for _ in 0..3 {
        assert_eq!(sandbox.fails("import os\nos._exit(1)").await, "KernelDied('exit code 1')");
    }
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_code_sends_itself_has_its_usual_effect() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("kept = 1").await;
    for (code, name) in [
        ("os.abort()", "signal 6 (SIGABRT)"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "signal 15 (SIGTERM)"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9 (SIGKILL)"),
        ("os.kill(0, signal.SIGKILL)", "signal 9 (SIGKILL)"),
        ("signal.raise_signal(signal.SIGSEGV)", "signal 11 (SIGSEGV)"),
    ] {
        let error = sandbox.fails(&format!("import os, signal\n{code}\nimport time\ntime.sleep(60)")).await;
        assert_eq!(error, format!("KernelDied('{name}')"), "{code}");
        assert_eq!(sandbox.prints("print(kept)").await, ["1"], "{code}");
    }
    let handled = "import os, signal\nsignal.signal(signal.SIGTERM, lambda *_: print('handled'))\n\
                   os.kill(os.getpid(), signal.SIGTERM)\nprint(os.getppid() > 0)";
    assert_eq!(sandbox.prints(handled).await, ["handled", "True"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interrupt_at_the_limit_keeps_variables() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("held = 'before'").await;
    sandbox.limit = Duration::from_millis(500);
    let report = sandbox.run("during = 'set'\nprint('begun')\nimport time\ntime.sleep(10_000)").await;
    let error = report.failure.unwrap().error;
    assert!(error.starts_with("TimeoutError('the execution took longer than its limit of 0.5 s"), "{error}");
    assert_eq!((report.output, report.state), (vec!["begun".into()], None));
    assert_eq!(sandbox.prints("print(held, during)").await, ["before set"]);
}

/// The process that a process was forked from.
fn parent(pid: i32) -> i32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zygote_that_forks_no_more_is_replaced() {
    if !is_root() {
        return;
    }
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("kept = 1").await;
    // Above the kernel is process 1 of its namespace.
    let zygote = parent(parent(host.processes()[0]));
    kill_process(Pid::from_raw(zygote).unwrap(), Signal::STOP).unwrap();
    assert_eq!(host.sandbox().prints("print('on')").await, ["on"]);
    assert_eq!(sandbox.prints("print(kept)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_that_is_killed_between_calls_costs_no_call_when_its_zygote_is_busy() {
    if !is_root() {
        return;
    }
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("kept = 1").await;
    let kernel = host.processes()[0];
    // It cannot tell how the kernel ended.
    kill_process(Pid::from_raw(parent(parent(kernel))).unwrap(), Signal::STOP).unwrap();
    kill_process(Pid::from_raw(kernel).unwrap(), Signal::KILL).unwrap();
    assert_eq!(sandbox.prints("print(kept)").await, ["1"]);
}

/// Long enough for a busy machine to see that the interrupt comes again when half of it is over.
const GRACE: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_that_does_nothing_is_repeated() {
    let host = TestHost::start_with(|config| config.grace = GRACE).await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_millis(300);
    let code = "
import signal, time
at_limit = signal.getsignal(signal.SIGINT)
signal.signal(signal.SIGINT, lambda *_: signal.signal(signal.SIGINT, at_limit))
held = 1
time.sleep(10**6)
";
    let error = sandbox.run(code).await.failure.unwrap().error;
    assert_eq!(error, "TimeoutError('the execution took longer than its limit of 0.3 s')");
    assert_eq!(sandbox.prints("print(held)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_ends_after_the_interrupt_is_not_interrupted_again() {
    let host = TestHost::start_with(|config| config.grace = GRACE).await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_millis(300);
    let code = "import time\ntry:\n    time.sleep(10**6)\nfinally:\n    time.sleep(2.5)\n    ended = 'in order'";
    assert!(sandbox.run(code).await.failure.unwrap().error.starts_with("TimeoutError("));
    assert_eq!(sandbox.prints("print(ended)").await, ["in order"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_swallows_the_interrupt_is_killed() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("held = 1").await;
    sandbox.limit = Duration::from_millis(300);
    let codes = [
        "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass",
        "import time\ntry:\n    time.sleep(10**6)\nfinally:\n    time.sleep(10**6)",
        "sum(range(10**18))",
        "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
    ];
    for code in codes {
        let report = sandbox.run(&format!("print('begun')\n{code}")).await;
        let error = report.failure.unwrap().error;
        assert_eq!(error, "TimeoutError('the execution took longer than its limit of 0.3 s')", "{code}");
        assert_eq!(report.output, ["begun"], "{code}");
    }
    assert_eq!(sandbox.prints("print(held)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_call_left_behind_does_not_run_on() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import subprocess, threading, time, os
child = subprocess.Popen('while :; do echo tick >> ticks.txt; sleep 0.01; done', shell=True)
detached = subprocess.Popen(['setsid', 'sh', '-c', 'sleep 1000 & sleep 1000'])
def count():
    n = 0
    while True:
        n += 1
        open('count.txt', 'w').write(str(n))
threading.Thread(target=count, daemon=True).start()
time.sleep(0.2)
";
    let report = sandbox.run(code).await;
    assert_eq!(report.failure, None);
    let ticks = "print(len(open('ticks.txt').read()))";
    let first = sandbox.prints(ticks).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(sandbox.prints(ticks).await, first);
    assert_eq!(sandbox.prints("print(child.poll() is None, detached.poll() is None)").await, ["False False"]);
    if is_root() {
        assert_eq!(host.processes().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_killed_at_any_moment_is_replaced() {
    if !is_root() {
        return;
    }
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    for round in 0..20u64 {
        let code = "import subprocess\nfor n in range(100):\n    print(n)\n    open('n.txt', 'w').write(str(n))";
        let kill = async {
            tokio::time::sleep(Duration::from_millis(round * 3 % 40)).await;
            for pid in host.processes() {
                let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
            }
        };
        // Killed before the code began, the kernel is replaced or the run has an error; after that, the death is told.
        let (ran, ()) = tokio::join!(sandbox.try_run(code), kill);
        if let Ok(ran) = ran
            && let Some(failure) = ran.report.failure
        {
            assert_eq!(failure.error, "KernelDied('signal 9 (SIGKILL)')");
        }
        assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zygote_that_dies_is_replaced() {
    if !is_root() {
        return;
    }
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("open('kept.txt', 'w').write('kept')\nx = 1").await;
    for kernel in host.processes() {
        let status = std::fs::read_to_string(format!("/proc/{kernel}/status")).unwrap();
        let zygote = status.lines().find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok()).unwrap();
        kill_process(Pid::from_raw(zygote).unwrap(), Signal::KILL).unwrap();
    }
    // Whether the zygote's end has been noticed yet is left open: a call may still find no kernel.
    let mut report = None;
    for _ in 0..100 {
        match sandbox.try_run("print(open('kept.txt').read())").await {
            Ok(ran) if ran.report.failure.is_none() => {
                report = Some(ran.report);
                break;
            }
            _ => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    assert_eq!(report.unwrap().output, ["kept"]);
    assert!(names(&sandbox.run("print(1)").await).is_empty());
}

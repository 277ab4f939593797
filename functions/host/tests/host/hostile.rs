//! Code that attacks its host through what they share: sockets, pipes, signals and the folder.

use std::{fs, path::PathBuf, time::Duration};

use sandcastle::interpreter::Interpreter;

use crate::support::{TestHost, is_root};

/// Finds the kernel's own descriptors, whatever their numbers, and writes frames to them.
const DESCRIPTORS: &str = r"
import json, os, stat
def own():
    fds = []
    for fd in range(3, 1024):
        try:
            mode = os.fstat(fd).st_mode
        except OSError:
            continue
        if stat.S_ISSOCK(mode) or stat.S_ISFIFO(mode):
            fds.append(fd)
    return fds
def forge(*frames):
    for fd in own():
        for frame in frames:
            body = json.dumps(frame).encode()
            try:
                os.write(fd, b'\x01' + len(body).to_bytes(4, 'little') + body)
            except OSError:
                pass
";

#[tokio::test(flavor = "multi_thread")]
async fn closed_descriptors_end_the_call_and_no_more() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_secs(3);
    sandbox.run("import os\nos.closerange(0, 1024)\nwhile True: pass").await.failure.unwrap();
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    let report = sandbox.run("import os\nos.closerange(0, 1024)").await;
    assert!(report.failure.is_some_and(|failure| failure.error.starts_with("KernelDied(")));
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_frames_and_records_harm_nobody_else() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_secs(2);
    let forgeries = [
        r"b'\x00' * 4096",
        r"b'\xff' * 65536",
        r"b'\x01\xff\xff\xff\x7f'",
        r"b'\x01\x02\x00\x00\x00{}'",
        r"b'\x01' + (8_000_000).to_bytes(4, 'little') + b'[' * 8_000_000",
        r#"(lambda j: b'\x01' + len(j).to_bytes(4, 'little') + j)(b'{"type":"started","steps":[],"refused":null}')"#,
    ];
    for forged in forgeries {
        let code = format!(
            "{DESCRIPTORS}\nfor fd in own():\n    try:\n        os.write(fd, {forged})\n    except OSError:\n        pass"
        );
        let report = sandbox.run(&code).await;
        assert!(report.failure.is_some_and(|failure| failure.error.starts_with("KernelDied(")), "{forged}");
        assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_answer_is_cut_to_size_and_leaves_no_files_unseen() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = r#"
done = {'type': 'done', 'call': 1, 'failure': None, 'interrupted': False, 'cwd': '../../etc\0',
    'names': ['n' * 300, 'ok'] + [f'v{i}' for i in range(20_000)], 'still_lost': [], 'not_restored': [], 'not_loaded': [f'n{i}' for i in range(20_000)], 'missed': False, 'env': {'A=B': 'x', 'P': 'y' * 100_000, 'Q': 'z'},
    'dataframes': [{'name': f'd{i}', 'num_rows': 1, 'num_cols': 1, 'memory_bytes': 1, 'changed': True} for i in range(3000)]}
open('made.txt', 'w').write('x')
forge(done)
import time
time.sleep(5)
"#;
    let report = sandbox.run(&format!("{DESCRIPTORS}{code}")).await;
    assert_eq!(report.files.len(), 1);
    let manifest = &sandbox.head.manifest;
    assert_eq!((manifest.variables.len(), manifest.dataframes.len()), (10_000, 1_000));
    assert_eq!((manifest.cwd.as_str(), manifest.env.len()), ("", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_code_ends_is_no_answer_to_a_later_call() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = r#"
import time
done = {'type': 'done', 'call': 1, 'failure': None, 'interrupted': False, 'cwd': '', 'names': [], 'variables': None,
    'still_lost': [], 'not_restored': [], 'not_loaded': [], 'missed': False, 'env': {}, 'dataframes': []}
forge({'type': 'code_ended'}, done)
time.sleep(1)
"#;
    assert_eq!(sandbox.run(&format!("{DESCRIPTORS}{code}")).await.failure, None);
    let second = sandbox.run("print('second')").await;
    assert!(second.failure.is_some_and(|failure| failure.error.starts_with("KernelDied(")));
    assert_eq!(sandbox.prints("print('third')").await, ["third"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_bomb_ends_with_its_call() {
    let host = TestHost::start_with(|config| config.limits.processes = 64).await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_secs(1);
    let bomb = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass";
    sandbox.run(bomb).await;
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    let quick = "import os\nfor _ in range(5):\n    try:\n        os.fork()\n    except OSError:\n        pass";
    sandbox.run(quick).await;
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    if is_root() {
        assert_eq!(host.processes().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_to_everyone_reach_nobody_else() {
    let host = TestHost::start().await;
    let (mut other, mut sandbox) = (host.sandbox(), host.sandbox());
    other.prints("kept = 1").await;
    let code = "
import os, signal
for target in (-1, 1, os.getppid(), 0):
    try:
        if target:
            os.kill(target, signal.SIGSTOP)
        os.kill(target, signal.SIGKILL)
    except OSError as error:
        print(error.errno)
";
    sandbox.run(code).await;
    assert_eq!(other.prints("print(kept)").await, ["1"]);
    assert_eq!(sandbox.prints("print('on')").await, ["on"]);
}

/// The counter file of the one kernel that has one.
fn counter(host: &TestHost) -> PathBuf {
    let kernels = fs::read_dir(host.run_dir.path().join("run/kernels")).unwrap();
    let files = kernels.map(|slot| slot.unwrap().path().join("files/count"));
    files.into_iter().find(|file| file.exists()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_kernel_cannot_wake_itself() {
    let count = "
import ctypes, fcntl, mmap, os, signal, threading
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGCONT, lambda *_: None)
open('count', 'wb').write(bytes(8))
with open('count', 'r+b') as file: shared = mmap.mmap(file.fileno(), 8)
def spin():
    n = 0
    while True:
        n += 1
        shared[:] = n.to_bytes(8, 'little')
threading.Thread(target=spin, daemon=True).start()
";
    let timer = "
libc = ctypes.CDLL(None, use_errno=True)
class Event(ctypes.Structure): _fields_ = [('v', ctypes.c_void_p), ('n', ctypes.c_int), ('how', ctypes.c_int), ('_', ctypes.c_char * 48)]
times, timer = (ctypes.c_long * 4)(0, 1_000_000, 0, 1_000_000), ctypes.c_void_p()
libc.timer_create(0, ctypes.byref(Event(None, signal.SIGCONT, 0, b'')), ctypes.byref(timer))
libc.timer_settime(timer, 0, times, None)
";
    // clone(2), by its number on x86-64: a child whose end wakes its parent, once the host ends what the call has started.
    let child = "
libc = ctypes.CDLL(None, use_errno=True)
if libc.syscall(56, int(signal.SIGCONT), 0, 0, 0, 0) == 0:
    while True: signal.pause()
";
    // The end of the last process that ties the kernel's process group to its session wakes the stopped group.
    let group = "
kernel = os.getpid()
ready, tell = os.pipe()
if os.fork() == 0:
    os.setpgid(0, 0)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, kernel)
        os.write(tell, b'x')
    while True: signal.pause()
os.read(ready, 1)
";
    let host = TestHost::start().await;
    for trick in [timer, child, group] {
        let (mut sandbox, mut other) = (host.sandbox(), host.sandbox());
        sandbox.prints(&format!("{count}{trick}")).await;
        let file = counter(&host);
        let stopped_at = fs::read(&file).unwrap();
        for _ in 0..20 {
            other.prints("import time\ntime.sleep(0.01)").await;
        }
        assert_eq!(fs::read(&file).unwrap(), stopped_at, "{trick}");
        assert_eq!(sandbox.prints("while shared[:] == bytes(8): pass\nprint('on')").await, ["on"]);
        host.host.discard(&sandbox.id).await;
        while file.exists() {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_names_as_python_can_hold_do_not_end_the_kernel() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    for letter in ["\\x01", "x", "\\x02", "\\\\"] {
        let code = format!("globals().update({{f'{{i:06}}' + '{letter}' * 240: i for i in range(30_000)}})\nlast = 1");
        let report = sandbox.run(&code).await;
        assert_eq!(report.failure, None, "{letter}");
        assert!(sandbox.head.manifest.variables.len() >= 600, "{}", sandbox.head.manifest.variables.len());
        // They are lost, a bounded part of them is remembered, and a new kernel can be told.
        sandbox.fails("import os\nos._exit(1)").await;
        let lost: usize = sandbox.head.manifest.lost.iter().map(|(name, why)| name.as_str().len() + why.len()).sum();
        assert!(lost <= 256 * 1024 && sandbox.head.manifest.lost.len() <= 2_000);
        assert_eq!(sandbox.prints("print('on')").await, ["on"]);
    }
}

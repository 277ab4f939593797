//! Working files: found by the host whatever the code does to hide them, stored once, and restored as they were.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use sandcastle::{
    interpreter::{Interpreter, RunError},
    layout,
    store::{ObjectStore, StoreError},
};

use crate::support::{Sandbox, TestHost, names};

#[tokio::test(flavor = "multi_thread")]
async fn new_and_changed_files_are_listed_once() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
from pathlib import Path
Path('deep/er').mkdir(parents=True)
Path('deep/er/leaf.csv').write_text('a,b\\n1,2\\n')
Path('b.txt').write_text('six ch')
Path('.hidden').write_text('x'); Path('.cfg').mkdir(); Path('.cfg/a.txt').write_text('x')
Path('__pycache__').mkdir(); Path('__pycache__/z.pyc').write_bytes(b'0')
Path('gone.txt').write_text('x'); Path('gone.txt').unlink()
";
    let report = sandbox.run(code).await;
    assert_eq!(names(&report), ["b.txt", "deep/er/leaf.csv"]);
    let leaf = &report.files[1];
    assert_eq!((leaf.mime_type.as_str(), leaf.size), ("text/csv", 8));
    assert_eq!(&sandbox.stored(leaf.hash).await[..], b"a,b\n1,2\n");
    assert!(sandbox.head.manifest.files.contains_key(".cfg/a.txt"));
    let puts = host.store.puts();
    assert!(names(&sandbox.run("open('b.txt').read(); Path('deep/er/leaf.csv').touch()").await).is_empty());
    // The one write is the ledger entry.
    assert_eq!(host.store.puts(), puts + 1);
    assert_eq!(
        names(&sandbox.run("Path('b.txt').unlink(); Path('deep/er/leaf.csv').rename('moved.csv')").await),
        ["moved.csv"]
    );
    assert!(!sandbox.head.manifest.files.contains_key("b.txt"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_cannot_be_hidden() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os, mmap\nfor n in 'abcd':\n    open(f'{n}.txt', 'w').write('0' * 4096)").await;
    sandbox.prints("import time\ntime.sleep(0.2)").await;
    let same_size_and_time = "
before = os.stat('a.txt')
open('a.txt', 'r+').write('1')
os.utime('a.txt', ns=(before.st_atime_ns, before.st_mtime_ns))
";
    assert_eq!(names(&sandbox.run(same_size_and_time).await), ["a.txt"]);
    let map = "f = open('b.txt', 'r+b')\nm = mmap.mmap(f.fileno(), 4096)\nm[0] = 50";
    assert_eq!(names(&sandbox.run(map).await), ["b.txt"]);
    for value in 51..54 {
        assert_eq!(names(&sandbox.run(&format!("m[0] = {value}")).await), ["b.txt"]);
    }
    assert_eq!(names(&sandbox.run("m[0] = 60\nm.close()\nf.close()").await), ["b.txt"]);
    assert!(names(&sandbox.run("pass").await).is_empty());
    let through_rename = "open('new', 'w').write('2' * 4096)\nos.rename('new', 'c.txt')";
    assert_eq!(names(&sandbox.run(through_rename).await), ["c.txt"]);
    let open_for_long = "g = open('d.txt', 'r+b', buffering=0)\ng.write(b'1')";
    assert_eq!(names(&sandbox.run(open_for_long).await), ["d.txt"]);
    assert_eq!(names(&sandbox.run("g.write(b'2')").await), ["d.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_special_files_are_not_followed() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os, socket
os.symlink('/proc/self/environ', 'env.txt'); os.symlink('/etc/passwd', 'pw.txt'); os.symlink('/', 'root')
os.symlink('.', 'loop')
for make in (lambda: os.mkfifo('pipe'), lambda: socket.socket(socket.AF_UNIX).bind('socket')):
    try:
        make()
    except OSError:
        pass
open('ok.txt', 'w').write('x')
";
    let report = sandbox.run(code).await;
    assert_eq!((names(&report), &report.failure), (vec!["ok.txt"], &None));
    assert_eq!(sandbox.head.manifest.files.len(), 1);
    let said: Vec<_> = report.files_skipped.iter().map(|it| (it.name.as_str(), it.reason.as_str())).collect();
    for (name, what) in [("env.txt", "a symbolic link"), ("root", "a symbolic link"), ("pipe", "a named pipe")] {
        assert!(said.iter().any(|(left_out, why)| *left_out == name && why.starts_with(what)), "{name}: {said:?}");
    }
    assert_eq!(sandbox.run("1").await.files_skipped, [], "said twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_modes_that_nobody_expects() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os
open(b'bad\\xff.txt', 'w').write('x')
open('locked.txt', 'w').write('locked'); os.chmod('locked.txt', 0)
os.mkdir('closed'); open('closed/in.txt', 'w').write('x'); os.chmod('closed', 0)
open('empty', 'w').close()
open('new\\nline \\u00e9.txt', 'w').write('x')
os.makedirs('/'.join(['d' * 200] * 7)); open('/'.join(['d' * 200] * 7) + '/far.txt', 'w').write('x')
top = os.getcwd()
for _ in range(100):
    os.mkdir('n'); os.chdir('n')
open('deep.txt', 'w').write('x'); os.chdir(top)
";
    let report = sandbox.run(code).await;
    assert_eq!(report.failure, None);
    assert_eq!(names(&report), ["closed/in.txt", "empty", "locked.txt", "new\nline é.txt"]);
    let skipped: Vec<_> = report.files_skipped.iter().map(|skipped| skipped.reason.as_str()).collect();
    assert!(skipped.iter().any(|reason| reason.contains("UTF-8")), "{skipped:?}");
    assert!(skipped.iter().any(|reason| reason.contains("1024 bytes")), "{skipped:?}");
    assert!(skipped.iter().any(|reason| reason.contains("64 deep")), "{skipped:?}");
    assert!(sandbox.run("pass").await.files_skipped.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn more_files_than_an_answer_lists_are_kept_and_said() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let report = sandbox.run("for i in range(1000):\n    open(f'f{i:04}.txt', 'w').write(str(i))").await;
    assert_eq!((report.files.len(), report.files[99].name.as_str()), (100, "f0099.txt"));
    assert_eq!(report.files_skipped.len(), 101);
    assert!(report.files_skipped[100].reason.contains("800 more"));
    assert_eq!(sandbox.head.manifest.files.len(), 1000);
    replace_kernel(&host, &mut sandbox).await;
    let links = "import os\nopen('base.bin', 'wb').write(os.urandom(1 << 20))\nfor i in range(700):\n    os.link('base.bin', f'h{i}.bin')";
    let report = sandbox.run(links).await;
    assert_eq!((report.files.len(), report.failure), (100, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_bytes_than_a_call_stores_are_said() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os
for name in 'ab':
    with open(f'{name}.bin', 'wb') as file:
        os.posix_fallocate(file.fileno(), 0, 300 << 20)
        file.write(name.encode())
open('huge.bin', 'wb').truncate(1 << 30)
";
    let report = sandbox.run(code).await;
    assert_eq!(names(&report), ["a.bin"]);
    let skipped: Vec<_> = report.files_skipped.iter().map(|skipped| skipped.name.as_str()).collect();
    assert_eq!(skipped, ["b.bin", "huge.bin"]);
    assert!(!sandbox.head.manifest.files.contains_key("b.bin"));
    // The next call has a budget of its own.
    assert_eq!(names(&sandbox.run("pass").await), ["b.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn holes_are_not_stored() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
with open('hole.bin', 'wb') as file:
    file.seek(64 << 20)
    file.write(b'end')
with open('small.bin', 'wb') as file: file.truncate(1 << 20)
with open('full.bin', 'wb') as file: file.write(bytes(20 << 20))
";
    let report = sandbox.run(code).await;
    assert_eq!(names(&report), ["full.bin", "small.bin"]);
    assert_eq!(report.files_skipped[0].name.as_str(), "hole.bin");
    assert!(report.files_skipped[0].reason.contains("never written"));
    // Once most of it is written, it is stored.
    assert_eq!(names(&sandbox.run("open('hole.bin', 'wb').write(bytes(20 << 20))").await), ["hole.bin"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_folder_is_as_it_was() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os
os.makedirs('empty/inner'); os.chmod('empty', 0o500)
open('run.sh', 'w').write('#!/bin/sh\\necho ran\\n'); os.chmod('run.sh', 0o755)
os.makedirs('ro'); open('ro/f.txt', 'w').write('f'); os.chmod('ro', 0o555)
os.utime('ro/f.txt', (1_000_000_000, 1_000_000_000))
";
    sandbox.prints(code).await;
    replace_kernel(&host, &mut sandbox).await;
    let look = "
import os, subprocess
print(oct(os.stat('empty').st_mode), os.listdir('empty'), oct(os.stat('ro').st_mode), int(os.stat('ro/f.txt').st_mtime))
subprocess.run(['./run.sh'])
open('new.txt', 'w').write('writable')
";
    let report = sandbox.run(look).await;
    assert_eq!(report.output, ["0o40500 ['inner'] 0o40555 1000000000", "ran"]);
    assert_eq!(names(&report), ["new.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_stored_are_no_result() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    host.store.failing.store(true, Ordering::SeqCst);
    let ran = sandbox.try_run("x = 1\nfor i in range(300):\n    open(f'{i}.txt', 'w').write(str(i))").await;
    assert!(matches!(ran, Err(RunError::Store(_))));
    host.store.failing.store(false, Ordering::SeqCst);
    // What could not be stored is not there, in the folder as in the variables.
    assert_eq!(sandbox.prints("import os\nprint('x' in globals(), os.listdir())").await, ["False []"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_never_answers_costs_the_call_its_time_and_others_nothing() {
    let host = TestHost::start().await;
    let (mut slow, mut other) = (host.sandbox(), host.sandbox());
    host.store.stalled.store(true, Ordering::SeqCst);
    // As much as a host holds in memory at once, and files that wait for room after it.
    let code = "x = 1\nimport os\nos.posix_fallocate(open('a.bin', 'wb').fileno(), 0, 300 << 20)\nopen('b.bin', 'w').write('b')";
    let mut job = slow.job(code);
    job.deadline = Instant::now() + Duration::from_secs(5);
    let ran = host.host.run(job).await;
    assert!(matches!(ran, Err(RunError::TooLate)), "{ran:?}");
    host.store.stalled.store(false, Ordering::SeqCst);
    assert_eq!(names(&other.run("open('c.bin', 'w').write('c')").await), ["c.bin"]);
    assert_eq!(slow.prints("import os\nprint('x' in globals(), os.listdir())").await, ["False []"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_that_forbid_to_look_into_them_lose_no_file() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "
import os
for mode in (0o444, 0o200, 0o100):
    name = oct(mode)
    os.makedirs(f'{name}/in'); open(f'{name}/in/f.txt', 'w').write(name); os.chmod(name, mode)
";
    let report = sandbox.run(code).await;
    assert_eq!(names(&report), ["0o100/in/f.txt", "0o200/in/f.txt", "0o444/in/f.txt"]);
    assert_eq!((report.failure, report.files_skipped), (None, vec![]));
    let report = sandbox.run("for mode in (0o444, 0o200, 0o100): os.chmod(oct(mode), mode)").await;
    assert_eq!((report.files, report.files_skipped), (vec![], vec![]));
    assert_eq!(sandbox.head.manifest.files.len(), 9);
    replace_kernel(&host, &mut sandbox).await;
    assert_eq!(sandbox.head.manifest.files.len(), 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_bytes_are_verified_when_read() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let report = sandbox.run("open('a.txt', 'w').write('a')").await;
    let key = layout::file(&sandbox.id, sandbox.head.manifest.epoch, report.files[0].hash);
    host.store.put(&key, "other bytes".into()).await.unwrap();
    host.host.discard(&sandbox.id).await;
    let ran = sandbox.try_run("print(1)").await;
    assert!(matches!(ran, Err(RunError::Store(StoreError::Corrupt { .. }))));
}

/// Replaces the kernel, which restores the folder, and sees that nothing is taken for new.
async fn replace_kernel(host: &TestHost, sandbox: &mut Sandbox<'_>) {
    host.host.discard(&sandbox.id).await;
    let report = sandbox.run("print('restored')").await;
    assert_eq!((report.failure, report.files), (None, vec![]));
}

//! Restoring: a new kernel gets what code needs, when code needs it.

use std::{fs, os::unix::fs::PermissionsExt, sync::atomic::Ordering, time::Duration};

use sandcastle::{
    interpreter::{Interpreter, RunError},
    variables::Totals,
};

use crate::support::{Sandbox, TestHost};

/// Keeps a copy of the kernel's own files, which have no names.
const COPIES: &str = "
import os, stat
found = []
for fd in range(3, 1024):
    try:
        status = os.fstat(fd)
    except OSError:
        continue
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
        found.append(fd)
copies = [os.dup(fd) for fd in found]
";

/// Two values that are objects of their own, and a small one.
async fn with_values<'a>(host: &'a TestHost) -> Sandbox<'a> {
    let mut sandbox = host.sandbox();
    sandbox.prints("big = bytes(range(256)) * 4_000\nother = bytes(range(255)) * 4_000\nsmall = [1]").await;
    sandbox
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_kernel_reads_what_its_code_names_and_keeps_the_rest() {
    let (host, mut gets) = (TestHost::start().await, Vec::new());
    let elsewhere = TestHost::start_beside(&host).await;
    let mut sandbox = with_values(&host).await;
    sandbox.moves_to(&elsewhere);
    for code in ["print(small)", "print(len(big))", "print(len(other), len(big))", "small.append(2)"] {
        let before = host.store.gets();
        sandbox.prints(code).await;
        gets.push(host.store.gets() - before);
        assert_eq!(sandbox.head.manifest.variables.len(), 3);
    }
    assert_eq!(gets, [0, 1, 1, 0]);
    sandbox.moves_to(&host);
    assert_eq!(sandbox.prints("print(small, len(big), len(other))").await, ["[1, 2] 1024000 1020000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_frame_that_is_not_loaded_stays_listed() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import pandas\ndf = pandas.DataFrame({'a': range(20_000)})").await;
    let listed = sandbox.head.manifest.dataframes.clone();
    host.host.discard(&sandbox.id).await;
    let report = sandbox.run("print(1)").await;
    assert_eq!((report.dataframes.len(), &sandbox.head.manifest.dataframes, listed.len()), (0, &listed, 1));
    let report = sandbox.run("df['b'] = 1").await;
    assert_eq!((report.dataframes[0].num_cols, sandbox.head.manifest.dataframes.len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_reaches_a_value_by_no_name_runs_again_with_it() {
    let host = TestHost::start().await;
    let mut sandbox = with_values(&host).await;
    sandbox.prints("class Own:\n    pass\nown = Own()\nown.a = 5").await;
    host.host.discard(&sandbox.id).await;
    // The names are in bytes, where nobody looks for names.
    let code = "import pickle\nprint('begun')\nopen('runs.txt', 'a').write('x')\nsmall.append(2)\n\
                print(len(pickle.loads(b'c__main__\\nbig\\n.')), small, open('runs.txt').read())\n\
                print(pickle.loads(b'c__main__\\nown\\n.').a)";
    assert_eq!(sandbox.prints(code).await, ["begun", "1024000 [1, 2] x", "5"]);
    assert_eq!(
        sandbox.prints("print(small, open('runs.txt').read(), type(__import__('__main__')).__name__)").await,
        ["[1, 2] x module"]
    );
}

/// Code that binds a value which waits for a file to go while it is restored, another, and makes the file.
const WAITING: &str = "class Waiting:\n    def __setstate__(self, state):\n        import os\n        while os.path.exists('wait'):\n            \
    pass\n        self.__dict__.update(state)\nwaiting = Waiting()\nwaiting.a = 1\nkept = [1]\nopen('wait', 'w').close()";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_there_is_no_time_for_costs_nothing() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints(WAITING).await;
    host.host.discard(&sandbox.id).await;
    sandbox.limit = Duration::from_secs(4);
    assert_eq!(sandbox.prints("print(kept)").await, ["[1]"]);
    let error = sandbox.fails("open('begun', 'w').close()\nwaiting").await;
    assert!(error.contains("too short to restore the variables: try again with a longer timeout_s"), "{error}");
    assert_eq!((sandbox.head.manifest.lost.len(), sandbox.head.manifest.variables.len()), (0, 3));
    sandbox.prints("import os\nos.remove('wait')\nkept.append(os.path.exists('begun'))").await;
    assert_eq!(sandbox.prints("print(waiting.a, type(waiting) is Waiting, kept)").await, ["1 True [1, False]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_hangs_while_it_is_restored_costs_itself_alone() {
    let host = TestHost::start().await;
    let in_c = "class Sleeps:\n    def __reduce__(self):\n        import time\n        return time.sleep, (1000,)\nwaiting, kept = Sleeps(), [1]";
    futures::join!(costs_itself_alone(&host, WAITING), costs_itself_alone(&host, in_c));
}

/// Holds that `waiting`, which the code binds beside `kept`, is lost alone.
async fn costs_itself_alone(host: &TestHost, code: &str) {
    let mut sandbox = host.sandbox();
    sandbox.prints(code).await;
    host.host.discard(&sandbox.id).await;
    sandbox.limit = Duration::from_secs(24);
    let error = sandbox.fails("waiting").await;
    assert!(error.contains("restoring it took too long"), "{error}");
    assert_eq!(sandbox.prints("kept.append(2)\nprint(kept)").await, ["[1, 2]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_given_up_also_where_there_is_no_time_for_the_rest() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints(WAITING).await;
    sandbox.prints("import sys, json\nsys.setrecursionlimit(1234)\nalso = Waiting()\nalso.a = 2").await;
    host.host.discard(&sandbox.id).await;
    sandbox.limit = Duration::from_secs(24);
    let error = sandbox.fails("waiting, also").await;
    assert!(error.contains("the code has not run. Try again"), "{error}");
    sandbox.prints("import os\nos.remove('wait')").await;
    assert_eq!(sandbox.head.manifest.lost.len(), 1);
    let code = "print(len({'waiting', 'also'} & globals().keys()), kept, json.dumps(1), sys.getrecursionlimit())";
    assert_eq!(sandbox.prints(code).await, ["1 [1] 1 1234"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_hang_while_they_are_stored_cost_themselves_alone() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("kept, other = [1], {'a': 1}").await;
    (sandbox.limit, sandbox.deadline) = (Duration::from_secs(2), Duration::from_secs(8));
    let hangs = "class Hangs:\n    def __getstate__(self):\n        while True:\n            pass\nhangs = Hangs()\nafter = [1]\nalso = Hangs()";
    for code in [hangs, "new = [2]", "pass"] {
        sandbox.prints(code).await;
    }
    (sandbox.limit, sandbox.deadline) = (Duration::from_secs(30), Duration::from_secs(60));
    host.host.discard(&sandbox.id).await;
    assert_eq!(sandbox.prints("print(kept, other, after, new)").await, ["[1] {'a': 1} [1] [2]"]);
    let error = sandbox.fails("hangs").await;
    assert!(error.contains("took too long"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_may_need_others_by_name_while_it_is_restored() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "import json\nclass Parsed:\n    def __getstate__(self):\n        return json.dumps(self.__dict__)\n    \
                def __setstate__(self, state):\n        self.__dict__.update(json.loads(state), more=TABLE['x'] + plus(1))\n\
                parsed = Parsed()\nparsed.a = 1\nTABLE = {'x': 3}\ndef plus(n):\n    return n + 1";
    sandbox.prints(code).await;
    host.host.discard(&sandbox.id).await;
    assert_eq!(sandbox.prints("print(parsed.a, parsed.more)").await, ["1 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_ends_its_kernel_costs_only_the_calls_that_name_it() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "class Ends:\n    def __setstate__(self, state):\n        import os\n        os._exit(1)\nends = Ends()\nends.a = 1\nkept = [1]";
    sandbox.prints(code).await;
    host.host.discard(&sandbox.id).await;
    assert_eq!(sandbox.prints("kept.append(2)\nprint(kept)").await, ["[1, 2]"]);
    sandbox.fails("ends").await;
    assert_eq!(sandbox.prints("print(kept)").await, ["[1, 2]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_there_is_no_time_to_import_is_there_in_a_later_call() {
    let packages = tempfile::tempdir().unwrap();
    fs::set_permissions(packages.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(packages.path().join("large.py"), "import os\nwhile os.path.exists('wait'):\n    pass\n").unwrap();
    let host = TestHost::start_with(|config| config.site_packages = Some(packages.path().to_owned())).await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import large, json\nopen('wait', 'w').close()").await;
    host.host.discard(&sandbox.id).await;
    sandbox.limit = Duration::from_secs(4);
    let error = sandbox.fails("large").await;
    assert!(error.contains("too short to restore the variables"), "{error}");
    sandbox.bash("rm wait").await;
    assert_eq!(sandbox.prints("print(large.__name__, json.__name__)").await, ["large json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_cannot_be_read_now_cost_nothing() {
    let host = TestHost::start().await;
    let mut sandbox = with_values(&host).await;
    host.host.discard(&sandbox.id).await;
    sandbox.prints("import threading\nlock = threading.Lock()").await;
    host.store.unreadable.store(true, Ordering::SeqCst);
    assert!(matches!(sandbox.try_run("print(len(big))").await, Err(RunError::Store(_))));
    assert_eq!(sandbox.prints("print(small)").await, ["[1]"]);
    host.store.unreadable.store(false, Ordering::SeqCst);
    assert_eq!(sandbox.prints("print(len(big), lock.locked())").await, ["1024000 False"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_values_come_from_the_host() {
    let host = TestHost::start().await;
    let mut sandbox = with_values(&host).await;
    sandbox.run("import os\nos._exit(1)").await;
    let gets = host.store.gets();
    assert_eq!(sandbox.prints("print(len(big), len(other))").await, ["1024000 1020000"]);
    assert_eq!(host.store.gets(), gets);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_cannot_write_to_what_it_is_given() {
    let host = TestHost::start().await;
    let mut sandbox = with_values(&host).await;
    let spy = "class Spy:\n    def __getstate__(self):\n        return 1\n    def __setstate__(self, state):\n\
               \x20       self.files = find()\nspy = Spy()\nprint(len(find()))";
    let find = format!("def find():\n{}\n    return copies", COPIES.replace('\n', "\n    "));
    assert_eq!(sandbox.prints(&format!("{find}\n{spy}")).await, ["1"]);
    host.host.discard(&sandbox.id).await;
    let write = "def tries(fd):\n    try:\n        return os.pwrite(fd, b'x', 0)\n    except OSError as error:\n        return error.errno\n\
                 import os\nprint(len(big), sorted(set(map(tries, spy.files))))";
    // Its own exchange file alone: 9 is EBADF.
    assert_eq!(sandbox.prints(write).await, ["1024000 [1, 9]"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kernel_that_writes_to_what_it_gave_out_changes_no_stored_value() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    assert_eq!(sandbox.prints(&format!("{COPIES}\nbig = bytes(range(256)) * 4_000\nprint(len(copies))")).await, ["1"]);
    let spoil = "import os\nfor fd in copies:\n    try:\n        os.pwrite(fd, b'spoilt' * 10_000, 100)\n    except OSError:\n        pass\nos._exit(1)";
    sandbox.run(spoil).await;
    let gets = host.store.gets();
    assert_eq!(sandbox.prints("print(big == bytes(range(256)) * 4_000)").await, ["True"]);
    assert_eq!(host.store.gets(), gets + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_restored_than_a_sandbox_has_disk_for() {
    let host = TestHost::start().await;
    let small = TestHost::start_beside_with(&host, |config| config.disk_bytes = 3 << 20).await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os\na, b, c = (os.urandom(2_000_000) for _ in range(3))").await;
    sandbox.moves_to(&small);
    assert_eq!(sandbox.prints("print(len(a))").await, ["2000000"]);
    small.host.discard(&sandbox.id).await;
    assert!(matches!(sandbox.try_run("a, b").await, Err(RunError::TooMuch)));
    assert_eq!(sandbox.prints("print(len(c))").await, ["2000000"], "nothing is lost by that");
}

#[tokio::test(flavor = "multi_thread")]
async fn small_values_of_many_calls_do_not_outgrow_the_manifest() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    for n in 0..60 {
        sandbox.prints(&format!("v{n} = [{n}, 'x' * 1500]")).await;
        let groups = &sandbox.head.manifest.groups;
        assert!(groups.values().try_fold(Totals::default(), Totals::with).is_ok(), "after call {n}");
    }
    host.host.discard(&sandbox.id).await;
    assert_eq!(sandbox.prints("print(sum(globals()[f'v{n}'][0] for n in range(60)))").await, ["1770"]);
}

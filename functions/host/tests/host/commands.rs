//! Commands: a process of their own among the sandbox's files, which costs the kernel nothing whatever becomes of it.

use std::time::Duration;

use sandcastle::{
    CommandKind,
    interpreter::Interpreter,
    limits::{MAX_COMMAND_BYTES, MAX_OUTPUT_JSON, MAX_STDERR_BYTES, TRUNCATED},
    report::{ProcessEnd, Report},
};

use crate::support::{TestHost, is_root, names};

fn end(report: Report) -> ProcessEnd {
    assert_eq!(report.failure, None);
    report.process.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_streams_and_the_exit_code_are_the_commands_own() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os\nos.environ['OWN'] = 'of the kernel'\nos.mkdir('sub')\nos.chdir('sub')").await;
    let bash = end(sandbox.bash("echo out; echo err >&2; echo \"[$OWN]\"; cat; printf end; exit 3").await);
    assert_eq!(bash, ProcessEnd { stdout: "out\n[]\nend".into(), stderr: "err\n".into(), exit_code: 3 });
    let code = "import os, sys\nprint(os.environ['A'], sys.argv)\nsys.exit(f'no {os.path.basename(os.getcwd())}')";
    let python = end(sandbox.command(CommandKind::Python, code, &[("A", "b c=d")]).await);
    assert_eq!(python, ProcessEnd { stdout: "b c=d ['-c']\n".into(), stderr: "no files\n".into(), exit_code: 1 });
    for (signal, code) in [("ABRT", 134), ("TERM", 143), ("KILL", 137)] {
        assert_eq!(end(sandbox.bash(&format!("kill -{signal} $$")).await).exit_code, code, "{signal}");
    }
    assert_eq!(end(sandbox.bash("no-such-command").await).exit_code, 127);
    assert_eq!(sandbox.prints("print(os.environ['OWN'], os.path.basename(os.getcwd()))").await, ["of the kernel sub"]);
}

#[tokio::test]
async fn a_command_that_ends_before_the_host_looks_at_it_has_run_once() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 1").await;
    // The host's only thread is busy, so that it reads of a command's start when that has ended.
    let busy = tokio::spawn(async {
        loop {
            std::thread::sleep(Duration::from_millis(40));
            tokio::task::yield_now().await;
        }
    });
    for _ in 0..10 {
        assert_eq!(end(sandbox.bash("echo x >> log.txt").await), ProcessEnd::default());
    }
    busy.abort();
    assert_eq!(sandbox.prints("print(x, len(open('log.txt').readlines()))").await, ["1 10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_go_both_ways_and_variables_stay() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let first = sandbox.bash("echo from bash > made.txt").await;
    assert_eq!(names(&first), ["made.txt"]);
    sandbox.prints("x = open('made.txt').read()\n_ = open('of_python.txt', 'w').write('hello')").await;
    let second = sandbox.bash("cat of_python.txt; rm made.txt; mkdir -p a/b; mv of_python.txt a/b/moved.txt").await;
    assert_eq!((names(&second), end(second.clone()).stdout.as_str()), (vec!["a/b/moved.txt"], "hello"));
    let left: Vec<_> = sandbox.head.manifest.files.keys().collect();
    assert_eq!(left, ["a", "a/b", "a/b/moved.txt"]);
    assert_eq!(sandbox.prints("import os\nprint(x.strip(), os.listdir())").await, ["from bash ['a']"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_at_its_limit_is_killed_with_all_it_started_and_costs_no_variable() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("held = 'still'").await;
    sandbox.limit = Duration::from_millis(700);
    let code =
        "trap '' INT TERM; (trap '' INT TERM; while :; do echo x >> beat.txt; sleep 0.02; done) & echo begun; wait";
    let report = sandbox.bash(code).await;
    let error = report.failure.unwrap().error;
    assert!(error.starts_with("TimeoutError('the execution took longer than its limit of 0.7 s"), "{error}");
    let end = report.process.unwrap();
    assert_eq!((end.stdout.as_str(), end.exit_code), ("begun\n", 137));
    if is_root() {
        assert_eq!(host.processes().len(), 1, "more than the kernel is left");
    }
    sandbox.limit = Duration::from_secs(30);
    assert_eq!(sandbox.prints("print(held, open('beat.txt').read()[0])").await, ["still x"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_where_no_kernel_is_costs_the_one_elsewhere_nothing() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let elsewhere = TestHost::start_beside(&host).await;
    sandbox.prints("open('kept.txt', 'w').write('x')\nheld = 1").await;
    sandbox.moves_to(&elsewhere);
    for turn in 0..2 {
        assert_eq!(end(sandbox.bash(&format!("cat kept.txt; touch made_{turn}.txt")).await).stdout, "x");
    }
    sandbox.moves_to(&host);
    assert_eq!(
        sandbox.prints("import os\nprint(held, sorted(os.listdir()))").await,
        ["1 ['kept.txt', 'made_0.txt', 'made_1.txt']"]
    );
    sandbox.moves_to(&elsewhere);
    assert_eq!(sandbox.prints("print(held)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_where_no_kernel_is_starts_none_and_reads_files_once() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let elsewhere = TestHost::start_beside(&host).await;
    sandbox.prints("held = 1\nfor n in range(20): _ = open(f'{n}.txt', 'w').write(f'{n}')").await;
    sandbox.moves_to(&elsewhere);
    let gets = host.store.gets();
    assert_eq!(end(sandbox.bash("cat *.txt | wc -c; echo more > 20.txt").await).stdout, "30\n");
    let restored = host.store.gets() - gets;
    for _ in 0..3 {
        assert_eq!(end(sandbox.bash("cat 20.txt").await).stdout, "more\n");
    }
    assert_eq!((restored, host.store.gets() - gets), (20, 20), "the files were read again");
    if is_root() {
        assert!(elsewhere.processes().is_empty(), "there is a kernel");
    }
    // The kernel that starts there takes the folder over.
    let report = sandbox.run("print(open('20.txt').read(), len(__import__('os').listdir()))").await;
    assert_eq!(report.output, ["more\n 21"]);
    assert_eq!(host.store.gets() - gets, 20, "the files were read again");
}

#[tokio::test(flavor = "multi_thread")]
async fn python_is_a_command_too_and_the_kernels_own() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "import sys, subprocess\nprint(sys.version, sys.executable)";
    let own = sandbox.prints(code).await.join("\n") + "\n";
    sandbox.prints(&format!("_ = open('script.py', 'w').write({code:?})")).await;
    for command in ["python script.py", "python3 script.py", "cat script.py | python", "env python script.py"] {
        assert_eq!(end(sandbox.bash(command).await).stdout, own, "{command}");
    }
    let out =
        sandbox.prints("print(subprocess.run(['python', 'script.py'], capture_output=True, text=True).stdout)").await;
    assert_eq!(out, [own]);
    let killed = "python -c 'import os, signal; os.kill(os.getpid(), signal.SIGSEGV)'; echo $?";
    assert_eq!(end(sandbox.bash(killed).await).stdout, "139\n", "a signal is swallowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_command_leaves_running_is_not_waited_for_and_ends() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.limit = Duration::from_secs(20);
    let end = end(sandbox.bash("setsid sleep 1000 & (sleep 1000 &) ; echo done").await);
    assert_eq!(end, ProcessEnd { stdout: "done\n".into(), ..ProcessEnd::default() });
    if is_root() {
        assert!(host.processes().is_empty(), "something is left");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn orphans_that_have_ended_take_no_room() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    // More than there may be at once.
    let end = end(sandbox.bash("for i in $(seq 600); do (true &) || exit 9; done; ls / > /dev/null && echo on").await);
    assert_eq!(end, ProcessEnd { stdout: "on\n".into(), ..ProcessEnd::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_temporary_folder_costs_no_variable() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("held = 'still'").await;
    end(sandbox.bash("rm -rf \"$TMPDIR/.bin\"; chmod 0 \"$TMPDIR\"").await);
    assert_eq!(end(sandbox.bash("echo on").await).stdout, "on\n");
    assert_eq!(sandbox.prints("print(held)").await, ["still"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_code_has_changed_leads_to_the_python_that_is_there() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os\nos.environ['PATH'] += ':/of/code'").await;
    host.host.discard(&sandbox.id).await;
    let path = sandbox.prints("import os\nprint(os.environ['PATH'])").await.remove(0);
    assert!(path.ends_with(":/of/code") && path.matches("/.bin:").count() == 1, "{path}");
    let code = "import subprocess\nprint(subprocess.run(['python', '-c', 'print(6*7)'], capture_output=True, text=True).stdout)";
    assert_eq!(sandbox.prints(code).await, ["42\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_kills_all_it_can_reach_reaches_no_kernel() {
    if !is_root() {
        return;
    }
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("held = 'still'").await;
    sandbox.bash("kill -9 -1; kill -9 1 $PPID").await;
    let code = "import os\nfor pid in range(1, 70000):\n    try:\n        pid == os.getpid() or os.kill(pid, 9)\n    except OSError:\n        pass";
    sandbox.command(CommandKind::Python, code, &[]).await;
    assert_eq!(sandbox.prints("print(held)").await, ["still"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_are_drained_and_cut() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let flood =
        end(sandbox.bash("head -c 30000000 /dev/zero | tr '\\0' x; head -c 9000000 /dev/zero | tr '\\0' e >&2").await);
    assert_eq!(flood.exit_code, 0);
    assert!(flood.stdout.ends_with(&format!("x{TRUNCATED}")) && flood.stderr.ends_with(&format!("e{TRUNCATED}")));
    assert_eq!(flood.stderr.len(), MAX_STDERR_BYTES + TRUNCATED.len());
    assert!((MAX_OUTPUT_JSON - MAX_STDERR_BYTES - 1000..MAX_OUTPUT_JSON).contains(&flood.stdout.len()));
    let bytes = end(sandbox.bash("printf '\\xff\\0\\xe2\\x82\\xac'").await);
    assert_eq!(bytes.stdout, "\u{fffd}\0€");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_command_runs() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let start = "echo ok #";
    let longest = format!("{start}{}", "x".repeat(MAX_COMMAND_BYTES - start.len()));
    assert_eq!(end(sandbox.bash(&longest).await).stdout, "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_confined_as_a_kernel_is() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let code = "import socket, os\ntry:\n    socket.socket()\nexcept OSError as error:\n    print(type(error).__name__)\n\
                print(sorted(os.listdir('/proc/self/fd'))[:3], [p for p in ('/root', '/home', '/etc/shadow') if os.path.exists(p)])";
    let in_kernel = sandbox.prints(code).await.join("\n") + "\n";
    assert_eq!(end(sandbox.command(CommandKind::Python, code, &[]).await).stdout, in_kernel);
    let status = "import re\nfor name in 'Seccomp', 'NoNewPrivs', 'CapEff', 'CapBnd':\n    \
                  print(re.search(f'^{name}:.*', open('/proc/self/status').read(), re.M)[0])";
    let in_kernel = sandbox.prints(status).await.join("\n") + "\n";
    assert!(in_kernel.contains("Seccomp:\t2"), "{in_kernel}");
    assert_eq!(end(sandbox.command(CommandKind::Python, status, &[]).await).stdout, in_kernel);
}

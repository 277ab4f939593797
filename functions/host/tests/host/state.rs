//! Variables: kept in a warm kernel, told as lost with it, and never of uncommitted work.

use std::time::{Duration, Instant};

use sandcastle::interpreter::{Interpreter, Job, RunError};

use crate::support::{TestHost, is_root, names, skip};

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_kernel_keeps_variables_environment_and_folder() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os\nx = [1]\nos.environ['MODE'] = 'm'\nos.makedirs('sub')\nos.chdir('sub')").await;
    assert_eq!(
        sandbox.prints("x.append(2)\nprint(x, os.environ['MODE'], os.path.basename(os.getcwd()))").await,
        ["[1, 2] m sub"]
    );
    let manifest = &sandbox.head.manifest;
    assert_eq!((manifest.calls, manifest.cwd.as_str()), (2, "sub"));
    assert_eq!(manifest.runtime, host.host.runtime());
    assert!(manifest.variables.contains_key("x") && manifest.memory_bytes > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_kernel_has_the_variables_and_tells_by_name_what_is_lost() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox
        .prints("import os, threading\nlock = threading.Lock()\nkept = [1]\nalias = kept\nopen('f.txt', 'w').write('content')\nos.environ['MODE'] = 'm'")
        .await;
    host.host.discard(&sandbox.id).await;
    let report = sandbox.run("alias.append(2)\nprint(open('f.txt').read(), os.environ['MODE'], kept)").await;
    assert_eq!(report.output, ["content m [1, 2]"]);
    assert!(report.files.is_empty());
    let state = report.state.unwrap();
    let lost: Vec<_> = state.lost.iter().map(|lost| lost.name.as_str()).collect();
    assert_eq!((state.kept, lost), (false, vec!["lock"]));
    let error = sandbox.fails("lock").await;
    assert!(error.contains("lock") && error.contains("lost"), "{error}");
    assert!(sandbox.head.manifest.lost.contains_key("lock"));
    sandbox.prints("lock = 2").await;
    assert!(sandbox.head.manifest.lost.is_empty());
    assert!(sandbox.run("print(lock)").await.state.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_no_variable_stores_none_and_keeps_every_kernel_good() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    let elsewhere = TestHost::start_beside(&host).await;
    sandbox.prints("big = list(range(100_000))\nx = 1").await;
    let (puts, at) = (host.store.puts(), sandbox.head.manifest.variables_at);
    sandbox.moves_to(&elsewhere);
    assert_eq!(sandbox.prints("print(len(big), x)").await, ["100000 1"]);
    sandbox.moves_to(&host);
    assert_eq!(sandbox.prints("print(big[-1])").await, ["99999"]);
    // The entries alone.
    assert_eq!((host.store.puts() - puts, sandbox.head.manifest.variables_at), (2, at));
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_was_not_committed_is_gone() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 'committed'").await;
    sandbox.try_run("x = 'not'\nopen('stray.txt', 'w').write('stray')").await.unwrap();
    let report = sandbox.run("import os\nprint(x, os.path.exists('stray.txt'))").await;
    assert_eq!(report.output, ["committed False"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn files_from_outside_are_applied_to_a_warm_kernel() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox
        .prints("x = 'warm'\nopen('own.txt', 'w').write('own')\nimport os\nos.symlink('/etc/passwd', 'link.txt')")
        .await;
    sandbox.put_file("in/data.txt", "from outside").await;
    sandbox.put_file("link.txt", "no link any more").await;
    sandbox.delete_file("own.txt").await;
    let report =
        sandbox.run("print(x, open('in/data.txt').read(), open('link.txt').read(), os.path.exists('own.txt'))").await;
    assert_eq!(report.output, ["warm from outside no link any more False"]);
    assert!(report.files.is_empty() && report.state.is_none(), "{report:?}");
    let report = sandbox.run("open('in/data.txt', 'a').write('!')").await;
    assert_eq!(names(&report), ["in/data.txt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_least_recently_used_kernel_leaves() {
    let host = TestHost::start_with(|config| config.max_kernels = 2).await;
    let [mut a, mut b, mut c] = [host.sandbox(), host.sandbox(), host.sandbox()];
    for sandbox in [&mut a, &mut b] {
        sandbox.prints("x = 1").await;
    }
    a.prints("x = 2").await;
    c.prints("x = 3").await;
    assert_eq!(a.prints("print(x)").await, ["2"]);
    assert_eq!(c.prints("print(x)").await, ["3"]);
    assert_eq!(b.prints("print(x)").await, ["1"], "its kernel left, its variables did not");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_free_kernel_a_call_is_refused_in_time() {
    let host = TestHost::start_with(|config| config.max_kernels = 1).await;
    let (busy, waiting) = (host.sandbox(), host.sandbox());
    let running = busy.try_run("import time\ntime.sleep(60)");
    let mut job = waiting.job("print(1)");
    job.deadline = std::time::Instant::now() + Duration::from_millis(700);
    let refused = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        host.host.run(job).await
    };
    tokio::select! {
        _ = running => panic!("sleeps too short"),
        refused = refused => assert!(matches!(refused, Err(RunError::Busy | RunError::NoTime)), "{refused:?}"),
    }
    assert!(waiting.try_run("print(1)").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_nobody_waits_for_is_ended() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 1").await;
    let run = sandbox.try_run("import subprocess\nsubprocess.Popen(['sleep', '1000'])\nwhile True: pass");
    assert!(tokio::time::timeout(Duration::from_millis(500), run).await.is_err());
    assert_eq!(sandbox.prints("print(x)").await, ["1"]);
    if is_root() {
        while host.processes().len() > 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn discarding_ends_the_call_that_runs() {
    let host = TestHost::start().await;
    let sandbox = host.sandbox();
    let ended = tokio::join!(sandbox.try_run("while True: pass"), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        host.host.discard(&sandbox.id).await;
    });
    assert!(matches!(ended.0, Err(RunError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn shutdown_leaves_nothing_behind() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("import os\nos.makedirs('a/b/c')\nos.chmod('a/b', 0)\nx = 1").await;
    host.host.shutdown().await;
    assert!(!host.run_dir.path().join("run/kernels").exists());
    assert!(host.processes().is_empty());
    assert!(sandbox.try_run("print(1)").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_warm_has_the_packages_imported() {
    let host = TestHost::start_with(|config| config.preload = true).await;
    host.host.warm_up(Duration::from_secs(60)).await;
    // Code that names a package waits for it in any case; this does not.
    let code = "import sys, importlib.util\nname = 'pan' + 'das'\n\
                print(name in sys.modules or importlib.util.find_spec(name) is None)";
    assert_eq!(host.sandbox().prints(code).await, ["True"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn packages_are_imported_once_for_all_kernels() {
    let host = TestHost::start_with(|config| config.preload = true).await;
    let mut sandbox = host.sandbox();
    if sandbox.run("import pandas").await.failure.is_some() {
        skip("no pandas; name its folder in SANDCASTLE_SITE_PACKAGES");
        return;
    }
    let mut plain = host.sandbox();
    assert_eq!(plain.prints("import sys\nprint('pandas' in sys.modules)").await, ["True"]);
    let report = plain.run("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndf.to_excel('t.xlsx')").await;
    assert_eq!((report.failure, report.dataframes[0].num_rows), (None, 2));
    assert_eq!(report.files[0].mime_type, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
    assert!(plain.run("df.sum()").await.dataframes.is_empty());
    assert_eq!(plain.head.manifest.dataframes[0].name, "df");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_comes_too_late_costs_no_variable() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 1").await;
    let deadline = Instant::now() + Duration::from_millis(30);
    let late = host.host.run(Job { deadline, ..sandbox.job("x = 2") }).await;
    assert!(matches!(late, Err(RunError::NoTime)), "{late:?}");
    assert_eq!(sandbox.prints("print(x)").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_head_that_was_read_now_ends_a_kernel() {
    let host = TestHost::start().await;
    let mut sandbox = host.sandbox();
    sandbox.prints("x = 1").await;
    let older = sandbox.job("print(x)");
    sandbox.prints("x += 1").await;
    let stale = host.host.run(Job { fresh: false, ..older.clone() }).await;
    assert!(matches!(stale, Err(RunError::Stale)), "{stale:?}");
    assert_eq!(sandbox.prints("print(x)").await, ["2"], "a stale view has cost the variables");
    let outcome = host.host.run(older).await.unwrap();
    assert_eq!(outcome.report.output, ["1"], "the variables of a newer entry were seen");
}

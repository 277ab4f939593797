//! An interpreter without Python: the code says how the execution ends.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, FutureExt};
use sandcastle::{
    ContentHash, MimeType, SandboxId, WorkingPath,
    interpreter::{Interpreter, Job, Outcome, RunError, Work},
    report::{GeneratedFile, ProcessEnd, Report},
};
use tokio::sync::Notify;

/// What every run prints.
pub(crate) const OUTPUT: &str = "printed by the code";

#[derive(Default)]
pub(crate) struct FakeInterpreter {
    /// Runs so far.
    pub(crate) runs: AtomicUsize,
    /// The deadline of the last run.
    pub(crate) deadline: Mutex<Option<Instant>>,
    /// Its limit.
    pub(crate) limit: Mutex<Option<Duration>>,
    /// Code `wait` says that it began, and goes on when it is told to.
    pub(crate) began: Notify,
    pub(crate) go_on: Notify,
}

impl FakeInterpreter {
    async fn run(&self, job: Job) -> Result<Outcome, RunError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        *self.deadline.lock().unwrap() = Some(job.deadline);
        *self.limit.lock().unwrap() = Some(job.limit);
        let code = job.work.text();
        match code {
            "busy" => return Err(RunError::Busy),
            "no time" => return Err(RunError::NoTime),
            "broken kernel" => return Err(RunError::failed("socket torn at /opt/inside")),
            "panic" => panic!("quoting {code}"),
            "wait" => {
                self.began.notify_one();
                self.go_on.notified().await;
            }
            _ => {}
        }
        let kernel_died = code == "die";
        let generated = |name: &str| GeneratedFile {
            name: WorkingPath::parse(name).unwrap(),
            mime_type: MimeType::parse("text/csv").unwrap(),
            hash: ContentHash::of(b"1"),
            size: 1,
        };
        let files: Vec<_> = (code == "file").then(|| generated("out/a.csv")).into_iter().collect();
        let process =
            matches!(job.work, Work::Command(_)).then(|| ProcessEnd { stdout: OUTPUT.into(), ..ProcessEnd::default() });
        let report = Report { files, output: vec![OUTPUT.into()], process, kernel_died, ..Report::default() };
        Ok(Outcome { parent: job.head.position, manifest: job.head.manifest.as_ref().clone(), report })
    }
}

impl Interpreter for FakeInterpreter {
    fn run(&self, job: Job) -> BoxFuture<'_, Result<Outcome, RunError>> {
        self.run(job).boxed()
    }

    fn discard<'a>(&'a self, _sandbox: &'a SandboxId) -> BoxFuture<'a, ()> {
        async {}.boxed()
    }
}

//! Starts `sandcastle serve` as a user does, in a process group of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use sandcastle_s3::S3Config;

use crate::{api::Api, paths};

/// The API key of every server and deployment in the tests.
pub const KEY: &str = "tql_the-tests-own-key-0123456789abcdef";
/// How long a server may take to listen, or to end.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills its whole process group.
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Base URL of its API.
    pub url: String,
}

impl Server {
    /// Starts one with this data folder and these settings (environment variables).
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start_by(Command::new(paths::binary("sandcastle")), data, settings)
    }

    /// The same where Linux refuses what Lambda refuses, and so most of the confinement. Needs root.
    pub fn start_unconfined(data: &Path) -> Self {
        let mut command = Command::new(paths::binary("as-lambda"));
        command.args(["/", "0"]).arg(paths::binary("sandcastle"));
        Self::start_by(command, data, &[("JAIL", "best-effort")])
    }

    fn start_by(mut command: Command, data: &Path, settings: &[(&str, &str)]) -> Self {
        let log = data.with_extension(format!("log-{}", settings.len()));
        let stderr = fs::File::options().create(true).append(true).open(&log).unwrap();
        command.arg("serve").process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        // Tests signal kernels, which an ordinary user may do to those of the same user id only.
        command.env("SANDCASTLE_SUBORDINATE_IDS", "off");
        command.env("PORT", "0").env("S3_PORT", "0").env("SANDCASTLE_API_KEY", KEY);
        command.env("SANDCASTLE_DATA_DIR", data).envs(settings.iter().copied());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (found, url) = std::sync::mpsc::channel();
        // Reads the whole banner, so that the server never blocks on a full pipe.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://") {
                    let url: String = line[at..].chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
                    drop(found.send(url));
                }
            }
        });
        let url = url.recv_timeout(TIMEOUT);
        let url = url
            .unwrap_or_else(|_| panic!("the server printed no URL: {}", fs::read_to_string(&log).unwrap_or_default()));
        let url = url.split('/').take(3).collect::<Vec<_>>().join("/");
        Self { child, log, url }
    }

    /// Starts one on this bucket, which others use too.
    pub fn start_on(bucket: &S3Config, data: &Path, settings: &[(&str, &str)]) -> Self {
        Self::start(data, &[bucket_settings(bucket).as_slice(), settings].concat())
    }

    /// A client with [`KEY`].
    pub fn api(&self) -> Api {
        Api::new(&self.url, KEY)
    }

    /// The server's log.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it with SIGINT, as a user does, and waits; the exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let until = Instant::now() + TIMEOUT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "the server does not end after SIGINT: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it with SIGKILL, as a power cut would end it.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        drop(self.child.wait());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// The settings with which a server uses this bucket.
///
/// # Panics
/// When it has no endpoint or no credentials of its own.
pub fn bucket_settings(bucket: &S3Config) -> [(&'static str, &str); 4] {
    let credentials = bucket.credentials.as_ref().expect("a bucket with credentials");
    [
        ("S3_ENDPOINT", bucket.endpoint.as_deref().expect("a bucket with an endpoint")),
        ("SANDCASTLE_BUCKET", &bucket.bucket),
        ("AWS_ACCESS_KEY_ID", &credentials.key_id),
        ("AWS_SECRET_ACCESS_KEY", &credentials.secret),
    ]
}

/// Creates a further API key in the data folder of a running server.
pub fn new_key(data: &Path, org: &str, member: &str) -> String {
    let mut keys = Command::new(paths::binary("sandcastle"));
    keys.args(["keys", "create", "--org", org, "--member", member, "--name", "test"]);
    let out = keys.env("SANDCASTLE_DATA_DIR", data).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

/// All descendants of the process with this pid: the function or server's zygotes and kernels.
pub fn kernel_processes(server: u32) -> Vec<i32> {
    let mut found = Vec::new();
    let mut parents = vec![server];
    while let Some(parent) = parents.pop() {
        for entry in fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
            let after_name = stat.rsplit(')').next().unwrap_or_default();
            let ppid = after_name.split_whitespace().nth(1).and_then(|text| text.parse::<u32>().ok());
            if ppid == Some(parent) {
                found.push(i32::try_from(pid).unwrap());
                parents.push(pid);
            }
        }
    }
    found
}

/// The kernels of a server: the children of its zygotes, or of the processes 1 that those have forked for them.
pub fn kernels(server: u32) -> Vec<i32> {
    let below = |parent: i32| children(u32::try_from(parent).unwrap());
    let forked = children(server).into_iter().flat_map(below);
    let own = |child: i32| match fs::read_to_string(format!("/proc/{child}/comm")).unwrap_or_default().trim_end() {
        "kernel-init" => below(child),
        "init-maker" => Vec::new(),
        _ => vec![child],
    };
    forked.flat_map(own).collect()
}

fn children(parent: u32) -> Vec<i32> {
    let everything = kernel_processes(parent);
    everything.into_iter().filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: i32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

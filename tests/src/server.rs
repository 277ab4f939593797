//! A server as a user starts it: the real `sandcastle serve`, in a process group of its own.

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

use crate::{api::Api, here};

/// The development key of every server here.
pub const KEY: &str = "tql_the-tests-own-key-0123456789abcdef";
/// How long a server may take to listen, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it kills its whole process group.
pub struct Server {
    child: Child,
    log: PathBuf,
    /// Where its API listens.
    pub url: String,
}

impl Server {
    /// Starts one on this data folder, with further settings.
    pub fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let log = data.with_extension(format!("log-{}", settings.len()));
        let stderr = fs::File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new(here::binary("sandcastle"));
        command.arg("serve").process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        command.env("PORT", "0").env("S3_PORT", "0").env("SANDCASTLE_API_KEY", KEY);
        command.env("SANDCASTLE_DATA_DIR", data).envs(settings.iter().copied());
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (found, url) = std::sync::mpsc::channel();
        // The banner is read to its end, so that the server never waits for a reader.
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://") {
                    let url: String = line[at..].chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
                    drop(found.send(url));
                }
            }
        });
        let url = url.recv_timeout(PATIENCE);
        let url = url.unwrap_or_else(|_| panic!("no server: {}", fs::read_to_string(&log).unwrap_or_default()));
        let url = url.split('/').take(3).collect::<Vec<_>>().join("/");
        Self { child, log, url }
    }

    /// A client with the development key.
    pub fn api(&self) -> Api {
        Api::new(&self.url, KEY)
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// The server's own process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a user does, and waits; the exit code.
    pub fn interrupt(mut self) -> Option<i32> {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < until, "the server does not end: {}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a power cut does.
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

/// A further key, made on the data folder of a server that runs.
pub fn new_key(data: &Path, org: &str, member: &str) -> String {
    let mut keys = Command::new(here::binary("sandcastle"));
    keys.args(["keys", "create", "--org", org, "--member", member, "--name", "test"]);
    let out = keys.env("SANDCASTLE_DATA_DIR", data).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim_end().to_owned()
}

/// Processes that run this build's kernel for the server with this pid, oldest first: zygotes and kernels.
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

/// Kernels of the server: what its zygotes have forked.
pub fn kernels(server: u32) -> Vec<i32> {
    let direct: Vec<i32> = children(server);
    direct.iter().flat_map(|zygote| children(u32::try_from(*zygote).unwrap())).collect()
}

fn children(parent: u32) -> Vec<i32> {
    let everything = kernel_processes(parent);
    everything.into_iter().filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: i32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

//! `emulated one|two PORT FOLDER`: serves the API at this port as API Gateway and Lambda do, with one function or with two, over a
//! bucket in this folder. Killed and started again, it kills the environments that it left, and has new ones over the same bucket.

use std::{fs, path::Path};

use rustix::process::{Pid, Signal, kill_process_group};
use sandcastle_e2e::{
    bucket::bucket,
    deployment::{Bucket, Deployment},
    emulator::Function,
    gateway::Gateway,
    isolation::Isolation,
};

/// A short execution limit, so that cases which exceed it end soon.
const TIMEOUT: (&str, &str) = ("SANDCASTLE_TIMEOUT_S", "10");

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, port, folder] = arguments.as_slice() else { panic!("usage: emulated one|two PORT FOLDER") };
    let (port, folder) = (port.parse().unwrap(), Path::new(folder));
    fs::create_dir_all(folder).unwrap();
    kill_earlier(folder);
    if mode == "two" {
        let bucket = Bucket::WithoutIam(bucket(folder).await);
        let deployment = Deployment::start_isolated(Isolation::None, folder, bucket, &[TIMEOUT]).await;
        remember(folder, &[&deployment.execute, &deployment.interpreter]);
        Gateway::start_at(port, &deployment.execute.url).await;
        std::future::pending().await
    } else {
        let s3 = bucket(folder).await;
        let function = Function::start_isolated(Isolation::None, folder, &s3, &[TIMEOUT]);
        remember(folder, &[&function]);
        Gateway::start_at(port, &function.url).await;
        std::future::pending().await
    }
}

/// Each emulator leads a process group.
fn remember(folder: &Path, functions: &[&Function]) {
    let pids: Vec<String> = functions.iter().map(|function| function.pid().to_string()).collect();
    fs::write(folder.join("pids"), pids.join(" ")).unwrap();
}

fn kill_earlier(folder: &Path) {
    let pids = fs::read_to_string(folder.join("pids")).unwrap_or_default();
    for pid in pids.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)) {
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

//! `emulated one|two PORT FOLDER`: serves the API at this port as API Gateway and Lambda do, with one function or with two, over a
//! bucket in this folder. Killed with its process group and started again, it has new environments over the same bucket.

use std::path::Path;

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
    std::fs::create_dir_all(folder).unwrap();
    if mode == "two" {
        let bucket = Bucket::WithoutIam(bucket(folder).await);
        let deployment = Deployment::start_isolated(Isolation::None, folder, bucket, &[TIMEOUT]).await;
        Gateway::start_at(port, &deployment.execute.url).await;
        std::future::pending().await
    } else {
        let s3 = bucket(folder).await;
        let function = Function::start_isolated(Isolation::None, folder, &s3, &[TIMEOUT]);
        Gateway::start_at(port, &function.url).await;
        std::future::pending().await
    }
}

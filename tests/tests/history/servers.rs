//! Servers over one bucket, the sandboxes that a history begins with, and what each server holds of its machine.

use std::{net::Ipv4Addr, sync::Arc};

use sandcastle_e2e::{paths, s3_faults::Faults, s3_proxy::S3Proxy, server::bucket_settings};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Config;

use super::{
    fronts::{Front, World},
    level::{Level, back_to},
    plan::{self, Act, Step},
    record::{self, Recorder},
};

/// Servers over one bucket.
pub(crate) struct Servers {
    folder: tempfile::TempDir,
    pub(crate) s3: EmbeddedS3,
    pub(crate) fronts: Arc<Vec<Front>>,
    proxy: Option<S3Proxy>,
}

impl Servers {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// Servers whose requests to the bucket meet these faults.
    pub(crate) async fn start_behind(faults: &Faults) -> Self {
        Self::start_with(Some(faults)).await
    }

    async fn start_with(faults: Option<&Faults>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
        let proxy = match faults {
            Some(faults) => Some(faults.proxy(&s3.endpoint()).await),
            None => None,
        };
        let endpoint = proxy.as_ref().map_or(s3.endpoint(), |proxy| proxy.url.clone());
        let config = S3Config { endpoint: Some(endpoint), ..s3.store_config() };
        let settings = bucket_settings(&config).into_iter().chain([("SANDCASTLE_MEMORY_MB", "512")]);
        let settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let count = paths::number("SANDCASTLE_FRONT_ENDS").map_or(2, |count| usize::try_from(count).unwrap());
        let fronts = (0..count).map(|n| Front::of_server(folder.path().join(format!("server-{n}")), settings.clone()));
        Self { fronts: Arc::new(fronts.collect()), folder, s3, proxy }
    }

    /// What clients need.
    pub(crate) async fn new_world(&self, sandboxes: usize) -> World {
        new_world(&self.fronts, sandboxes, self.proxy.clone()).await
    }

    /// Every call through each server, in a sandbox that is stopped by each of them at the end; the level of each server then.
    pub(crate) async fn warm_up(&self) -> Vec<Level> {
        let world = self.new_world(1).await;
        let fronts = 0..self.fronts.len();
        let stops = fronts.clone().map(|front| (front, Act::Stop));
        let acts = fronts.flat_map(|front| every_act().into_iter().map(move |act| (front, act)));
        for (n, (front, act)) in acts.chain(stops).enumerate() {
            world.carry_out(Step { sandbox: 0, front, act, token: format!("w{n}") }).await;
        }
        let mut levels = Vec::new();
        for front in self.fronts.iter() {
            levels.push(Level::at_rest(front.pid(), &front.data).await);
        }
        levels
    }
}

fn every_act() -> Vec<Act> {
    let (name, pause_ms) = ("w.txt".to_owned(), 0);
    let verbs = vec![plan::Verb::Write(name.clone()), plan::Verb::Names];
    let execute = Act::Execute { values: Vec::new(), verbs: verbs.clone(), pause_ms, fails: false };
    let exec = Act::Exec { verbs, pause_ms };
    let (upload, download, delete) = (Act::Upload(name.clone()), Act::Download(name.clone()), Act::Delete(name));
    let list = Act::List { running: true };
    vec![execute, exec, upload, download, delete, Act::Status, list, Act::Executions, Act::Start]
}

/// Starts this many sandboxes.
pub(crate) async fn new_world(fronts: &Arc<Vec<Front>>, sandboxes: usize, proxy: Option<S3Proxy>) -> World {
    let recorder = Arc::new(Recorder::new(proxy));
    let mut ids = Vec::new();
    for sandbox in 0..sandboxes {
        let front = sandbox % fronts.len();
        let step = Step { sandbox, front, act: Act::Start, token: format!("new{sandbox}") };
        let api = fronts[front].api.read().await.clone();
        let start = async {
            let answer = api.call("POST", "/v2/sandcastles", None).await;
            ids.push(answer.body["sandbox_id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned());
            Some(record::Reply { status: answer.status, body: answer.body, bytes: Vec::new() })
        };
        recorder.call(step, start).await;
    }
    World { fronts: Arc::clone(fronts), sandboxes: ids.into(), recorder }
}

/// All sandboxes are stopped: each server must hold as much as after its first round.
pub(crate) async fn back_at(servers: &Servers, levels: &[Level], seed: u64) {
    for (front, level) in servers.fronts.iter().zip(levels) {
        if let Err(what) = back_to(level, front.pid(), &front.data).await {
            panic!(
                "SANDCASTLE_SEED={seed}: {} is {what}",
                front.data.strip_prefix(servers.folder.path()).unwrap().display()
            );
        }
    }
}

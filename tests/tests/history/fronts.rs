//! The front ends of a history, and the clients that send its steps to them.

use std::{path::PathBuf, sync::Arc};

use rustix::process::{Pid, Signal, kill_process};
use sandcastle_e2e::{
    api::Api,
    server::{Server, kernels},
};
use serde_json::json;
use tokio::sync::RwLock;

use super::{
    plan::{Act, Step},
    record::{Kill, Recorder, Reply},
    work,
};

/// One front end.
pub(crate) struct Front {
    /// Held for writing while the front end is away.
    pub(crate) api: RwLock<Api>,
    /// None for a function behind a gateway.
    pub(crate) server: std::sync::Mutex<Option<Server>>,
    pub(crate) data: PathBuf,
    pub(crate) settings: Vec<(String, String)>,
}

impl Front {
    /// A function behind a gateway with this URL.
    pub(crate) fn of_gateway(api: Api) -> Self {
        Self { api: RwLock::new(api), server: None.into(), data: PathBuf::new(), settings: Vec::new() }
    }

    /// A server on this data folder.
    pub(crate) fn of_server(data: PathBuf, settings: Vec<(String, String)>) -> Self {
        let server = start(&data, &settings);
        Self { api: RwLock::new(server.api()), server: Some(server).into(), data, settings }
    }

    /// Process id of the server.
    pub(crate) fn pid(&self) -> u32 {
        self.server.lock().unwrap().as_ref().expect("a function is not killed").pid()
    }

    /// Kills one kernel: the one with this number, counted round.
    pub(crate) fn kill_kernel(&self, front: usize, number: usize, recorder: &Recorder) {
        let begun = recorder.now();
        let kernels = kernels(self.pid());
        let Some(pid) = kernels.get(number % kernels.len().max(1)) else { return };
        let _ = kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL);
        let kill = Kill { front, begun, ended: recorder.now(), whole: false };
        recorder.kills.lock().unwrap().push(kill);
    }

    /// Kills the server and starts it again.
    pub(crate) async fn kill_all(&self, front: usize, recorder: &Recorder) {
        let mut api = self.api.write().await;
        let begun = recorder.now();
        let old = self.server.lock().unwrap().take();
        let (data, settings) = (self.data.clone(), self.settings.clone());
        let new = tokio::task::spawn_blocking(move || {
            old.expect("a function is not killed").kill();
            start(&data, &settings)
        });
        let new = new.await.unwrap();
        *api = new.api();
        *self.server.lock().unwrap() = Some(new);
        let kill = Kill { front, begun, ended: recorder.now(), whole: true };
        recorder.kills.lock().unwrap().push(kill);
    }
}

fn start(data: &std::path::Path, settings: &[(String, String)]) -> Server {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    Server::start(data, &settings)
}

/// All that clients need.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) fronts: Arc<Vec<Front>>,
    /// Ids of the sandboxes.
    pub(crate) sandboxes: Arc<Vec<String>>,
    pub(crate) recorder: Arc<Recorder>,
}

impl World {
    /// Carries one step out and takes it down.
    pub(crate) async fn carry_out(&self, step: Step) {
        let api = self.fronts[step.front].api.read().await.clone();
        self.recorder.call(step.clone(), send(&api, &self.sandboxes[step.sandbox], &step)).await;
    }
}

async fn send(api: &Api, id: &str, step: &Step) -> Option<Reply> {
    let one = format!("/v2/sandcastles/{id}");
    let (method, path, body) = match &step.act {
        Act::Execute { .. } => ("POST", format!("{one}/execute"), Some(json!({ "code": work::source(step) }))),
        Act::Exec { .. } => ("POST", format!("{one}/exec"), Some(json!({ "command": work::source(step) }))),
        Act::Delete(name) => ("DELETE", format!("{one}/files/{name}"), None),
        Act::Start => ("POST", "/v2/sandcastles".to_owned(), Some(json!({ "sandbox_id": id }))),
        Act::Stop => ("DELETE", one, None),
        Act::Status => ("GET", one, None),
        Act::Executions => ("GET", format!("{one}/executions?limit=50"), None),
        Act::List { running } => {
            let status = if *running { "running" } else { "stopped" };
            ("GET", format!("/v2/sandcastles?status={status}&limit=200"), None)
        }
        Act::Upload(name) => {
            let answer = api.try_upload(id, name, work::uploaded(step)).await?;
            return Some(Reply { status: answer.status, body: answer.body, bytes: Vec::new() });
        }
        Act::Download(name) => {
            let (status, bytes) = api.try_download(id, name).await?;
            return Some(Reply { status, body: serde_json::Value::Null, bytes });
        }
    };
    let answer = api.try_call(method, &path, body).await?;
    Some(Reply { status: answer.status, body: answer.body, bytes: Vec::new() })
}

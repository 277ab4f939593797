//! Runs a function under the Lambda runtime interface emulator, and builds its events.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use sandcastle_local::EmbeddedS3;
use serde_json::{Value, json};

use crate::{isolation::Isolation, paths, server::KEY};

/// The emulator and the function in it. Dropping it kills both.
pub struct Function {
    child: Child,
    /// URL for invocations.
    pub url: String,
    http: reqwest::Client,
    log: PathBuf,
}

impl Function {
    /// ExecuteFunction that hosts kernels itself.
    pub fn start(folder: &Path, s3: &EmbeddedS3) -> Self {
        Self::start_with(folder, s3, &[])
    }

    /// The same with further settings.
    pub fn start_with(folder: &Path, s3: &EmbeddedS3, settings: &[(&str, &str)]) -> Self {
        Self::start_isolated(Isolation::None, folder, s3, settings)
    }

    /// The same with isolation.
    pub fn start_isolated(isolation: Isolation, folder: &Path, s3: &EmbeddedS3, settings: &[(&str, &str)]) -> Self {
        let endpoint = s3.endpoint();
        let usual = [
            ("AWS_ACCESS_KEY_ID", s3.credentials().key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &s3.credentials().secret),
            ("AWS_REGION", "us-east-1"),
            ("S3_ENDPOINT", &endpoint),
            ("SANDCASTLE_BUCKET", s3.bucket()),
        ];
        Self::launch_isolated(isolation, folder, "bootstrap", &[&usual, settings].concat())
    }

    /// A program of this build under an emulator, with no settings but these.
    pub fn launch(folder: &Path, program: &str, settings: &[(&str, &str)]) -> Self {
        Self::launch_isolated(Isolation::None, folder, program, settings)
    }

    /// The same with isolation.
    pub fn launch_isolated(isolation: Isolation, folder: &Path, program: &str, settings: &[(&str, &str)]) -> Self {
        let [invoke, api] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let log = folder.join(format!("{program}.log"));
        let out = fs::File::create(&log).unwrap();
        let url = format!("http://{invoke}/2015-03-31/functions/function/invocations");
        let options = ["--runtime-interface-emulator-address".into(), invoke, "--runtime-api-address".into(), api];
        let mut command = isolation.command(folder, program, &options);
        if isolation == Isolation::None {
            // A run folder of its own, because several functions share this machine.
            command.env("SANDCASTLE_RUN_DIR", folder.join(format!("{program}-run")));
        }
        let child = command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")
            .envs(settings.iter().copied())
            .spawn()
            .unwrap();
        Self { child, url, http: reqwest::Client::new(), log }
    }

    /// The JSON answer to an event; for an event of an API, the proxy response.
    pub async fn invoke(&self, event: &Value) -> Value {
        let answer = self.invoke_raw(event).await;
        serde_json::from_slice(&answer).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&answer)))
    }

    /// The bytes of the answer to an event: a streamed answer is not JSON.
    pub async fn invoke_raw(&self, event: &Value) -> Bytes {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.url).json(event).send().await {
                Ok(response) => return response.bytes().await.unwrap(),
                Err(error) => assert!(Instant::now() < until, "{error}: {}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Process id of the emulator.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the environment with SIGTERM, as Lambda does.
    pub fn terminate(&self) {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// The log of the emulator and the function.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        drop(self.child.wait());
    }
}

/// A free port, never the same one twice. It lies below Linux's ephemeral ports, so that no connection takes it before the
/// emulator does.
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static USED: AtomicU32 = AtomicU32::new(0);
    loop {
        // Test programs that run at the same time begin at different ports.
        let number = std::process::id().wrapping_mul(97).wrapping_add(USED.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % COUNT).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The REST API event of the fixture with another method, path and body, authenticated with [`KEY`].
pub fn event(method: &str, path: &str, body: Option<Value>) -> Value {
    let fixture = fs::read(paths::root().join("tests/fixtures/events/execute-rest.json")).unwrap();
    let mut event: Value = serde_json::from_slice(&fixture).unwrap();
    event["httpMethod"] = json!(method);
    event["path"] = json!(path);
    event["requestContext"]["httpMethod"] = json!(method);
    event["requestContext"]["path"] = json!(format!("/prod{path}"));
    event["body"] = body.map_or(Value::Null, |body| json!(body.to_string()));
    event["headers"]["Authorization"] = json!(format!("Bearer {KEY}"));
    event["multiValueHeaders"]["Authorization"] = json!([format!("Bearer {KEY}")]);
    event
}

/// The JSON body of a proxy response.
pub fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap_or_else(|| panic!("{response}"))).unwrap()
}

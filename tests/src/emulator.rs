//! A function as Lambda runs it: the program under the real runtime interface emulator, and the events that it is given.

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

use crate::{here, place::Place, server::KEY};

/// The emulator with the function in it. Dropping it ends both.
pub struct Function {
    child: Child,
    /// Where it takes invocations.
    pub url: String,
    http: reqwest::Client,
    log: PathBuf,
}

impl Function {
    /// ExecuteFunction, hosting kernels itself.
    pub fn start(folder: &Path, s3: &EmbeddedS3) -> Self {
        Self::start_with(folder, s3, &[])
    }

    /// ExecuteFunction, with further settings.
    pub fn start_with(folder: &Path, s3: &EmbeddedS3, settings: &[(&str, &str)]) -> Self {
        Self::start_in(Place::Here, folder, s3, settings)
    }

    /// [`Function::start_with`], elsewhere.
    pub fn start_in(place: Place, folder: &Path, s3: &EmbeddedS3, settings: &[(&str, &str)]) -> Self {
        let endpoint = s3.endpoint();
        let usual = [
            ("AWS_ACCESS_KEY_ID", s3.credentials().key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &s3.credentials().secret),
            ("AWS_REGION", "us-east-1"),
            ("S3_ENDPOINT", &endpoint),
            ("SANDCASTLE_BUCKET", s3.bucket()),
        ];
        Self::launch_in(place, folder, "bootstrap", &[&usual, settings].concat())
    }

    /// A program under an emulator of its own.
    pub fn launch(folder: &Path, program: &str, settings: &[(&str, &str)]) -> Self {
        Self::launch_in(Place::Here, folder, program, settings)
    }

    /// [`Function::launch`], elsewhere.
    pub fn launch_in(place: Place, folder: &Path, program: &str, settings: &[(&str, &str)]) -> Self {
        let [front, api] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
        let log = folder.join(format!("{program}.log"));
        let out = fs::File::create(&log).unwrap();
        let url = format!("http://{front}/2015-03-31/functions/function/invocations");
        let options = ["--runtime-interface-emulator-address".into(), front, "--runtime-api-address".into(), api];
        let mut command = place.command(folder, program, &options);
        if place == Place::Here {
            // Beside others of this machine, which have folders of their own.
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

    /// The answer to an event: the proxy response, when it is one of an API.
    pub async fn invoke(&self, event: &Value) -> Value {
        let answer = self.invoke_raw(event).await;
        serde_json::from_slice(&answer).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&answer)))
    }

    /// The answer to an event as it comes: a stream is no JSON.
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

    /// The emulator's own process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the environment as Lambda does.
    pub fn terminate(&self) {
        rustix::process::kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// What the emulator and the function logged.
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

/// A port that nobody listens on. Below those that Linux gives to connections and to who asks for any, so that none of
/// these can take it before the emulator does; and never the same one twice.
fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 20_000;
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    loop {
        // Test programs that run at the same time begin in different places.
        let number = std::process::id().wrapping_mul(97).wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % COUNT).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// The complete REST API event of the fixture, for another call by the tests' key.
pub fn event(method: &str, path: &str, body: Option<Value>) -> Value {
    let fixture = fs::read(here::root().join("tests/fixtures/events/execute-rest.json")).unwrap();
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

/// The JSON in a proxy response.
pub fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap_or_else(|| panic!("{response}"))).unwrap()
}

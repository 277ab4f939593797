//! The function as Lambda runs it: `bootstrap` under the real runtime interface emulator, with complete REST API events.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use sandcastle::{
    KeyRecord, Name, Scope, Secret, keys,
    store::{ObjectStore, PutNew},
};
use sandcastle_e2e::{here, server::KEY};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use serde_json::{Value, json};

/// The emulator with the function in it. Dropping it ends both.
struct Function {
    child: Child,
    url: String,
    http: reqwest::Client,
    log: std::path::PathBuf,
}

impl Function {
    async fn start(folder: &Path, s3: &EmbeddedS3) -> Self {
        let [front, api] = [free_port(), free_port()];
        let log = folder.join("function.log");
        let out = std::fs::File::create(&log).unwrap();
        let child = Command::new(here::emulator())
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{front}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{api}")])
            .arg(here::binary("bootstrap"))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")
            .env("AWS_ACCESS_KEY_ID", &s3.credentials().key_id)
            .env("AWS_SECRET_ACCESS_KEY", &s3.credentials().secret)
            .env("AWS_REGION", "us-east-1")
            .env("S3_ENDPOINT", s3.endpoint())
            .env("SANDCASTLE_BUCKET", s3.bucket())
            .spawn()
            .unwrap();
        let url = format!("http://127.0.0.1:{front}/2015-03-31/functions/function/invocations");
        Self { child, url, http: reqwest::Client::new(), log }
    }

    /// The proxy response to a REST API event.
    async fn invoke(&self, event: &Value) -> Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            match self.http.post(&self.url).json(event).send().await {
                Ok(response) => return response.json().await.unwrap(),
                Err(error) => assert!(Instant::now() < until, "{error}: {}", self.log()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        drop(self.child.wait());
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The complete event of the fixture, for another call.
fn event(method: &str, path: &str, body: Option<Value>) -> Value {
    let fixture = std::fs::read(here::root().join("tests/fixtures/events/execute-rest.json")).unwrap();
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

fn body(response: &Value) -> Value {
    serde_json::from_str(response["body"].as_str().unwrap_or_else(|| panic!("{response}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_life_in_the_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = EmbeddedS3::start(&folder.path().join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    let name = |text| Name::parse(text).unwrap();
    let record = KeyRecord {
        org: name("acme"),
        member: name("ann"),
        scopes: Scope::ALL.to_vec(),
        name: "test".into(),
        created_at: time::OffsetDateTime::now_utc(),
        expires_at: None,
    };
    let record = Bytes::from(serde_json::to_vec(&record).unwrap());
    let digest = Secret::new(KEY.to_owned()).digest();
    assert_eq!(store.put_new(&keys::api_key(&digest), record).await.unwrap(), PutNew::Created);

    let function = Function::start(folder.path(), &s3).await;
    let started = function.invoke(&event("POST", "/v2/sandcastles", None)).await;
    assert_eq!(started["statusCode"], 201, "{started}\n{}", function.log());
    let sandbox = body(&started)["sandbox_id"].as_str().unwrap().to_owned();
    let execute =
        |code: &str| event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })));

    let code =
        "import pandas as pd\ndf = pd.DataFrame({'a': [1, 2]})\ndf.to_csv('a.csv', index=False)\nprint(df['a'].sum())";
    let done = function.invoke(&execute(code)).await;
    assert_eq!(done["statusCode"], 200, "{done}\n{}", function.log());
    let result = body(&done);
    assert_eq!(result["output"], json!(["3"]));
    assert_eq!(result["dataframes"], json!([{ "name": "df", "num_rows": 2, "num_cols": 1 }]));
    let link = reqwest::get(result["files"][0]["url"].as_str().unwrap()).await.unwrap();
    assert_eq!(link.headers()["content-type"], "text/csv");
    assert_eq!(link.text().await.unwrap(), "a\n1\n2\n");

    let failed = body(&function.invoke(&execute("print('before')\n1/0")).await);
    assert_eq!(failed["error"], "executing Python code: ZeroDivisionError('division by zero')");
    assert_eq!(failed["partial_output"], json!(["before"]));
    let executions = function.invoke(&event("GET", &format!("/v2/sandcastles/{sandbox}/executions"), None)).await;
    assert_eq!(body(&executions)["executions"].as_array().unwrap().len(), 2);
    let stopped = function.invoke(&event("DELETE", &format!("/v2/sandcastles/{sandbox}"), None)).await;
    assert_eq!(body(&stopped), json!({ "success": true }));
    let gone = function.invoke(&execute("print(1)")).await;
    assert_eq!((gone["statusCode"].clone(), body(&gone)["error"]["code"].clone()), (json!(404), json!("not_found")));
    let stranger = {
        let mut event = execute("print(1)");
        event["headers"]["Authorization"] = json!("Bearer tql_unknown");
        event["multiValueHeaders"]["Authorization"] = json!(["Bearer tql_unknown"]);
        function.invoke(&event).await
    };
    assert_eq!(
        (stranger["statusCode"].clone(), body(&stranger)["error"]["code"].clone()),
        (json!(401), json!("unauthenticated"))
    );
    let log = function.log();
    assert!(
        !log.contains(KEY) && !log.contains("pandas as pd") && !log.contains("before"),
        "secrets in the log: {log}"
    );
}

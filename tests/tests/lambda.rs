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
use sandcastle_e2e::{
    cloud::{FakeLambda, FakeSts, Invocation, Mischief},
    here,
    server::{KEY, kernel_processes},
};
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
    fn start(folder: &Path, s3: &EmbeddedS3) -> Self {
        Self::start_with(folder, s3, &[])
    }

    /// ExecuteFunction, with further settings.
    fn start_with(folder: &Path, s3: &EmbeddedS3, settings: &[(&str, &str)]) -> Self {
        let endpoint = s3.endpoint();
        let usual = [
            ("AWS_ACCESS_KEY_ID", s3.credentials().key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", &s3.credentials().secret),
            ("AWS_REGION", "us-east-1"),
            ("S3_ENDPOINT", &endpoint),
            ("SANDCASTLE_BUCKET", s3.bucket()),
        ];
        Self::launch(folder, "bootstrap", &[&usual, settings].concat())
    }

    /// A program under an emulator of its own.
    fn launch(folder: &Path, program: &str, settings: &[(&str, &str)]) -> Self {
        let [front, api] = [free_port(), free_port()];
        let log = folder.join(format!("{program}.log"));
        let out = std::fs::File::create(&log).unwrap();
        let child = Command::new(here::emulator())
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{front}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{api}")])
            .arg(here::binary(program))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60")
            .envs(settings.iter().copied())
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

/// A bucket that knows the tests' key.
async fn bucket(folder: &Path) -> EmbeddedS3 {
    let s3 = EmbeddedS3::start(&folder.join("bucket"), (Ipv4Addr::LOCALHOST, 0).into()).await.unwrap();
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
    s3
}

/// The two functions of a deployment.
struct Deployment {
    execute: Function,
    interpreter: Function,
    lambda: FakeLambda,
    sts: FakeSts,
    _s3: EmbeddedS3,
}

const ROLE: &str = "arn:aws:iam::123456789012:role/sandbox";

impl Deployment {
    async fn start(folder: &Path, scope: &str) -> Self {
        let s3 = bucket(folder).await;
        let run_dir = folder.join("run").display().to_string();
        let settings = [
            ("SANDCASTLE_RUN_DIR", run_dir.as_str()),
            ("AWS_ACCESS_KEY_ID", "the-roles-id"),
            ("AWS_SECRET_ACCESS_KEY", "the-roles-secret"),
            ("AWS_SESSION_TOKEN", "the-roles-token"),
        ];
        let interpreter = Function::launch(folder, "interpreter", &settings);
        let (lambda, sts) = (FakeLambda::start(&interpreter.url).await, FakeSts::start(s3.credentials()).await);
        let settings = [
            ("INTERPRETER_FUNCTION", "interpreter"),
            ("SANDBOX_ROLE_ARN", ROLE),
            ("TENANT_SCOPE", scope),
            ("LAMBDA_ENDPOINT", &lambda.url),
            ("STS_ENDPOINT", &sts.url),
        ];
        let execute = Function::start_with(folder, &s3, &settings);
        Self { execute, interpreter, lambda, sts, _s3: s3 }
    }

    async fn start_sandbox(&self) -> String {
        let started = self.execute.invoke(&event("POST", "/v2/sandcastles", None)).await;
        assert_eq!(started["statusCode"], 201, "{started}\n{}", self.execute.log());
        body(&started)["sandbox_id"].as_str().unwrap().to_owned()
    }

    async fn run(&self, sandbox: &str, code: &str) -> Value {
        self.execute.invoke(&execute_event(sandbox, code)).await
    }

    /// What code that succeeds prints.
    async fn prints(&self, sandbox: &str, code: &str) -> Value {
        let answer = self.run(sandbox, code).await;
        assert_eq!(answer["statusCode"], 200, "{answer}\n{}\n{}", self.execute.log(), self.interpreter.log());
        assert_eq!(body(&answer)["error"], Value::Null, "{answer}");
        body(&answer)["output"].clone()
    }
}

fn execute_event(sandbox: &str, code: &str) -> Value {
    event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_life_in_the_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let s3 = bucket(folder.path()).await;
    live(&Function::start(folder.path(), &s3)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandboxs_life_in_two_functions() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    live(&deployment.execute).await;
    let log = deployment.interpreter.log();
    assert!(!log.contains("pandas as pd") && !log.contains("before") && !log.contains("lent"), "secrets: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interpreter_is_lent_one_sandboxs_part_of_the_bucket_and_has_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "sandbox").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.prints(&sandbox, "x = 41\nopen('kept.txt', 'w').write('kept')").await;
    assert_eq!(deployment.prints(&sandbox, "print(x + 1, open('kept.txt').read())").await, json!(["42 kept"]));
    let environment = deployment.prints(&sandbox, "import os\nprint(sorted(os.environ))").await;
    assert!(!environment.to_string().contains("AWS"), "{environment}");
    let processes = kernel_processes(deployment.interpreter.child.id());
    let environments = processes.iter().map(|pid| std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default());
    let environments = environments.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect::<Vec<_>>();
    assert!(environments.iter().any(|one| one.contains("AWS_LAMBDA_RUNTIME_API")), "the function is not there");
    assert!(!environments.concat().contains("the-roles-"), "credentials of the role: {environments:?}");

    let invocation =
        |kind: &str| Invocation { tenant: sandbox.clone(), kind: kind.into(), function: "interpreter".into() };
    let expected = [invocation("Event"), invocation(""), invocation(""), invocation("")];
    assert_eq!(deployment.lambda.invocations(), expected, "the start makes ready, each call runs");
    let lent = deployment.sts.requests();
    assert_eq!(lent.len(), 1, "credentials are lent once while they last");
    assert_eq!((lent[0]["Action"].as_str(), lent[0]["RoleArn"].as_str()), ("AssumeRole", ROLE));
    assert_eq!(lent[0]["DurationSeconds"], "3600");
    let part = |part: &str| format!("arn:aws:s3:::sandcastle/{part}/{sandbox}/*");
    let policy: Value = serde_json::from_str(&lent[0]["Policy"]).unwrap();
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": [part("objects"), part("files"), part("ledger")] },
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [part("objects"), part("files")],
                "Condition": { "Null": { "s3:if-none-match": "false" } },
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws:s3:::sandcastle",
                "Condition": { "StringEquals": { "s3:prefix": format!("ledger/{sandbox}/") } },
            },
        ],
    });
    assert_eq!(policy, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lambda_or_a_hostile_interpreter_answers_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let deployment = Deployment::start(folder.path(), "member").await;
    let sandbox = deployment.start_sandbox().await;
    deployment.prints(&sandbox, "x = 1").await;
    let code = |answer: &Value| (answer["statusCode"].clone(), body(answer)["error"]["code"].clone());

    deployment.lambda.do_mischief(Some(Mischief::Throttle));
    let answer = deployment.run(&sandbox, "x = 2").await;
    assert_eq!(code(&answer), (json!(429), json!("rate_limit_exceeded")), "{answer}");
    assert!(answer.to_string().to_lowercase().contains("retry-after"), "{answer}");

    let lies = [
        ("/ran/manifest/whole/files", json!({ "../../etc/passwd": { "folder": { "mode": 511 } } })),
        ("/ran/base/seq", json!(1)),
        ("/ran/report/output", json!(["x".repeat(5 << 20)])),
        ("/ran/manifest", json!({ "stored": "../keys" })),
    ];
    for (place, lie) in lies {
        deployment.lambda.do_mischief(Some(Mischief::Forge(place, lie)));
        let answer = deployment.run(&sandbox, "x = 3").await;
        assert_eq!(code(&answer), (json!(500), json!("internal")), "{place}: {answer}");
    }
    deployment.lambda.do_mischief(None);
    // None of these runs was committed, so their kernel is not the sandbox's.
    let answer = body(&deployment.run(&sandbox, "print('x' in globals())").await);
    assert_eq!((&answer["output"], &answer["state"]["lost"][0]["name"]), (&json!(["False"]), &json!("x")), "{answer}");

    deployment.prints(&sandbox, "y = 1").await;
    let died = json!({ "errorType": "Runtime.ExitError", "errorMessage": "RequestId: 1 Error: Runtime exited" });
    deployment.lambda.do_mischief(Some(Mischief::FunctionError(died)));
    let answer = body(&deployment.run(&sandbox, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)").await);
    assert_eq!(answer["error"], "executing Python code: KernelDied('the environment ended')", "{answer}");
    assert_eq!(answer["state"]["lost"][0]["name"], "y", "{answer}");
    let broken = json!({ "errorType": "Something", "errorMessage": "else" });
    deployment.lambda.do_mischief(Some(Mischief::FunctionError(broken)));
    assert_eq!(code(&deployment.run(&sandbox, "1").await), (json!(500), json!("internal")));
    deployment.lambda.do_mischief(None);
    assert_eq!(deployment.prints(&sandbox, "print('lives')").await, json!(["lives"]));
    assert!(deployment.lambda.invocations().iter().all(|one| one.tenant == "acme/ann"), "a member's environment");
}

/// From the start to the end of a sandbox, the same however it is deployed.
async fn live(function: &Function) {
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

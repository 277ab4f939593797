//! The two functions as `template.yaml` deploys them, each under an emulator of its own, over the embedded S3.

use std::{net::Ipv4Addr, path::Path};

use bytes::Bytes;
use sandcastle::{
    KeyRecord, Name, Scope, Secret, keys,
    store::{ObjectStore, PutNew},
};
use sandcastle_local::EmbeddedS3;
use sandcastle_s3::S3Store;
use serde_json::{Value, json};

use crate::{
    cloud::{FakeLambda, FakeSts},
    emulator::{Function, body, event},
    server::KEY,
};

/// A bucket that knows the tests' key.
pub async fn bucket(folder: &Path) -> EmbeddedS3 {
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
pub struct Deployment {
    /// ExecuteFunction.
    pub execute: Function,
    /// InterpreterFunction.
    pub interpreter: Function,
    /// What stands between them.
    pub lambda: FakeLambda,
    /// What lends credentials.
    pub sts: FakeSts,
    _s3: EmbeddedS3,
}

/// The role whose credentials are lent.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/sandbox";

impl Deployment {
    /// Both, over a bucket of their own; `scope` is `TENANT_SCOPE`.
    pub async fn start(folder: &Path, scope: &str) -> Self {
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

    /// Starts a sandbox.
    pub async fn start_sandbox(&self) -> String {
        let started = self.execute.invoke(&event("POST", "/v2/sandcastles", None)).await;
        assert_eq!(started["statusCode"], 201, "{started}\n{}", self.execute.log());
        body(&started)["sandbox_id"].as_str().unwrap().to_owned()
    }

    /// The proxy response to an execution.
    pub async fn run(&self, sandbox: &str, code: &str) -> Value {
        self.execute.invoke(&execute_event(sandbox, code)).await
    }

    /// What code that succeeds prints.
    pub async fn prints(&self, sandbox: &str, code: &str) -> Value {
        let answer = self.run(sandbox, code).await;
        assert_eq!(answer["statusCode"], 200, "{answer}\n{}\n{}", self.execute.log(), self.interpreter.log());
        assert_eq!(body(&answer)["error"], Value::Null, "{answer}");
        body(&answer)["output"].clone()
    }
}

/// The event of an execution.
pub fn execute_event(sandbox: &str, code: &str) -> Value {
    event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })))
}

//! The two functions as `template.yaml` deploys them, each under an emulator of its own, over the embedded S3.

use std::{net::Ipv4Addr, path::Path};

use bytes::Bytes;
use sandcastle::{
    KeyRecord, Name, Scope, Secret, layout,
    store::{ObjectStore, PutNew},
};
use sandcastle_local::{BUCKET, EmbeddedS3, LocalBucket};
use sandcastle_s3::{S3Store, StaticCredentials};
use serde_json::{Value, json};

use crate::{
    cloud::{FakeLambda, FakeSts},
    emulator::{Function, body, event},
    front::Front,
    place::Place,
    server::KEY,
};

/// A bucket that knows the tests' key.
pub async fn bucket(folder: &Path) -> EmbeddedS3 {
    bucket_behind(folder).await.0
}

/// A bucket that knows the tests' key, and what there is behind its door.
pub async fn bucket_behind(folder: &Path) -> (EmbeddedS3, LocalBucket) {
    let mut behind = None;
    let keep = |bucket: LocalBucket| {
        behind = Some(bucket.clone());
        bucket
    };
    let address = (Ipv4Addr::LOCALHOST, 0).into();
    let s3 = EmbeddedS3::start_with(&folder.join("bucket"), address, keep).await.unwrap();
    let store = S3Store::connect(s3.store_config()).await;
    let name = |text| Name::parse(text).unwrap();
    let record = KeyRecord {
        org: name("acme"),
        member: name("ann"),
        scopes: Scope::ALL.to_vec(),
        name: "test".into(),
        created_at: time::OffsetDateTime::now_utc(),
        expires_at: None,
        retired_at: None,
        sandbox_limit: None,
    };
    let record = Bytes::from(serde_json::to_vec(&record).unwrap());
    let digest = Secret::new(KEY.to_owned()).digest();
    assert_eq!(store.put_new(&layout::api_key(&digest), record).await.unwrap(), PutNew::Created);
    (s3, behind.unwrap())
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
    /// The bucket; the front's own, where IAM is asked.
    bucket: Bucket,
}

/// What the functions' requests to the bucket meet.
pub enum Bucket {
    /// The embedded S3, whose one set of credentials everybody has.
    Open(EmbeddedS3),
    /// IAM, with credentials for each role.
    Guarded(Front),
}

/// The role whose credentials are lent.
pub const ROLE: &str = "arn:aws:iam::123456789012:role/SandboxRole";

impl Deployment {
    /// Both, over a bucket of their own; `scope` is `TENANT_SCOPE`.
    pub async fn start(folder: &Path, scope: &str) -> Self {
        Self::start_in(Place::Here, folder, Bucket::Open(bucket(folder).await), &[("TENANT_SCOPE", scope)]).await
    }

    /// Both in that place and over that bucket; ExecuteFunction has these settings besides.
    pub async fn start_in(place: Place, folder: &Path, bucket: Bucket, settings: &[(&str, &str)]) -> Self {
        let (endpoint, of_execute, of_interpreter, sts) = match &bucket {
            Bucket::Open(s3) => {
                let sts = FakeSts::start_with(s3.credentials()).await;
                let useless = ["id", "secret", "token"].map(|what| format!("the-roles-{what}"));
                let [key_id, secret, token] = useless;
                let useless = StaticCredentials { key_id, secret, session_token: Some(token) };
                (s3.endpoint(), s3.credentials().clone(), useless, sts)
            }
            Bucket::Guarded(front) => {
                let sts = FakeSts::start(Box::new(front.lend())).await;
                let [execute, interpreter] = ["ExecuteRole", "InterpreterRole"].map(|role| front.issue(role, None));
                (front.url.clone(), execute, interpreter, sts)
            }
        };
        let interpreter = Function::launch_in(place, folder, "interpreter", &variables(&of_interpreter));
        let lambda = FakeLambda::start(&interpreter.url).await;
        let mut own = variables(&of_execute);
        own.extend([
            ("AWS_REGION", "us-east-1"),
            ("S3_ENDPOINT", &endpoint),
            ("SANDCASTLE_BUCKET", BUCKET),
            ("INTERPRETER_FUNCTION", "interpreter"),
            ("SANDBOX_ROLE_ARN", ROLE),
            ("LAMBDA_ENDPOINT", &lambda.url),
            ("STS_ENDPOINT", &sts.url),
        ]);
        own.extend(settings);
        let execute = Function::launch_in(place, folder, "bootstrap", &own);
        Self { execute, interpreter, lambda, sts, bucket }
    }

    /// The front of its bucket.
    pub fn front(&self) -> &Front {
        match &self.bucket {
            Bucket::Guarded(front) => front,
            Bucket::Open(_) => panic!("this bucket has no front"),
        }
    }

    /// What both functions logged.
    pub fn log(&self) -> String {
        format!("{}\n{}", self.execute.log(), self.interpreter.log())
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

/// Credentials as Lambda puts them into a function's environment.
fn variables(credentials: &StaticCredentials) -> Vec<(&'static str, &str)> {
    let StaticCredentials { key_id, secret, session_token } = credentials;
    let mut variables = vec![("AWS_ACCESS_KEY_ID", key_id.as_str()), ("AWS_SECRET_ACCESS_KEY", secret)];
    variables.extend(session_token.as_deref().map(|token| ("AWS_SESSION_TOKEN", token)));
    variables
}

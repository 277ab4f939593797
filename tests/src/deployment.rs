//! The two functions as `template.yaml` deploys them, each under an emulator, over the embedded S3 and stand-ins for Lambda
//! and STS.

use std::path::Path;

use sandcastle_local::{BUCKET, EmbeddedS3};
use sandcastle_s3::StaticCredentials;
use serde_json::{Value, json};

use crate::{
    bucket::bucket,
    emulator::{Function, body, event},
    fake_lambda::FakeLambda,
    fake_sts::FakeSts,
    iam_s3::IamS3,
    isolation::Isolation,
};

/// The two functions of a deployment.
pub struct Deployment {
    /// ExecuteFunction.
    pub execute: Function,
    /// InterpreterFunction.
    pub interpreter: Function,
    /// The Invoke API between them.
    pub lambda: FakeLambda,
    /// The STS that issues credentials for InterpreterFunction.
    pub sts: FakeSts,
    bucket: Bucket,
    isolation: Isolation,
    /// Environment variables of ExecuteFunction.
    variables_of_execute: Vec<(String, String)>,
}

/// The bucket of a deployment.
pub enum Bucket {
    /// The embedded S3: one set of credentials for everyone.
    WithoutIam(EmbeddedS3),
    /// An S3 that asks IAM: credentials for each role.
    WithIam(IamS3),
}

/// ARN of the role that ExecuteFunction assumes for one sandbox.
pub const SANDBOX_ROLE: &str = "arn:aws:iam::123456789012:role/SandboxRole";

impl Deployment {
    /// Starts both over a new bucket without IAM; `scope` is the setting `TENANT_SCOPE`.
    pub async fn start(folder: &Path, scope: &str) -> Self {
        let bucket = Bucket::WithoutIam(bucket(folder).await);
        Self::start_isolated(Isolation::None, folder, bucket, &[("TENANT_SCOPE", scope)]).await
    }

    /// The same with so many kernels at once in the environment of InterpreterFunction, of which there is only one: elsewhere
    /// each tenant has its own.
    pub async fn start_with_kernels(folder: &Path, kernels: usize) -> Self {
        let bucket = Bucket::WithoutIam(bucket(folder).await);
        let kernels = [("SANDCASTLE_MAX_KERNELS", &*kernels.to_string())];
        Self::start_with(Isolation::None, folder, bucket, &[("TENANT_SCOPE", "member")], &kernels).await
    }

    /// Starts both with this isolation over this bucket; the settings are for ExecuteFunction.
    pub async fn start_isolated(
        isolation: Isolation,
        folder: &Path,
        bucket: Bucket,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::start_with(isolation, folder, bucket, settings, &[]).await
    }

    async fn start_with(
        isolation: Isolation,
        folder: &Path,
        bucket: Bucket,
        settings: &[(&str, &str)],
        settings_of_interpreter: &[(&str, &str)],
    ) -> Self {
        let (endpoint, of_execute, of_interpreter, sts) = match &bucket {
            Bucket::WithoutIam(s3) => {
                let sts = FakeSts::start_with(s3.credentials()).await;
                // The bucket refuses them: InterpreterFunction must not use its own.
                let [key_id, secret, token] = ["id", "secret", "token"].map(|name| format!("the-roles-{name}"));
                let refused = StaticCredentials { key_id, secret, session_token: Some(token) };
                (s3.endpoint(), s3.credentials().clone(), refused, sts)
            }
            Bucket::WithIam(s3) => {
                let sts = FakeSts::start(Box::new(s3.assume_role())).await;
                let [execute, interpreter] = ["ExecuteRole", "InterpreterRole"].map(|role| s3.issue(role));
                (s3.url.clone(), execute, interpreter, sts)
            }
        };
        let variables_of_interpreter = [variables(&of_interpreter).as_slice(), settings_of_interpreter].concat();
        let interpreter = Function::launch_isolated(isolation, folder, "interpreter", &variables_of_interpreter);
        let lambda = FakeLambda::start(&interpreter.url).await;
        let mut variables_of_execute = variables(&of_execute);
        variables_of_execute.extend([
            ("AWS_REGION", "us-east-1"),
            ("S3_ENDPOINT", &endpoint),
            ("SANDCASTLE_BUCKET", BUCKET),
            ("INTERPRETER_FUNCTION", "interpreter"),
            ("SANDBOX_ROLE_ARN", SANDBOX_ROLE),
            ("LAMBDA_ENDPOINT", &lambda.url),
            ("STS_ENDPOINT", &sts.url),
        ]);
        variables_of_execute.extend(settings);
        let execute = Function::launch_isolated(isolation, folder, "bootstrap", &variables_of_execute);
        let variables_of_execute =
            variables_of_execute.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { execute, interpreter, lambda, sts, bucket, isolation, variables_of_execute }
    }

    /// One more environment of ExecuteFunction over the same bucket and the same InterpreterFunction, as Lambda starts one
    /// for calls that arrive at the same time. It needs a folder of its own.
    pub fn further_front_end(&self, folder: &Path) -> Function {
        std::fs::create_dir_all(folder).unwrap();
        let variables: Vec<_> = self.variables_of_execute.iter().map(|(name, value)| (&**name, &**value)).collect();
        Function::launch_isolated(self.isolation, folder, "bootstrap", &variables)
    }

    /// The bucket without IAM.
    pub fn embedded_s3(&self) -> &EmbeddedS3 {
        match &self.bucket {
            Bucket::WithoutIam(s3) => s3,
            Bucket::WithIam(_) => panic!("the deployment was started with IAM"),
        }
    }

    /// The bucket with IAM.
    pub fn iam_s3(&self) -> &IamS3 {
        match &self.bucket {
            Bucket::WithIam(s3) => s3,
            Bucket::WithoutIam(_) => panic!("the deployment was started without IAM"),
        }
    }

    /// The logs of both functions.
    pub fn log(&self) -> String {
        format!("{}\n{}", self.execute.log(), self.interpreter.log())
    }

    /// Starts a sandbox; its id.
    pub async fn start_sandbox(&self) -> String {
        let started = self.execute.invoke(&event("POST", "/v2/sandcastles", None)).await;
        assert_eq!(started["statusCode"], 201, "{started}\n{}", self.execute.log());
        body(&started)["sandbox_id"].as_str().unwrap().to_owned()
    }

    /// Runs code; the proxy response.
    pub async fn run(&self, sandbox: &str, code: &str) -> Value {
        self.execute.invoke(&execute_event(sandbox, code)).await
    }

    /// Runs code that must succeed; its output.
    pub async fn output(&self, sandbox: &str, code: &str) -> Value {
        let answer = self.run(sandbox, code).await;
        assert_eq!(answer["statusCode"], 200, "{answer}\n{}\n{}", self.execute.log(), self.interpreter.log());
        assert_eq!(body(&answer)["error"], Value::Null, "{answer}");
        body(&answer)["output"].clone()
    }
}

/// The event of a call that runs code.
pub fn execute_event(sandbox: &str, code: &str) -> Value {
    event("POST", &format!("/v2/sandcastles/{sandbox}/execute"), Some(json!({ "code": code })))
}

/// The environment variables in which Lambda passes credentials to a function.
fn variables(credentials: &StaticCredentials) -> Vec<(&'static str, &str)> {
    let StaticCredentials { key_id, secret, session_token } = credentials;
    let mut variables = vec![("AWS_ACCESS_KEY_ID", key_id.as_str()), ("AWS_SECRET_ACCESS_KEY", secret)];
    variables.extend(session_token.as_deref().map(|token| ("AWS_SESSION_TOKEN", token)));
    variables
}

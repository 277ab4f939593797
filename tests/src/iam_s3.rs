//! An S3 with IAM in front of the embedded bucket: each request is allowed or denied by the policies that `template.yaml`
//! gives the sender's role and the bucket, and by the sender's session policy.

use std::{collections::HashMap, path::Path, process::Command, sync::Arc};

use axum::{Router, error_handling::HandleError, http::StatusCode};
use s3s::{HttpError, service::S3ServiceBuilder};
use sandcastle_local::{BUCKET, EmbeddedS3, LocalBucket};
use sandcastle_s3::StaticCredentials;
use serde_json::Value;

use crate::{
    authorizer::{Authorizer, FULL_ACCESS},
    bucket::bucket_and_backend,
    paths,
    s3_access::Access,
    serve::serve,
};

/// Serves the bucket to whom this lets in; the URL.
async fn serve_bucket(bucket: &LocalBucket, access: Access) -> String {
    let mut service = S3ServiceBuilder::new(bucket.clone());
    service.set_auth(access.clone());
    service.set_access(access);
    let failed = |error: HttpError| async move { (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")) };
    serve(Router::new().fallback_service(HandleError::new(service.build(), failed))).await
}

/// The S3, and the principals that it knows.
pub struct IamS3 {
    /// URL of the S3 that asks IAM, through the endpoint of InterpreterFunction's network.
    pub url: String,
    /// URL of the same S3 for one who is not in that network.
    pub outside: String,
    /// The same bucket without IAM, for one who may do everything.
    pub s3: EmbeddedS3,
    authorizer: Arc<Authorizer>,
}

impl IamS3 {
    /// Starts it over a new bucket that holds the tests' API key.
    pub async fn start(folder: &Path) -> Self {
        let (s3, bucket) = bucket_and_backend(folder).await;
        let resolve = paths::root().join("tests/template/resolve.py");
        let out = Command::new(paths::tool("python")).arg("-B").arg(resolve).arg(BUCKET).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let stack: Value = serde_json::from_slice(&out.stdout).unwrap();
        let authorizer = Arc::new(Authorizer::read(&stack));
        let endpoint = stack["endpoint"].as_str().unwrap().to_owned();
        let access = |endpoint| Access { authorizer: Arc::clone(&authorizer), bucket: bucket.clone(), endpoint };
        let (inside, outside) = (access(Some(endpoint)), access(None));
        let (url, outside) = (serve_bucket(&bucket, inside).await, serve_bucket(&bucket, outside).await);
        Self { url, outside, s3, authorizer }
    }

    /// New credentials of a role, as Lambda gives them to a function.
    pub fn issue(&self, role: &str) -> StaticCredentials {
        self.authorizer.issue(role, None)
    }

    /// New credentials that nothing but a session policy limits.
    pub fn issue_for_session_policy(&self, policy: &str) -> StaticCredentials {
        self.authorizer.issue(FULL_ACCESS, Some(policy))
    }

    /// STS's decision on AssumeRole, for [`crate::fake_sts::FakeSts`].
    pub fn assume_role(
        &self,
    ) -> impl Fn(&str, &HashMap<String, String>) -> Option<StaticCredentials> + Send + Sync + 'static {
        let authorizer = Arc::clone(&self.authorizer);
        move |key_id, request| authorizer.assume_role(key_id, request)
    }

    /// The credentials that were issued for a role without a session policy.
    pub fn credentials_of(&self, role: &str) -> Vec<StaticCredentials> {
        self.authorizer.credentials_of(role)
    }

    /// The requests denied since the last call: role, action, resource, context.
    pub fn take_denials(&self) -> Vec<String> {
        self.authorizer.take_denials()
    }
}

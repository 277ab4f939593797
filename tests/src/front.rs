//! An S3 that asks IAM: in front of the embedded bucket, every request is held against the documents that `template.yaml`
//! gives its sender's role and the bucket, and against the sender's session policy.

use std::{
    collections::HashMap,
    net::Ipv4Addr,
    process::Command,
    sync::{Arc, Mutex},
};

use axum::{Router, error_handling::HandleError, http::StatusCode};
use s3s::{HttpError, service::S3ServiceBuilder};
use sandcastle_local::{BUCKET, EmbeddedS3, LocalBucket};
use sandcastle_s3::StaticCredentials;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    deployment::bucket_behind,
    door::Door,
    here,
    iam::{Grants, Policy, Request},
};

/// The front, and who may pass it.
pub struct Front {
    /// Where it listens.
    pub url: String,
    gate: Arc<Gate>,
    /// The bucket, for who may do everything.
    pub s3: EmbeddedS3,
}

/// Roles, and who holds credentials of which.
pub(crate) struct Gate {
    roles: HashMap<String, Role>,
    bucket_policy: Policy,
    pub(crate) bucket: LocalBucket,
    pub(crate) holders: Mutex<HashMap<String, Arc<Holder>>>,
    denials: Mutex<Vec<String>>,
}

struct Role {
    arn: String,
    policies: Vec<Policy>,
    trusts: Vec<Value>,
}

/// Who was given credentials.
pub(crate) struct Holder {
    pub(crate) credentials: StaticCredentials,
    role: String,
    session: Option<Policy>,
}

impl Front {
    /// A front of a new bucket, which knows the tests' key.
    pub async fn start(folder: &std::path::Path) -> Self {
        let (s3, bucket) = bucket_behind(folder).await;
        let resolve = here::root().join("tests/template/resolve.py");
        let out = Command::new(here::tool("python")).arg("-B").arg(resolve).arg(BUCKET).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        let stack: Value = serde_json::from_slice(&out.stdout).unwrap();
        let roles = stack["roles"].as_object().unwrap().iter().map(|(name, role)| (name.clone(), Role::read(role)));
        let everything = json!({
            "arn": "arn:aws:iam::123456789012:role/Everything",
            "policies": [{ "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] }],
            "trust": { "Statement": [] },
        });
        let gate = Arc::new(Gate {
            roles: roles.chain([(EVERYTHING.to_owned(), Role::read(&everything))]).collect(),
            bucket_policy: Policy::read(&stack["bucket"]),
            bucket: bucket.clone(),
            holders: Mutex::default(),
            denials: Mutex::default(),
        });
        let mut service = S3ServiceBuilder::new(bucket);
        service.set_auth(Door(Arc::clone(&gate)));
        service.set_access(Door(Arc::clone(&gate)));
        let failed = |error: HttpError| async move { (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}")) };
        let router = Router::new().fallback_service(HandleError::new(service.build(), failed));
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", socket.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(socket, router).await.unwrap() });
        Self { url, gate, s3 }
    }

    /// New credentials of a role; as Lambda gives them to a function when there is no session policy.
    pub fn issue(&self, role: &str, session: Option<&str>) -> StaticCredentials {
        self.gate.issue(role, session)
    }

    /// STS: lends the role's credentials to who may have them. The caller is known by the key id of its signature.
    pub fn lend(&self) -> impl Fn(&str, &HashMap<String, String>) -> Option<StaticCredentials> + Send + Sync + 'static {
        let gate = Arc::clone(&self.gate);
        move |caller, request| {
            let (name, role) = gate.roles.iter().find(|(_, role)| role.arn == request["RoleArn"])?;
            let caller = gate.holders.lock().unwrap().get(caller).map(Arc::clone)?;
            let trusted = role.trusts.iter().any(|who| *who == gate.roles[&caller.role].arn.as_str());
            let asked = gate.allows(&caller, "sts:AssumeRole", &role.arn, Vec::new());
            (trusted && asked).then(|| gate.issue(name, Some(&request["Policy"])))
        }
    }

    /// The credentials of a role that were issued without a session policy.
    pub fn issued(&self, role: &str) -> Vec<StaticCredentials> {
        let holders = self.gate.holders.lock().unwrap();
        let own = holders.values().filter(|holder| holder.role == role && holder.session.is_none());
        own.map(|holder| holder.credentials.clone()).collect()
    }

    /// What was refused since the last time: role, action, resource.
    pub fn denials(&self) -> Vec<String> {
        std::mem::take(&mut *self.gate.denials.lock().unwrap())
    }
}

impl Role {
    fn read(role: &Value) -> Self {
        let statements = role["trust"]["Statement"].as_array().unwrap();
        Self {
            arn: role["arn"].as_str().unwrap().to_owned(),
            policies: role["policies"].as_array().unwrap().iter().map(Policy::read).collect(),
            trusts: statements.iter().map(|statement| statement["Principal"]["AWS"].clone()).collect(),
        }
    }
}

impl Gate {
    fn issue(&self, role: &str, session: Option<&str>) -> StaticCredentials {
        assert!(self.roles.contains_key(role), "no {role}");
        let [key_id, secret, token] =
            ["ASIA", SECRET_MARK, TOKEN_MARK].map(|mark| format!("{mark}{:032x}", rand::random::<u128>()));
        let credentials = StaticCredentials { key_id: key_id.clone(), secret, session_token: Some(token) };
        let session = session.map(|text| Policy::read(&serde_json::from_str(text).unwrap()));
        let holder = Holder { credentials: credentials.clone(), role: role.to_owned(), session };
        self.holders.lock().unwrap().insert(key_id, Arc::new(holder));
        credentials
    }

    /// What IAM says; a refusal is remembered.
    pub(crate) fn allows(
        &self,
        holder: &Holder,
        action: &str,
        resource: &str,
        mut context: Vec<(&str, String)>,
    ) -> bool {
        let role = &self.roles[&holder.role];
        // Over HTTPS on AWS.
        context.push(("aws:securetransport", "true".to_owned()));
        context.push(("aws:principalarn", role.arn.clone()));
        if holder.session.is_none() {
            // Lambda adds it to what is sent from inside a function with the function's own credentials.
            context.push(("lambda:sourcefunctionarn", "arn:aws:lambda:us-east-1:123456789012:function:x".to_owned()));
        }
        let of_bucket = resource.starts_with("arn:aws:s3:::").then_some(&self.bucket_policy);
        let grants = Grants { identity: &role.policies, session: holder.session.as_ref(), resource: of_bucket };
        let allowed = grants.allow(&Request { action, resource, context: &context });
        if !allowed {
            self.denials.lock().unwrap().push(format!("{}: {action} {resource} {context:?}", holder.role));
        }
        allowed
    }
}

/// A role that may do everything in S3, and is not the template's: with it, a session policy stands alone.
pub const EVERYTHING: &str = "Everything";
/// Secrets that were issued begin with it, and go on with 32 hexadecimal digits.
pub const SECRET_MARK: &str = "issuedsecret";
/// Session tokens begin with it.
pub const TOKEN_MARK: &str = "issuedtoken";

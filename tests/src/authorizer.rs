//! The principals of a deployment and what IAM allows them: the roles of `template.yaml`, the credentials issued for them,
//! and the decision on each request.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use sandcastle_s3::StaticCredentials;
use serde_json::{Value, json};

use crate::iam::{Grants, Policy, Request};

/// A role that may do everything in S3 and is not the template's: with it, a session policy is tested by itself.
pub(crate) const FULL_ACCESS: &str = "FullAccess";
/// Prefix of issued secret keys; 32 hexadecimal digits follow.
const SECRET_PREFIX: &str = "issuedsecret";
/// Prefix of issued session tokens; 32 hexadecimal digits follow.
const TOKEN_PREFIX: &str = "issuedtoken";

/// Roles, the bucket's policy, and the principals that hold credentials.
pub(crate) struct Authorizer {
    roles: HashMap<String, Role>,
    bucket_policy: Policy,
    /// By access key id.
    principals: Mutex<HashMap<String, Arc<Principal>>>,
    denials: Mutex<Vec<String>>,
}

struct Role {
    arn: String,
    policies: Vec<Policy>,
    /// ARNs of the roles that may assume it.
    trusted: Vec<Value>,
}

/// One set of credentials, the role it belongs to, and the session policy that limits it.
pub(crate) struct Principal {
    pub(crate) credentials: StaticCredentials,
    role: String,
    session: Option<Policy>,
}

impl Authorizer {
    /// Reads the roles and the bucket's policy that `tests/template/resolve.py` prints.
    pub(crate) fn read(stack: &Value) -> Self {
        let roles = stack["roles"].as_object().unwrap().iter().map(|(name, role)| (name.clone(), Role::read(role)));
        let full_access = json!({
            "arn": format!("arn:aws:iam::123456789012:role/{FULL_ACCESS}"),
            "policies": [{ "Version": "2012-10-17",
                "Statement": [{ "Effect": "Allow", "Action": "s3:*", "Resource": "*" }] }],
            "trust": { "Statement": [] },
        });
        Self {
            roles: roles.chain([(FULL_ACCESS.to_owned(), Role::read(&full_access))]).collect(),
            bucket_policy: Policy::read(&stack["bucket"]),
            principals: Mutex::default(),
            denials: Mutex::default(),
        }
    }

    /// Issues new credentials of a role, limited by a session policy if there is one.
    pub(crate) fn issue(&self, role: &str, session: Option<&str>) -> StaticCredentials {
        assert!(self.roles.contains_key(role), "there is no role {role}");
        let [key_id, secret, token] =
            ["ASIA", SECRET_PREFIX, TOKEN_PREFIX].map(|prefix| format!("{prefix}{:032x}", rand::random::<u128>()));
        let credentials = StaticCredentials { key_id: key_id.clone(), secret, session_token: Some(token) };
        let session = session.map(|text| Policy::read(&serde_json::from_str(text).unwrap()));
        let principal = Principal { credentials: credentials.clone(), role: role.to_owned(), session };
        self.principals.lock().unwrap().insert(key_id, Arc::new(principal));
        credentials
    }

    /// AssumeRole: issues credentials of the role if its trust policy and the caller's own policies allow that.
    pub(crate) fn assume_role(&self, key_id: &str, request: &HashMap<String, String>) -> Option<StaticCredentials> {
        let (name, role) = self.roles.iter().find(|(_, role)| role.arn == request["RoleArn"])?;
        let caller = self.principal(key_id)?;
        let trusted = role.trusted.iter().any(|arn| *arn == self.roles[&caller.role].arn.as_str());
        let allowed = self.allows(&caller, "sts:AssumeRole", &role.arn, Vec::new());
        (trusted && allowed).then(|| self.issue(name, Some(&request["Policy"])))
    }

    /// The principal with this access key id.
    pub(crate) fn principal(&self, key_id: &str) -> Option<Arc<Principal>> {
        self.principals.lock().unwrap().get(key_id).map(Arc::clone)
    }

    /// The credentials that were issued for a role without a session policy.
    pub(crate) fn credentials_of(&self, role: &str) -> Vec<StaticCredentials> {
        let principals = self.principals.lock().unwrap();
        let of_role = principals.values().filter(|one| one.role == role && one.session.is_none());
        of_role.map(|principal| principal.credentials.clone()).collect()
    }

    /// The requests denied since the last call: role, action, resource, context.
    pub(crate) fn take_denials(&self) -> Vec<String> {
        std::mem::take(&mut *self.denials.lock().unwrap())
    }

    /// Whether IAM allows the request; records it if not.
    pub(crate) fn allows(
        &self,
        principal: &Principal,
        action: &str,
        resource: &str,
        mut context: Vec<(&str, String)>,
    ) -> bool {
        let role = &self.roles[&principal.role];
        // On AWS every request is sent over HTTPS.
        context.push(("aws:securetransport", "true".to_owned()));
        context.push(("aws:principalarn", role.arn.clone()));
        if principal.session.is_none() {
            // Lambda adds it to requests that a function sends with its own credentials.
            context.push(("lambda:sourcefunctionarn", "arn:aws:lambda:us-east-1:123456789012:function:x".to_owned()));
        }
        let of_bucket = resource.starts_with("arn:aws:s3:::").then_some(&self.bucket_policy);
        let grants = Grants { identity: &role.policies, session: principal.session.as_ref(), resource: of_bucket };
        let allowed = grants.allow(&Request { action, resource, context: &context });
        if !allowed {
            let denial = format!("{}: {action} {resource} {context:?}", principal.role);
            self.denials.lock().unwrap().push(denial);
        }
        allowed
    }
}

impl Role {
    fn read(role: &Value) -> Self {
        let statements = role["trust"]["Statement"].as_array().unwrap();
        Self {
            arn: role["arn"].as_str().unwrap().to_owned(),
            policies: role["policies"].as_array().unwrap().iter().map(Policy::read).collect(),
            trusted: statements.iter().map(|statement| statement["Principal"]["AWS"].clone()).collect(),
        }
    }
}

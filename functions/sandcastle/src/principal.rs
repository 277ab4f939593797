//! Who calls: the secret they show, what the bucket keeps of it, and what they may do.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::Name;

/// What a key allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Scope {
    /// See sandboxes and executions.
    #[serde(rename = "sandbox:read")]
    Read,
    /// Start and stop sandboxes, change their files.
    #[serde(rename = "sandbox:write")]
    Write,
    /// Run code.
    #[serde(rename = "sandbox:execute")]
    Execute,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Execute];

    /// The scope as it is written in a key record.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "sandbox:read",
            Self::Write => "sandbox:write",
            Self::Execute => "sandbox:execute",
        }
    }
}

/// An authenticated caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The organisation whose sandboxes the caller can see.
    pub org: Name,
    /// The member who owns what the caller starts; none for a part of the deployment itself, which acts for the whole
    /// organisation and starts nothing.
    pub member: Option<Name>,
    /// What the caller may do.
    pub scopes: Vec<Scope>,
    /// How many running sandboxes the member may have when this caller starts one; no limit when absent.
    pub sandbox_limit: Option<u32>,
}

impl Principal {
    /// A caller whom the deployment trusts, without a key, to run code in every sandbox of an organisation.
    pub fn trusted_by(org: Name) -> Self {
        Self { org, member: None, scopes: vec![Scope::Execute], sandbox_limit: None }
    }

    /// True when the sandbox of this member is the caller's own.
    pub fn owns(&self, member: &Name) -> bool {
        self.member.as_ref().is_none_or(|own| own == member)
    }

    /// True when the caller has this scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// What the bucket keeps of an API key, at `keys/<SHA-256 of the key>.json`; never the key itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRecord {
    /// The organisation.
    pub org: Name,
    /// The member.
    pub member: Name,
    /// What the key allows.
    pub scopes: Vec<Scope>,
    /// What its owner calls it.
    pub name: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// When it stops working, if ever.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<OffsetDateTime>,
    /// When it stops working because another key has taken its place, if one has.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub retired_at: Option<OffsetDateTime>,
    /// How many running sandboxes the member may have when this key starts one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sandbox_limit: Option<u32>,
}

impl KeyRecord {
    /// When it stops working, whatever the reason.
    pub fn ends_at(&self) -> Option<OffsetDateTime> {
        self.expires_at.into_iter().chain(self.retired_at).min()
    }

    /// The caller that this key stands for, unless it has ended.
    pub fn principal(&self, now: OffsetDateTime) -> Option<Principal> {
        let valid = self.ends_at().is_none_or(|at| now < at);
        valid.then(|| Principal {
            org: self.org.clone(),
            member: Some(self.member.clone()),
            scopes: self.scopes.clone(),
            sandbox_limit: self.sandbox_limit,
        })
    }
}

/// A bearer token: it prints as `[redacted]` and is read only through [`Secret::expose`].
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps a token.
    pub fn new(token: String) -> Self {
        Self(token)
    }

    /// A new API key: `tql_` and 256 random bits in hex.
    pub fn generate() -> Self {
        let bits: [u8; 32] = rand::random();
        Self(format!("tql_{}", hex::encode(bits)))
    }

    /// The token itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// SHA-256 in lower-case hex: the name under which the bucket knows the token.
    pub fn digest(&self) -> String {
        hex::encode(Sha256::digest(self.0.as_bytes()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

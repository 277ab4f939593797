//! The settings of JSON Web Tokens: the issuer, its keys, and the names of claims.

use std::{net::IpAddr, sync::Arc};

use axum::http::Uri;
use sandcastle_runtime::settings::{Lookup, Setting, SettingsError};

use super::keys::{self, Key};
use crate::settings::{JWT, JWT_AUDIENCE, JWT_ISSUER, JWT_JWKS, JWT_MEMBER_CLAIM, JWT_ORG_CLAIM, JWT_SCOPE_CLAIM};

/// The claims that list scopes, unless set: those of OAuth, Okta and Auth0.
const SCOPE_CLAIMS: [&str; 3] = ["scope", "scp", "permissions"];

/// Which tokens are accepted, and what their claims are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// The value of `iss`.
    pub issuer: String,
    /// Accepted audiences; a token needs one of them.
    pub audience: Vec<String>,
    /// The keys that verify signatures.
    pub keys: KeySource,
    /// The claim that names the organisation.
    pub org_claim: String,
    /// The claim that names the member.
    pub member_claim: String,
    /// The claims that may list scopes; the first one that a token has counts.
    pub scope_claims: Vec<String>,
}

/// Where the issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// At a URL.
    Url(String),
    /// In the settings.
    Keys(Arc<[Key]>),
}

/// Reads the settings; `None` when there is no issuer. `lookup` returns the value of a variable.
///
/// # Errors
/// When a variable is malformed, or missing while others are set. The error names it and does not quote it.
pub fn jwt_settings(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<JwtSettings>, SettingsError> {
    let env = Lookup(lookup);
    let Some(issuer) = env.text(&JWT_ISSUER) else {
        // The other settings need an issuer.
        return match JWT.iter().find(|setting| env.text(setting).is_some()) {
            None => Ok(None),
            Some(Setting { name, .. }) => Err(problem(&JWT_ISSUER, format!("must be set when {name} is set"))),
        };
    };
    let audience = env.text(&JWT_AUDIENCE).unwrap_or_default();
    let audience: Vec<_> = audience.split(',').map(str::trim).filter(|one| !one.is_empty()).map(String::from).collect();
    if audience.is_empty() {
        let what = "must be set when JWT_ISSUER is set: one or more audiences, separated by commas";
        return Err(problem(&JWT_AUDIENCE, what.to_owned()));
    }
    let claim = |setting: &Setting| env.text_or_default(setting);
    Ok(Some(JwtSettings {
        keys: keys(env.text(&JWT_JWKS), &issuer)?,
        issuer,
        audience,
        org_claim: claim(&JWT_ORG_CLAIM),
        member_claim: claim(&JWT_MEMBER_CLAIM),
        scope_claims: env.text(&JWT_SCOPE_CLAIM).map_or(SCOPE_CLAIMS.map(String::from).to_vec(), |claim| vec![claim]),
    }))
}

fn keys(given: Option<String>, issuer: &str) -> Result<KeySource, SettingsError> {
    let given = given.unwrap_or_else(|| format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')));
    if !given.trim_start().starts_with('{') {
        let is_safe = given.parse::<Uri>().is_ok_and(|url| is_safe(&url));
        return if is_safe { Ok(KeySource::Url(given)) } else { Err(JWT_JWKS.malformed()) };
    }
    match keys::read(given.as_bytes()) {
        Ok(keys) if !keys.is_empty() => Ok(KeySource::Keys(keys.into())),
        _ => Err(JWT_JWKS.malformed()),
    }
}

/// Whoever can change an answer without TLS can add a key of their own. On this machine nobody can.
fn is_safe(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_here(),
        _ => false,
    }
}

fn problem(setting: &Setting, problem: String) -> SettingsError {
    SettingsError { name: setting.name, problem }
}

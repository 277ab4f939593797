//! The settings of JSON Web Tokens: whose are believed, and what their claims are called.

use std::sync::Arc;

use axum::http::Uri;
use sandcastle_runtime::settings::{Lookup, Setting, SettingsError};

use super::keys::{self, Key};
use crate::settings::{JWT, JWT_AUDIENCE, JWT_ISSUER, JWT_JWKS, JWT_MEMBER_CLAIM, JWT_ORG_CLAIM, JWT_SCOPE_CLAIM};

/// Where scopes stand, unless set: in OAuth's own claim, in Okta's, in Auth0's.
const SCOPE_CLAIMS: [&str; 3] = ["scope", "scp", "permissions"];

/// Whose tokens are believed, and what their claims are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// What `iss` must be.
    pub issuer: String,
    /// One of these must be the audience.
    pub audience: Vec<String>,
    /// What signatures are checked with.
    pub keys: KeySource,
    /// The claim that names the organisation.
    pub org_claim: String,
    /// The claim that names the member.
    pub member_claim: String,
    /// The claims that may list scopes; the first one that is there counts.
    pub scope_claims: Vec<String>,
}

/// Where the issuer's keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Behind a URL.
    Url(String),
    /// Here.
    Keys(Arc<[Key]>),
}

/// Reads the settings; none when there is no issuer. `lookup` gives the value of a variable.
///
/// # Errors
/// When a variable is malformed, or missing beside others; the error names it, and does not quote it.
pub fn jwt_settings(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<JwtSettings>, SettingsError> {
    let env = Lookup(lookup);
    let Some(issuer) = env.text(&JWT_ISSUER) else {
        // The others mean nothing without an issuer.
        return match JWT.iter().find(|setting| env.text(setting).is_some()) {
            None => Ok(None),
            Some(Setting { name, .. }) => Err(problem(&JWT_ISSUER, format!("must be set where {name} is"))),
        };
    };
    let audience = env.text(&JWT_AUDIENCE).unwrap_or_default();
    let audience: Vec<_> = audience.split(',').map(str::trim).filter(|one| !one.is_empty()).map(String::from).collect();
    if audience.is_empty() {
        let what = "must be set where JWT_ISSUER is: one or more, with commas between";
        return Err(problem(&JWT_AUDIENCE, what.to_owned()));
    }
    let claim = |setting: &Setting| env.text(setting).unwrap_or_else(|| setting.default.to_owned());
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
        let is_url = given.parse::<Uri>().is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
        });
        return if is_url { Ok(KeySource::Url(given)) } else { Err(JWT_JWKS.malformed()) };
    }
    match keys::read(given.as_bytes()) {
        Ok(keys) if !keys.is_empty() => Ok(KeySource::Keys(keys.into())),
        _ => Err(JWT_JWKS.malformed()),
    }
}

fn problem(setting: &Setting, problem: String) -> SettingsError {
    SettingsError { name: setting.name, problem }
}

//! The settings of JSON Web Tokens: whose are believed, and what their claims are called.

use std::sync::Arc;

use axum::http::Uri;
use sandcastle_interpreter::settings::{Lookup, SettingsError};

use super::keys::{self, Key};

/// Where scopes stand, unless set: in OAuth's own claim, in Okta's, in Auth0's.
const SCOPE_CLAIMS: [&str; 3] = ["scope", "scp", "permissions"];
/// What means nothing without an issuer.
const BESIDE_THE_ISSUER: [&str; 5] =
    ["JWT_AUDIENCE", "JWT_JWKS", "JWT_ORG_CLAIM", "JWT_MEMBER_CLAIM", "JWT_SCOPE_CLAIM"];

/// Whose tokens are believed, and what their claims are called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtSettings {
    /// What `iss` has to be.
    pub issuer: String,
    /// One of these has to be the audience.
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
    let Some(issuer) = env.text("JWT_ISSUER") else {
        return match BESIDE_THE_ISSUER.iter().find(|name| env.text(name).is_some()) {
            None => Ok(None),
            Some(name) => Err(SettingsError::new("JWT_ISSUER", &format!("set where {name} is"))),
        };
    };
    let audience = env.text("JWT_AUDIENCE").unwrap_or_default();
    let audience: Vec<_> = audience.split(',').map(str::trim).filter(|one| !one.is_empty()).map(String::from).collect();
    if audience.is_empty() {
        return Err(SettingsError::new("JWT_AUDIENCE", "set where JWT_ISSUER is: one or more, with commas between"));
    }
    let claim = |name, absent: &str| env.text(name).unwrap_or_else(|| absent.to_owned());
    Ok(Some(JwtSettings {
        keys: keys(env.text("JWT_JWKS"), &issuer)?,
        issuer,
        audience,
        org_claim: claim("JWT_ORG_CLAIM", "org"),
        member_claim: claim("JWT_MEMBER_CLAIM", "sub"),
        scope_claims: env.text("JWT_SCOPE_CLAIM").map_or(SCOPE_CLAIMS.map(String::from).to_vec(), |claim| vec![claim]),
    }))
}

fn keys(given: Option<String>, issuer: &str) -> Result<KeySource, SettingsError> {
    let given = given.unwrap_or_else(|| format!("{}/.well-known/jwks.json", issuer.trim_end_matches('/')));
    if !given.trim_start().starts_with('{') {
        let is_url = given.parse::<Uri>().is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some_and(|host| !host.is_empty())
        });
        let wanted = "an http:// or https:// URL or a JSON Web Key Set where JWT_ISSUER is no such URL";
        return if is_url { Ok(KeySource::Url(given)) } else { Err(SettingsError::new("JWT_JWKS", wanted)) };
    }
    match keys::read(given.as_bytes()) {
        Ok(keys) if !keys.is_empty() => Ok(KeySource::Keys(keys.into())),
        _ => Err(SettingsError::new("JWT_JWKS", "a JSON Web Key Set with a key for RS256, ES256 or EdDSA")),
    }
}

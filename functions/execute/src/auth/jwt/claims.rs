//! The claims of a verified token: checks issuer, audience and times, and reads organisation, member and scopes.

use sandcastle::{Name, Principal, Scope};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{JwtSettings, names, strict::Strict};

/// Allowed difference between the issuer's clock and this one, in seconds.
const LEEWAY_S: i64 = 60;

/// The claims.
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// The caller, if the claims meet the settings.
    pub(super) fn principal(&self, settings: &JwtSettings, now: OffsetDateTime) -> Option<Principal> {
        let now = now.unix_timestamp();
        let issued_here = self.text("iss") == Some(&settings.issuer);
        if !issued_here || !self.is_for(settings) || !self.is_valid_at(now) {
            return None;
        }
        let (org, member) = (self.name(&settings.org_claim)?, self.name(&settings.member_claim)?);
        Some(Principal { org, member: Some(member), scopes: self.scopes(settings), sandbox_limit: None })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// True when one of the token's audiences is in the settings. Cognito's access tokens have no audience: their client id
    /// counts instead.
    fn is_for(&self, settings: &JwtSettings) -> bool {
        let ours = |text: &str| settings.audience.iter().any(|audience| audience == text);
        // Cognito's `token_use` tells access tokens from ID tokens, which are not meant for an API.
        let is_access = self.0.get("token_use").map(|usage| usage == "access");
        match (self.0.get("aud"), is_access) {
            (_, Some(false)) => false,
            (Some(Value::String(audience)), _) => ours(audience),
            (Some(Value::Array(all)), _) => all.iter().filter_map(Value::as_str).any(ours),
            (None, Some(true)) => self.text("client_id").is_some_and(ours),
            _ => false,
        }
    }

    /// True between `nbf`, which is optional, and `exp`, which is required.
    fn is_valid_at(&self, now: i64) -> bool {
        let seconds = |value: &Value| value.as_i64().map(|whole| whole as f64).or_else(|| value.as_f64());
        let (early, late) = ((now - LEEWAY_S) as f64, (now + LEEWAY_S) as f64);
        let alive = self.0.get("exp").and_then(seconds).is_some_and(|expires| early < expires);
        alive && self.0.get("nbf").is_none_or(|begins| seconds(begins).is_some_and(|begins| begins <= late))
    }

    /// A name from a string, or from a list with one string. A list with several is ambiguous.
    fn name(&self, claim: &str) -> Option<Name> {
        let text = match self.0.get(claim)? {
            Value::String(text) => text,
            Value::Array(all) => match all.as_slice() {
                [Value::String(text)] => text,
                _ => return None,
            },
            _ => return None,
        };
        names::name(text)
    }

    /// The known scopes in the first claim that is present. `scope` has what this client was granted; another claim with
    /// everything that its user may do must not widen that.
    fn scopes(&self, settings: &JwtSettings) -> Vec<Scope> {
        let texts: Vec<&str> = match settings.scope_claims.iter().find_map(|claim| self.0.get(claim)) {
            Some(Value::String(text)) => text.split(' ').collect(),
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        // Cognito writes `<audience>/<scope>`.
        let prefixed = |text: &str, scope: &str| {
            let prefix = text.strip_suffix(scope).and_then(|rest| rest.strip_suffix('/'));
            prefix.is_some_and(|prefix| settings.audience.iter().any(|audience| audience == prefix))
        };
        let given = |scope: &Scope| texts.iter().any(|text| *text == scope.as_str() || prefixed(text, scope.as_str()));
        Scope::ALL.into_iter().filter(given).collect()
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Strict::deserialize(deserializer)?.0 {
            Value::Object(claims) => Ok(Self(claims)),
            _ => Err(Error::custom("no object")),
        }
    }
}

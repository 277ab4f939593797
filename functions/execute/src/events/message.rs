//! Parses an execution from a message: `{"sandbox_id", "code", "display_last"?, "timeout_s"?, "idempotency_key"?, "token"?}`.

use sandcastle::{IdempotencyKey, Secret, contract::Source, service::ExecuteRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{error::ApiError, json};

/// A parsed message.
pub(super) struct Message {
    /// The sandbox id, not yet validated.
    pub(super) sandbox: String,
    /// What to run. Its idempotency key makes a message that is delivered again run only once.
    pub(super) request: ExecuteRequest,
    /// The API key or JSON Web Token, if the message has one.
    pub(super) token: Option<Secret>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow)]
    sandbox_id: Option<&'a RawValue>,
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    display_last: Option<&'a RawValue>,
    #[serde(borrow)]
    timeout_s: Option<&'a RawValue>,
    #[serde(borrow)]
    idempotency_key: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
}

impl Message {
    /// Parses a message. `id` is the id of its delivery.
    pub(super) fn parse(text: impl AsRef<str>, source: Source, id: &str) -> Result<Self, ApiError> {
        let Raw { sandbox_id, code, display_last, timeout_s, idempotency_key, token } = json::object(text.as_ref())?;
        let sandbox = json::required("sandbox_id", sandbox_id)?;
        let code = json::required("code", code)?;
        let display_last = json::flag("display_last", display_last)?;
        let limit = json::seconds("timeout_s", timeout_s)?;
        let key = match idempotency_key {
            Some(key) => json::string("idempotency_key", key)?,
            None => format!("{}:{id}", source.as_str()),
        };
        let key = IdempotencyKey::parse(key);
        let key = key.map_err(|_| ApiError::invalid("idempotency_key must be 1 to 256 visible ASCII characters"))?;
        let token = token.map(|token| json::string("token", token)).transpose()?.map(Secret::new);
        let request = ExecuteRequest { code, display_last, limit, source, idempotency_key: Some(key) };
        Ok(Self { sandbox, request, token })
    }
}

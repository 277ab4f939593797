//! The credentials of the embedded S3: random, created once, kept in the data folder.

use std::path::Path;

use sandcastle_s3::StaticCredentials;
use serde::{Deserialize, Serialize};

use super::error::S3Error;
use crate::DataDir;

const FILE: &str = "s3-credentials.json";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    key_id: String,
    secret: String,
}

pub(super) fn load_or_create(data: &DataDir) -> Result<StaticCredentials, S3Error> {
    if let Some(credentials) = load(data.path())? {
        return Ok(credentials);
    }
    let made = Stored {
        key_id: format!("local{}", hex::encode(rand::random::<[u8; 8]>())),
        secret: hex::encode(rand::random::<[u8; 32]>()),
    };
    data.write_secret(FILE, &serde_json::to_string(&made).map_err(S3Error::Credentials)?)?;
    Ok(StaticCredentials { key_id: made.key_id, secret: made.secret, session_token: None })
}

pub(super) fn load(data_dir: &Path) -> Result<Option<StaticCredentials>, S3Error> {
    let Some(text) = DataDir::read(data_dir, FILE)? else { return Ok(None) };
    let Stored { key_id, secret } = serde_json::from_str(&text).map_err(S3Error::Credentials)?;
    Ok(Some(StaticCredentials { key_id, secret, session_token: None }))
}

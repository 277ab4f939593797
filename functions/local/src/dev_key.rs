//! The development key: from the settings, or created at the first start and kept in the data folder.

use sandcastle::{IdError, Name, Scope, Secret, store::ObjectStore};

use crate::{
    DataDir, DataDirError,
    keys::{self, KeysError, NewKey},
};

const FILE: &str = "dev-key";

/// The development key.
#[derive(Debug)]
pub(crate) enum DevKey {
    /// Created by the server; the banner shows it.
    Own(Secret),
    /// Given in the settings; the banner does not show it.
    Given(Secret),
}

/// Why the development key could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Its record could not be written.
    #[error("record the development key in the bucket")]
    Record(#[from] KeysError),
    /// Its owner has an invalid name.
    #[error("name the owner of the development key")]
    Owner(#[from] IdError),
}

impl DevKey {
    /// The given key, the key in the data folder, or a new key.
    pub(crate) fn find(data: &DataDir, given: Option<Secret>) -> Result<Self, DataDirError> {
        if let Some(secret) = given {
            return Ok(Self::Given(secret));
        }
        let kept = DataDir::read(data.path(), FILE)?.map(|text| text.trim().to_owned());
        if let Some(key) = kept.filter(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Ok(Self::Own(Secret::new(key)));
        }
        let secret = Secret::generate();
        data.write_secret(FILE, &format!("{}\n", secret.expose()))?;
        Ok(Self::Own(secret))
    }

    /// Writes the key's record to the bucket unless it is there.
    pub(crate) async fn ensure(&self, store: &dyn ObjectStore) -> Result<(), DevKeyError> {
        let (Self::Own(secret) | Self::Given(secret)) = self;
        let owner = NewKey {
            org: Name::parse("local")?,
            member: Name::parse("developer")?,
            scopes: Scope::ALL.to_vec(),
            name: keys::DEVELOPMENT_KEY.to_owned(),
            expires_in_days: None,
            sandbox_limit: None,
        };
        Ok(keys::record(store, secret, owner).await?)
    }
}

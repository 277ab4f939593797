//! The development key: given in the settings, or made at first start and kept in the data folder.

use sandcastle::{IdError, Name, Scope, Secret, store::ObjectStore};

use crate::{
    DataDir, DataDirError,
    keys::{self, KeysError, NewKey},
};

const FILE: &str = "dev-key";

/// The key, and whose it is.
#[derive(Debug)]
pub(crate) enum DevKey {
    /// The server's own, which it may show.
    Own(Secret),
    /// The user's.
    Given(Secret),
}

/// Why there is no development key.
#[derive(Debug, thiserror::Error)]
pub enum DevKeyError {
    /// The data folder.
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    /// Its record.
    #[error("record the development key in the bucket")]
    Record(#[from] KeysError),
    /// Its owner has no proper name.
    #[error("name the owner of the development key")]
    Owner(#[from] IdError),
}

impl DevKey {
    /// The given key, the one of the data folder, or a new one.
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

    /// Sees to it that the bucket knows the key.
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

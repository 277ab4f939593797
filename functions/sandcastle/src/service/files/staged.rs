//! Uploads that go straight to the bucket: the caller PUTs a file to a presigned URL, then commits it.
//!
//! Nothing is kept in between. What the upload is called and how long it is stand in its id, and the id leads to nothing
//! outside the part of storage that belongs to one life of one sandbox, whoever writes it.

use std::{collections::BTreeMap, time::Instant};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::TryStreamExt;

use super::upload::{Destination, Upload, check_size, in_time};
use crate::{
    ContentHash, ContentHasher,
    contract::{FileUploaded, UploadTarget},
    layout, limits,
    service::{Sandcastles, ServiceError},
    store::{Pieces, StoreError},
};

/// An upload as its id says it: 16 bytes of its number, 8 of its length, then the path.
struct UploadId {
    number: u128,
    size: u64,
    path: String,
}

impl UploadId {
    fn write(&self) -> String {
        let bytes = [&self.number.to_be_bytes()[..], &self.size.to_be_bytes(), self.path.as_bytes()].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(text: &str) -> Option<Self> {
        // Four characters for three bytes.
        let short = text.len() <= 2 * (limits::MAX_PATH_BYTES + 24);
        let bytes = short.then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
        let (number, rest) = bytes.split_first_chunk()?;
        let (size, path) = rest.split_first_chunk()?;
        let path = String::from_utf8(path.to_vec()).ok()?;
        Some(Self { number: u128::from_be_bytes(*number), size: u64::from_be_bytes(*size), path })
    }
}

impl Sandcastles {
    /// Opens a place for a file of exactly so many bytes.
    pub async fn stage_file(&self, to: &Destination, size: u64) -> Result<UploadTarget, ServiceError> {
        check_size(size)?;
        let upload = UploadId { number: rand::random(), size, path: to.path.to_string() };
        let key = layout::staged(&to.id, to.epoch, upload.number);
        let url = self.store.presign_put(&key, size, limits::LINK_LIFETIME).await?;
        Ok(UploadTarget {
            upload_id: upload.write(),
            url,
            method: "PUT",
            headers: BTreeMap::from([("content-length", size.to_string())]),
            expires_at: self.now() + limits::LINK_LIFETIME,
        })
    }

    /// Puts a file that was uploaded to its place into the working folder, over one of its name.
    pub async fn take_staged(
        &self,
        into: &Upload,
        upload_id: &str,
        deadline: Instant,
    ) -> Result<FileUploaded, ServiceError> {
        let malformed = || ServiceError::Invalid("upload_id is malformed; send it as it was answered".into());
        let UploadId { number, size, path } = UploadId::read(upload_id).ok_or_else(malformed)?;
        let to = into.to(&path).map_err(|_| malformed())?;
        let key = layout::staged(&to.id, to.epoch, number);
        let found = in_time(deadline, self.store.get_version(&key)).await??.ok_or(ServiceError::NotUploaded)?;
        check_size(found.size)?;
        if found.size != size {
            let what = format!("{} bytes were uploaded, but {size} announced", found.size);
            return Err(ServiceError::Invalid(what));
        }
        let hash = in_time(deadline, digest(found.pieces)).await??;
        // Without the version, a file could get the digest of one that was there before it.
        let to_file = layout::file(&to.id, to.epoch, hash);
        if !in_time(deadline, self.store.copy_version(&key, &found.tag, &to_file)).await?? {
            return Err(ServiceError::Conflict("the upload was replaced while it was read; try again"));
        }
        self.add(&to, hash, size, deadline).await
    }
}

async fn digest(pieces: Pieces) -> Result<ContentHash, StoreError> {
    let add = |mut hasher: ContentHasher, piece: bytes::Bytes| async move {
        hasher.update(&piece);
        Ok(hasher)
    };
    Ok(pieces.try_fold(ContentHasher::default(), add).await?.finish())
}

//! The door of the front: tells which action of IAM each S3 request is, and asks whether its sender may.

use std::{collections::HashMap, sync::Arc};

use axum::http::{Extensions, HeaderMap, Method, Uri};
use s3s::{
    S3, S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    dto::{DeleteObjectsInput, HeadObjectInput},
    path::S3Path,
    s3_error,
};
use sandcastle_local::BUCKET;

use crate::front::{Gate, Holder};

/// The gate as s3s asks it.
pub(crate) struct Door(pub(crate) Arc<Gate>);

#[async_trait::async_trait]
impl S3Auth for Door {
    async fn get_secret_key(&self, key_id: &str) -> S3Result<SecretKey> {
        let holders = self.0.holders.lock().unwrap();
        let holder = holders.get(key_id).ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        Ok(SecretKey::from(holder.credentials.secret.clone()))
    }
}

impl Door {
    fn holder(&self, key_id: Option<&str>) -> S3Result<Arc<Holder>> {
        let holders = self.0.holders.lock().unwrap();
        key_id.and_then(|key_id| holders.get(key_id)).map(Arc::clone).ok_or_else(|| s3_error!(AccessDenied))
    }

    fn demand(&self, holder: &Holder, action: &str, key: Option<&str>, context: Vec<(&str, String)>) -> S3Result<()> {
        let resource = format!("arn:aws:s3:::{BUCKET}{}", key.map(|key| format!("/{key}")).unwrap_or_default());
        if self.0.allows(holder, action, &resource, context) { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}

#[async_trait::async_trait]
impl S3Access for Door {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let holder = self.holder(cx.credentials().map(|credentials| credentials.access_key.as_str()))?;
        let query = query(cx.uri().query().unwrap_or_default());
        let header = |name: &str| cx.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let token = header("x-amz-security-token").or_else(|| query.get("X-Amz-Security-Token").cloned());
        if token != holder.credentials.session_token {
            return Err(s3_error!(InvalidToken));
        }
        let key = match cx.s3_path() {
            S3Path::Object { bucket, key } if **bucket == *BUCKET => Some(key.to_string()),
            S3Path::Bucket { bucket } if **bucket == *BUCKET => None,
            _ => return Err(s3_error!(AccessDenied)),
        };
        let listed = ["prefix", "delimiter", "max-keys"].map(|name| (format!("s3:{name}"), query.get(name).cloned()));
        let listed: Vec<_> = listed.iter().filter_map(|(name, value)| Some((name.as_str(), value.clone()?))).collect();
        let condition = header("if-none-match").map(|value| ("s3:if-none-match", value)).into_iter().collect();
        match (cx.s3_op().name(), key.as_deref()) {
            ("GetObject" | "HeadObject", Some(key)) => {
                self.demand(&holder, "s3:GetObject", Some(key), Vec::new())?;
                self.demand_knowledge(&holder, key).await
            }
            ("PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload", Some(key)) => {
                self.demand(&holder, "s3:PutObject", Some(key), condition)
            }
            ("CopyObject", Some(key)) => {
                let source = header("x-amz-copy-source").unwrap_or_default();
                let source = percent_encoding::percent_decode_str(&source).decode_utf8_lossy();
                let source = source.trim_start_matches('/').strip_prefix(&format!("{BUCKET}/")).map(str::to_owned);
                self.demand(
                    &holder,
                    "s3:GetObject",
                    Some(&source.ok_or_else(|| s3_error!(AccessDenied))?),
                    Vec::new(),
                )?;
                self.demand(&holder, "s3:PutObject", Some(key), condition)
            }
            ("DeleteObject", Some(key)) => self.demand(&holder, "s3:DeleteObject", Some(key), Vec::new()),
            // Its keys stand in the body; see below.
            ("DeleteObjects", None) => Ok(()),
            ("ListObjectsV2" | "ListObjects" | "HeadBucket", None) => {
                self.demand(&holder, "s3:ListBucket", None, listed)
            }
            // Each of the others has an action of its own name, which no document here allows by a wildcard.
            (other, key) => self.demand(&holder, &format!("s3:{other}"), key, Vec::new()),
        }
    }

    async fn delete_objects(&self, req: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        let holder = self.holder(req.credentials.as_ref().map(|credentials| credentials.access_key.as_str()))?;
        let mut objects = req.input.delete.objects.iter();
        objects.try_for_each(|object| self.demand(&holder, "s3:DeleteObject", Some(&object.key), Vec::new()))
    }
}

impl Door {
    /// That an object is missing learns only who may list the bucket (API_GetObject.html).
    async fn demand_knowledge(&self, holder: &Holder, key: &str) -> S3Result<()> {
        let input = HeadObjectInput::builder().bucket(BUCKET.to_owned()).key(key.to_owned()).build().unwrap();
        let request = S3Request {
            input,
            method: Method::HEAD,
            uri: Uri::default(),
            headers: HeaderMap::default(),
            extensions: Extensions::default(),
            credentials: None,
            region: None,
            service: None,
            trailing_headers: None,
        };
        match self.0.bucket.head_object(request).await {
            Ok(_) => Ok(()),
            Err(_) => self.demand(holder, "s3:ListBucket", None, Vec::new()),
        }
    }
}

fn query(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

//! Maps each S3 request to its IAM action and asks the authorizer: what s3s calls for authentication and access control.

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
use sandcastle_local::{BUCKET, LocalBucket};

use crate::authorizer::{Authorizer, Principal};

/// Authentication and access control of [`crate::iam_s3::IamS3`].
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) authorizer: Arc<Authorizer>,
    /// Tells whether an object exists.
    pub(crate) bucket: LocalBucket,
    /// The VPC endpoint through which requests come; `None` from outside the network.
    pub(crate) endpoint: Option<String>,
}

#[async_trait::async_trait]
impl S3Auth for Access {
    async fn get_secret_key(&self, key_id: &str) -> S3Result<SecretKey> {
        let principal = self.authorizer.principal(key_id).ok_or_else(|| s3_error!(InvalidAccessKeyId))?;
        Ok(SecretKey::from(principal.credentials.secret.clone()))
    }
}

impl Access {
    fn principal(&self, key_id: Option<&str>) -> S3Result<Arc<Principal>> {
        key_id.and_then(|key_id| self.authorizer.principal(key_id)).ok_or_else(|| s3_error!(AccessDenied))
    }

    /// Access is denied unless IAM allows the action on this object, or on the bucket.
    fn require(
        &self,
        principal: &Principal,
        action: &str,
        key: Option<&str>,
        mut context: Vec<(&str, String)>,
    ) -> S3Result<()> {
        context.extend(self.endpoint.clone().map(|endpoint| ("aws:sourcevpce", endpoint)));
        let resource = format!("arn:aws:s3:::{BUCKET}{}", key.map(|key| format!("/{key}")).unwrap_or_default());
        let allowed = self.authorizer.allows(principal, action, &resource, context);
        if allowed { Ok(()) } else { Err(s3_error!(AccessDenied)) }
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        let principal = self.principal(cx.credentials().map(|credentials| credentials.access_key.as_str()))?;
        let query = query(cx.uri().query().unwrap_or_default());
        let header = |name: &str| cx.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let token = header("x-amz-security-token").or_else(|| query.get("X-Amz-Security-Token").cloned());
        if token != principal.credentials.session_token {
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
                self.require(&principal, "s3:GetObject", Some(key), Vec::new())?;
                self.require_list_if_missing(&principal, key).await
            }
            ("PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload", Some(key)) => {
                self.require(&principal, "s3:PutObject", Some(key), condition)
            }
            ("CopyObject", Some(key)) => {
                let source = header("x-amz-copy-source").unwrap_or_default();
                let source = percent_encoding::percent_decode_str(&source).decode_utf8_lossy();
                let source = source.trim_start_matches('/').strip_prefix(&format!("{BUCKET}/")).map(str::to_owned);
                self.require(
                    &principal,
                    "s3:GetObject",
                    Some(&source.ok_or_else(|| s3_error!(AccessDenied))?),
                    Vec::new(),
                )?;
                self.require(&principal, "s3:PutObject", Some(key), condition)
            }
            ("DeleteObject", Some(key)) => self.require(&principal, "s3:DeleteObject", Some(key), Vec::new()),
            // Its keys are in the body: see `delete_objects`.
            ("DeleteObjects", None) => Ok(()),
            ("ListObjectsV2" | "ListObjects" | "HeadBucket", None) => {
                self.require(&principal, "s3:ListBucket", None, listed)
            }
            // The action of every other operation has its name; no policy of the template allows it.
            (other, key) => self.require(&principal, &format!("s3:{other}"), key, Vec::new()),
        }
    }

    async fn delete_objects(&self, req: &mut S3Request<DeleteObjectsInput>) -> S3Result<()> {
        let principal = self.principal(req.credentials.as_ref().map(|credentials| credentials.access_key.as_str()))?;
        let mut objects = req.input.delete.objects.iter();
        objects.try_for_each(|object| self.require(&principal, "s3:DeleteObject", Some(&object.key), Vec::new()))
    }
}

impl Access {
    /// A missing object is 404 for one who may list the bucket, and 403 for others (API_GetObject.html).
    async fn require_list_if_missing(&self, principal: &Principal, key: &str) -> S3Result<()> {
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
        match self.bucket.head_object(request).await {
            Ok(_) => Ok(()),
            Err(_) => self.require(principal, "s3:ListBucket", None, Vec::new()),
        }
    }
}

fn query(text: &str) -> HashMap<String, String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

//! How the bucket is reached: endpoint, region, credentials, time limits.

use std::{fmt, time::Duration};

use aws_config::{BehaviorVersion, meta::region::RegionProviderChain};
use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client,
    config::{
        Region, RequestChecksumCalculation, ResponseChecksumValidation, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use futures::future::BoxFuture;

/// For opening a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// For one attempt at one request, with a body of up to a few megabytes. See [`generous`] for more.
const ATTEMPT: Duration = Duration::from_secs(5);
/// For all attempts at one request.
const OPERATION: Duration = Duration::from_secs(18);
/// Attempts at one request. What an attempt that only seemed to fail has left behind is the caller's to find out.
const ATTEMPTS: u32 = 3;
/// Where a bucket is taken to be when nobody says: every S3 besides Amazon's ignores it.
const DEFAULT_REGION: &str = "us-east-1";

/// Fixed credentials; they print without their secrets.
#[derive(Clone)]
pub struct StaticCredentials {
    /// Access key id.
    pub key_id: String,
    /// Secret access key.
    pub secret: String,
    /// Goes with credentials that were lent for a while.
    pub session_token: Option<String>,
}

impl fmt::Debug for StaticCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticCredentials").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

/// Which bucket, and how to get there.
#[derive(Clone, Debug, Default)]
pub struct S3Config {
    /// Name of the bucket.
    pub bucket: String,
    /// Region; taken from the environment when absent, `us-east-1` when an endpoint is given.
    pub region: Option<String>,
    /// URL of another S3 than Amazon's; then the bucket stands in the path, not in the host name.
    pub endpoint: Option<String>,
    /// URL under which those who get presigned links reach the same S3, when it differs.
    pub public_endpoint: Option<String>,
    /// Credentials; AWS's usual chain of sources when absent.
    pub credentials: Option<StaticCredentials>,
}

/// One bucket.
#[derive(Clone, Debug)]
pub struct S3Store {
    pub(crate) client: Client,
    pub(crate) presigner: Client,
    pub(crate) bucket: String,
}

impl S3Store {
    /// Sets up the clients. No request is made, so wrong settings show at the first use.
    pub fn connect(config: S3Config) -> BoxFuture<'static, Self> {
        // Boxed, so that the compiler translates it here, and not in each crate that connects.
        Box::pin(connect(config))
    }
}

async fn connect(config: S3Config) -> S3Store {
    let http = http_client(config.endpoint.as_deref());
    let mut shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .region(region(&config))
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(BACKOFF))
        .timeout_config(timeouts(ATTEMPT, OPERATION));
    if let Some(StaticCredentials { key_id, secret, session_token }) = config.credentials {
        shared = shared.credentials_provider(Credentials::new(key_id, secret, session_token, None, "settings"));
    }
    // Checksums of the SDK's own would be computed for nothing: whoever reads verifies a BLAKE3 digest.
    let shared = aws_sdk_s3::config::Builder::from(&shared.load().await)
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    let client = |endpoint: Option<&String>| match endpoint {
        Some(url) => Client::from_conf(shared.clone().endpoint_url(url).force_path_style(true).build()),
        None => Client::from_conf(shared.clone().build()),
    };
    S3Store {
        client: client(config.endpoint.as_ref()),
        presigner: client(config.public_endpoint.as_ref().or(config.endpoint.as_ref())),
        bucket: config.bucket,
    }
}

/// Before the second attempt; doubles.
const BACKOFF: Duration = Duration::from_millis(100);

/// One pool of connections. Where TLS is not spoken, the machine's certificates are not read, which takes tens of milliseconds.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    let builder = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
    if !endpoint.is_some_and(|url| url.starts_with("http://")) {
        return builder.build_https();
    }
    match TlsContext::builder().with_trust_store(TrustStore::empty()).build() {
        Ok(no_certificates) => builder.tls_context(no_certificates).build_https(),
        Err(_) => builder.build_https(),
    }
}

/// With an endpoint, the chain is not asked: away from AWS its last source, instance metadata, answers with a time-out.
fn region(config: &S3Config) -> RegionProviderChain {
    match (&config.region, &config.endpoint) {
        (Some(region), _) => RegionProviderChain::first_try(Region::new(region.clone())),
        (None, Some(_)) => RegionProviderChain::first_try(Region::from_static(DEFAULT_REGION)),
        (None, None) => RegionProviderChain::default_provider().or_else(Region::from_static(DEFAULT_REGION)),
    }
}

/// Time limits for a request that moves this many bytes, when they are many.
pub(crate) fn generous(bytes: u64) -> Option<TimeoutConfig> {
    const SMALL: u64 = 4 * 1024 * 1024;
    const SLOWEST_PER_SECOND: u64 = 8 * 1024 * 1024;
    let extra = Duration::from_secs(bytes / SLOWEST_PER_SECOND);
    (bytes > SMALL).then(|| timeouts(ATTEMPT + extra, OPERATION + 2 * extra))
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

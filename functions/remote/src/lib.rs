//! The interpreter port over InterpreterFunction: invokes it for one tenant with credentials that reach one sandbox, and checks
//! whatever it answers.

mod check;
mod check_variables;
mod config;
mod credentials;
mod death;
mod errors;
mod invoke;
mod policy;

use std::{sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};
use sandcastle::{SandboxId, ledger::Ledger, manifest::Manifest, store::ObjectStore};

pub use config::{RemoteConfig, TenantScope};
use credentials::Lender;

/// For opening a connection.
const CONNECT: Duration = Duration::from_secs(2);
/// An invocation that was refused at once, or whose connection broke, is sent once more. Should both run, one commits.
const ATTEMPTS: u32 = 2;

/// The interpreter in another function.
pub struct RemoteInterpreter {
    lambda: aws_sdk_lambda::Client,
    lender: Lender,
    ledger: Ledger,
    config: RemoteConfig,
}

impl RemoteInterpreter {
    /// Sets up the clients. No request is made, so wrong settings show at the first use.
    pub async fn connect(config: RemoteConfig, store: Arc<dyn ObjectStore>) -> Self {
        let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut shared = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build());
        if let Some(region) = config.bucket.region.clone() {
            shared = shared.region(Region::new(region));
        }
        let shared = shared.load().await;
        let mut lambda = aws_sdk_lambda::config::Builder::from(&shared);
        lambda.set_endpoint_url(config.lambda_endpoint.clone());
        let mut sts = aws_sdk_sts::config::Builder::from(&shared);
        sts.set_endpoint_url(config.sts_endpoint.clone());
        Self {
            lambda: aws_sdk_lambda::Client::from_conf(lambda.build()),
            lender: Lender::new(aws_sdk_sts::Client::from_conf(sts.build()), &config),
            ledger: Ledger::new(store),
            config,
        }
    }

    /// Whose environment runs a sandbox's code.
    fn tenant(&self, sandbox: &SandboxId, manifest: &Manifest) -> String {
        match self.config.tenant_scope {
            TenantScope::Sandbox => sandbox.to_string(),
            TenantScope::Member => format!("{}/{}", manifest.org, manifest.member),
        }
    }
}

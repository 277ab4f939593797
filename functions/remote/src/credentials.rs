//! Lends credentials for one life of a sandbox, and lends them again as long as they last.

use std::time::Duration;

use aws_sdk_sts::{error::SdkError, operation::assume_role::AssumeRoleError, types};
use moka::sync::Cache;
use sandcastle::{SandboxId, interpreter::RunError, invocation::Credentials, manifest::Epoch};
use time::OffsetDateTime;

use crate::{config::RemoteConfig, policy};

/// For how long they are lent; the most that a role's own credentials can ask of another role.
pub(crate) const LENT: Duration = Duration::from_secs(3600);
/// Credentials with less time left are not handed out: the longest that a call can take on Lambda, and five minutes.
const LEAST_LEFT: Duration = Duration::from_secs((15 + 5) * 60);
/// Credentials of so many lives are kept.
const KEPT: u64 = 10_000;

/// Why no credentials were lent.
#[derive(Debug, thiserror::Error)]
enum LendError {
    /// STS refused.
    #[error("lend credentials")]
    Refused(#[source] Box<SdkError<AssumeRoleError>>),
    /// STS answered without any.
    #[error("lend credentials: there are none in the answer")]
    Empty,
}

/// Lends and remembers.
pub(crate) struct Lender {
    sts: aws_sdk_sts::Client,
    role_arn: String,
    bucket: String,
    lent: Cache<(SandboxId, Epoch), Credentials>,
}

impl Lender {
    pub(crate) fn new(sts: aws_sdk_sts::Client, config: &RemoteConfig) -> Self {
        let lent = Cache::builder().max_capacity(KEPT).time_to_live(LENT).build();
        Self { sts, role_arn: config.role_arn.clone(), bucket: config.bucket.name.clone(), lent }
    }

    /// Credentials that last for the longest call. Two calls at once may each ask for some; both sets are good.
    pub(crate) async fn lend(&self, sandbox: &SandboxId, epoch: Epoch) -> Result<Credentials, RunError> {
        if let Some(lent) = self.lent.get(&(*sandbox, epoch)).filter(|lent| lasts(lent, OffsetDateTime::now_utc())) {
            return Ok(lent);
        }
        let seconds = i32::try_from(LENT.as_secs()).unwrap_or(i32::MAX);
        let request = self.sts.assume_role().role_arn(&self.role_arn).duration_seconds(seconds);
        let request = request.role_session_name(format!("sandcastle-{sandbox}"));
        let request = request.policy(policy::of(&self.role_arn, &self.bucket, sandbox, epoch));
        let answer = request.send().await.map_err(|error| RunError::failed(LendError::Refused(Box::new(error))))?;
        let new = answer.credentials.and_then(read).ok_or_else(|| RunError::failed(LendError::Empty))?;
        self.lent.insert((*sandbox, epoch), new.clone());
        Ok(new)
    }
}

fn read(found: types::Credentials) -> Option<Credentials> {
    Some(Credentials {
        expires_at: OffsetDateTime::from_unix_timestamp(found.expiration.secs()).ok()?,
        key_id: found.access_key_id,
        secret: found.secret_access_key,
        session_token: found.session_token,
    })
}

fn lasts(lent: &Credentials, now: OffsetDateTime) -> bool {
    lent.expires_at - now >= LEAST_LEFT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_lent_again_only_while_they_outlast_the_longest_call() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let cases = [(3600, true), (1200, true), (1199, false), (0, false), (-1, false)];
        for (left, expected) in cases {
            let lent = Credentials {
                key_id: "id".into(),
                secret: "secret".into(),
                session_token: "token".into(),
                expires_at: now + time::Duration::seconds(left),
            };
            assert_eq!(lasts(&lent, now), expected, "{left} s left");
            assert!(!format!("{lent:?}").contains("secret\"") && !format!("{lent:?}").contains("token\""));
        }
    }
}

//! The session policy: what lent credentials may do, however much their role may.

use sandcastle::{SandboxId, layout, manifest::Epoch};
use serde_json::json;

/// Reading and adding to one sandbox's objects and files, and reading its ledger and records; of all but the ledger, those of its
/// present life. A write must say `If-None-Match`, so that nothing that was stored can be changed.
pub(crate) fn of(role_arn: &str, bucket: &str, sandbox: &SandboxId, epoch: Epoch) -> String {
    let partition = role_arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws");
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    let life = [layout::objects(sandbox, epoch), layout::files(sandbox, epoch), layout::records(sandbox, epoch)];
    let [objects, files, records] = life.map(|prefix| format!("{bucket}/{prefix}*"));
    let ledger = layout::ledger(sandbox);
    let entries = format!("{bucket}/{ledger}*");
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": [objects, files, records, entries] },
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": [objects, files],
                "Condition": { "Null": { "s3:if-none-match": "false" } },
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                "Condition": { "StringEquals": { "s3:prefix": ledger } },
            },
        ],
    });
    policy.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_fits_into_a_session_and_names_the_partition_of_the_role() {
        let id = SandboxId::new();
        let policy = of("arn:aws-us-gov:iam::123456789012:role/sandbox", &"b".repeat(63), &id, Epoch(u64::MAX));
        assert!(policy.len() <= 2048, "AssumeRole takes 2,048 characters (API_AssumeRole.html): {}", policy.len());
        assert_eq!(policy.matches("arn:aws-us-gov:s3:::").count(), 7);
        // Each resource besides the bucket itself ends in this sandbox's folder, or in that of its present life.
        assert_eq!(policy.matches(&format!("/{id}/*\"")).count(), 1);
        assert_eq!(policy.matches(&format!("/{id}/{}/*\"", Epoch(u64::MAX))).count(), 5);
    }
}

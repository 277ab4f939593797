//! The session policy: what lent credentials may do, however much their role may.

use sandcastle::SandboxId;
use serde_json::json;

/// Reading and adding to one sandbox's objects and files, and reading its ledger and records. A write must say `If-None-Match`, so
/// that nothing that was stored can be changed.
pub(crate) fn of(role_arn: &str, bucket: &str, sandbox: &SandboxId) -> String {
    let partition = role_arn.split(':').nth(1).filter(|partition| !partition.is_empty()).unwrap_or("aws");
    let bucket = format!("arn:{partition}:s3:::{bucket}");
    let [objects, files, records, ledger] =
        ["objects", "files", "records", "ledger"].map(|part| format!("{bucket}/{part}/{sandbox}/*"));
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Effect": "Allow", "Action": "s3:GetObject", "Resource": [objects, files, records, ledger] },
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
                "Condition": { "StringEquals": { "s3:prefix": format!("ledger/{sandbox}/") } },
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
        let policy = of("arn:aws-us-gov:iam::123456789012:role/sandbox", &"b".repeat(63), &id);
        assert!(policy.len() <= 2048, "AssumeRole takes 2,048 characters (API_AssumeRole.html): {}", policy.len());
        assert_eq!(policy.matches("arn:aws-us-gov:s3:::").count(), 7);
        // Each resource besides the bucket itself ends in this sandbox's folder.
        assert_eq!(policy.matches(&format!("/{id}/*\"")).count(), 6);
    }
}

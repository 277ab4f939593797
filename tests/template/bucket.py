"""The bucket: private, encrypted, TLS only, ledger entries written once, objects deleted in time."""

import unittest

from load import NETWORK, as_list, name_of, of_type, properties, statements


def deny(sid):
    """Action, resources and condition of a Deny statement of the bucket's policy, which applies to everyone."""
    (found,) = [each for each in statements(properties("BucketPolicy")["PolicyDocument"]) if each["Sid"] == sid]
    assert found["Effect"] == "Deny" and found["Principal"] == "*", found
    return found["Action"], {name_of(each) for each in as_list(found["Resource"])}, found["Condition"]


class Bucket(unittest.TestCase):
    def test_the_only_bucket_is_private(self):
        self.assertEqual(list(of_type("AWS::S3::Bucket")), ["Bucket"])
        block = properties("Bucket")["PublicAccessBlockConfiguration"]
        names = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        self.assertEqual(block, {name: True for name in names})
        self.assertNotIn("AccessControl", properties("Bucket"))
        self.assertEqual(properties("Bucket")["OwnershipControls"]["Rules"], [{"ObjectOwnership": "BucketOwnerEnforced"}])

    def test_its_policy_only_denies(self):
        effects = {each["Effect"] for each in statements(properties("BucketPolicy")["PolicyDocument"])}
        self.assertEqual(effects, {"Deny"})

    def test_it_is_encrypted_without_versions(self):
        (rule,) = properties("Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        self.assertEqual(rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256")
        self.assertNotIn("VersioningConfiguration", properties("Bucket"))

    def test_requests_without_tls_are_denied(self):
        action, resources, condition = deny("TlsOnly")
        self.assertEqual((action, resources), ("s3:*", {"Bucket.Arn", "${Bucket.Arn}/*"}))
        self.assertEqual(condition, {"Bool": {"aws:SecureTransport": "false"}})

    def test_no_principal_can_overwrite_a_ledger_entry(self):
        action, resources, condition = deny("LedgerEntriesAreWrittenOnce")
        self.assertEqual((action, resources), ("s3:PutObject", {"${Bucket.Arn}/ledger/*"}))
        self.assertEqual(condition, {"Null": {"s3:if-none-match": "true"}})

    def test_the_sandbox_role_cannot_overwrite_an_object(self):
        action, resources, condition = deny("TheSandboxRoleOverwritesNothing")
        self.assertEqual((action, resources), ("s3:PutObject", {"${Bucket.Arn}/*"}))
        who = {"aws:PrincipalArn": {"GetAtt": "SandboxRole.Arn"}}
        self.assertEqual(condition, {"ArnEquals": who, "Null": {"s3:if-none-match": "true"}})

    def test_lent_credentials_are_worth_nothing_outside_the_network(self):
        action, resources, condition = deny("TheSandboxRoleComesThroughTheEndpoint")
        self.assertEqual((action, resources), ("s3:*", {"Bucket.Arn", "${Bucket.Arn}/*"}))
        self.assertEqual(condition["ArnEquals"], {"aws:PrincipalArn": {"GetAtt": "SandboxRole.Arn"}})
        # Not with IfExists: a request that comes through no endpoint lacks the key, and must be denied.
        self.assertEqual(condition["StringNotEquals"], {"aws:SourceVpce": {"GetAtt": "Network.Outputs.S3Endpoint"}})
        self.assertEqual(set(condition), {"ArnEquals", "StringNotEquals"})
        self.assertEqual(NETWORK["Outputs"]["S3Endpoint"]["Value"], {"Ref": "S3Endpoint"})

    def test_every_prefix_but_the_api_keys_expires(self):
        rules = properties("Bucket")["LifecycleConfiguration"]["Rules"]
        self.assertEqual({rule["Status"] for rule in rules}, {"Enabled"})
        days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
        self.assertEqual(days, {"ledger/": 30, "records/": 60, "objects/": 60, "files/": 60, "orgs/": 30, "staging/": 1})
        uploads = [rule["AbortIncompleteMultipartUpload"] for rule in rules if "Prefix" not in rule]
        self.assertEqual(uploads, [{"DaysAfterInitiation": 1}])

    def test_web_pages_may_get_and_put_only(self):
        (rule,) = properties("Bucket")["CorsConfiguration"]["CorsRules"]
        self.assertEqual(rule["AllowedMethods"], ["GET", "PUT"])

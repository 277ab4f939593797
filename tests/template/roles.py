"""Permissions: the allowed actions of every role are in a reviewed list, without wildcards outside another one."""

import unittest

from load import NETWORK, RESOURCES, as_list, name_of, of_type, properties, statements

BUCKET = "${Bucket.Arn}"
LOGS = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/sandcastle/${AWS::StackName}"
EC2 = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}"
LOOK = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]


def allowed(*rows):
    return {(action, resource) for actions, resources in rows for action in actions for resource in resources}


def under(*prefixes):
    return [f"{BUCKET}/{prefix}/*" for prefix in prefixes]


WRITE_LOGS = ["logs:CreateLogStream", "logs:PutLogEvents"]
# The reviewed list of allowed actions and their resources.
GRANTS = {
    "ExecuteRole": allowed(
        (["s3:GetObject"], under("keys", "ledger", "records", "objects", "files", "staging")),
        (["s3:PutObject"], under("ledger", "records", "objects", "files", "orgs", "staging")),
        (["s3:DeleteObject"], under("records", "objects", "files", "orgs", "staging")),
        (["s3:ListBucket"], ["Bucket.Arn"]),
        (WRITE_LOGS, [f"{LOGS}/execute:*"]),
        (["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
        (["lambda:InvokeFunction"], ["InterpreterFunction.Arn", "InterpreterImage.Outputs.Arn"]),
        (["sts:AssumeRole"], ["SandboxRole.Arn"]),
        # Only if a parameter asks for it; see events.py.
        (["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], ["Jobs.Arn"]),
        (["sqs:SendMessage"], ["AsyncSuccessQueueArn", "AsyncFailureQueueArn"]),
    ),
    "InterpreterRole": allowed(
        (WRITE_LOGS, [f"{LOGS}/interpreter:*"]),
        # Interfaces in its own subnets and group only. AWS wants all resources for deleting one, and supports none for looking.
        (["ec2:CreateNetworkInterface"], [f"{EC2}:network-interface/*", f"{EC2}:subnet/${{Network.Outputs.SubnetA}}",
                                          f"{EC2}:subnet/${{Network.Outputs.SubnetB}}",
                                          f"{EC2}:security-group/${{Network.Outputs.SecurityGroup}}"]),
        (["ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"], [f"{EC2}:*/*"]),
        (LOOK, ["*"]),
    ),
    "SandboxRole": allowed(
        (["s3:GetObject"], under("ledger", "records", "objects", "files")),
        (["s3:PutObject"], under("objects", "files")),
        (["s3:ListBucket"], ["Bucket.Arn"]),
    ),
    "GatewayRole": set(),
    "NetworkLogRole": allowed(
        ([*WRITE_LOGS, "logs:DescribeLogStreams"], [f"{LOGS}/network:*"]),
        (["logs:DescribeLogGroups"], ["*"]),
    ),
}
# Actions that do not support a resource.
ANY_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords", "logs:DescribeLogGroups", *LOOK}
TRUSTED = {
    "ExecuteRole": {"Service": "lambda.amazonaws.com"},
    "InterpreterRole": {"Service": "lambda.amazonaws.com"},
    "SandboxRole": {"AWS": {"GetAtt": "ExecuteRole.Arn"}},
    "GatewayRole": {"Service": "apigateway.amazonaws.com"},
    "NetworkLogRole": {"Service": "vpc-flow-logs.amazonaws.com"},
}


def documents(role):
    """The inline policies of a role, and those attached to it."""
    yield from (policy["PolicyDocument"] for policy in properties(role).get("Policies", []))
    for policy in of_type("AWS::IAM::Policy").values():
        if {"Ref": role} in policy["Properties"]["Roles"]:
            yield policy["Properties"]["PolicyDocument"]


def of_role(role, effect):
    return [each for document in documents(role) for each in statements(document) if each["Effect"] == effect]


class Roles(unittest.TestCase):
    def test_there_are_no_other_roles(self):
        self.assertEqual(set(of_type("AWS::IAM::Role")), set(GRANTS))
        self.assertFalse(of_type("AWS::IAM::Role", NETWORK["Resources"]))

    def test_each_role_allows_the_listed_actions_only(self):
        for role, expected in GRANTS.items():
            with self.subTest(role):
                self.assertTrue(all("NotAction" not in each and "NotResource" not in each for each in of_role(role, "Allow")))
                found = {(action, name_of(resource)) for each in of_role(role, "Allow")
                         for action in as_list(each["Action"]) for resource in as_list(each["Resource"])}
                self.assertEqual(found, expected)

    def test_wildcards_are_reviewed(self):
        for role in GRANTS:
            for each in of_role(role, "Allow"):
                for action in as_list(each["Action"]):
                    self.assertNotIn("*", action)
                    if "*" in map(name_of, as_list(each["Resource"])):
                        self.assertIn(action, ANY_RESOURCE)

    def test_each_role_trusts_one_principal(self):
        for role, who in TRUSTED.items():
            (statement,) = properties(role)["AssumeRolePolicyDocument"]["Statement"]
            self.assertEqual((statement["Principal"], statement["Action"]), (who, "sts:AssumeRole"), role)

    def test_the_only_managed_policy_is_the_gateways(self):
        found = [name_of(arn) for role in of_type("AWS::IAM::Role").values()
                 for arn in role["Properties"].get("ManagedPolicyArns", [])]
        self.assertEqual([arn.rsplit("/", 1)[1] for arn in found], ["AmazonAPIGatewayPushToCloudWatchLogs"])

    def test_functions_have_these_roles_and_no_sam_policies(self):
        for function in of_type("AWS::Serverless::Function"):
            role = function.replace("Function", "Role")
            self.assertEqual(properties(function)["Role"], {"GetAtt": f"{role}.Arn"})
            self.assertNotIn("Policies", properties(function))

    def test_no_role_makes_a_group_of_logs(self):
        # It would come back while the stack is deleted, and stop the next stack with that name.
        actions = {action for role in GRANTS for each in of_role(role, "Allow") for action in as_list(each["Action"])}
        self.assertFalse(actions & {"logs:CreateLogGroup", "logs:*", "*"})

    def test_flow_logs_of_other_accounts_cannot_use_the_role(self):
        (statement,) = properties("NetworkLogRole")["AssumeRolePolicyDocument"]["Statement"]
        self.assertEqual(statement["Condition"], {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}})

    def test_the_interpreters_credentials_only_write_logs_wherever_they_are_used(self):
        (deny,) = of_role("InterpreterRole", "Deny")
        self.assertEqual(deny["NotAction"], WRITE_LOGS)
        self.assertEqual(deny["Resource"], "*")
        self.assertEqual(deny["Condition"], {"Null": {"lambda:SourceFunctionArn": "false"}})

    def test_the_sandbox_role_overwrites_no_object_and_lists_ledgers_only(self):
        by_action = {each["Action"][0]: each.get("Condition") for each in of_role("SandboxRole", "Allow")}
        self.assertEqual(by_action["s3:PutObject"], {"Null": {"s3:if-none-match": "false"}})
        self.assertEqual(by_action["s3:ListBucket"], {"StringLike": {"s3:prefix": "ledger/*"}})

    def test_resources_of_the_dedicated_mode_depend_on_its_condition(self):
        for name in ("SandboxRole", "InterpreterRole", "ExecuteMayRunCode", "Network"):
            self.assertEqual(RESOURCES[name]["Condition"], "Dedicated")

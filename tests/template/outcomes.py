"""infra/outcome.py and infra/fail_closed.py: what is said at the end of a deployment, and what AWS refused."""

import contextlib
import io
import sys
import unittest
from unittest import mock

from botocore.exceptions import ClientError

from load import ROOT, properties

sys.path.insert(0, str(ROOT / "infra"))

import fail_closed
import outcome

OUTPUTS = {"Url": "https://a.example.com/v1", "Bucket": "ours", "Vpc": "vpc-1"}


class Events:
    """A stack's events as CloudFormation lists them, newest first."""

    def __init__(self, **stacks):
        self.stacks = stacks

    def describe_stack_events(self, StackName):
        return {"StackEvents": [dict(zip(("LogicalResourceId", "PhysicalResourceId", "ResourceType", "ResourceStatus", "ResourceStatusReason"),
                                         each), StackId="outer") for each in self.stacks[StackName]]}


class Outcome(unittest.TestCase):
    def test_the_first_failure_is_told_with_what_to_do(self):
        stack, function = "AWS::CloudFormation::Stack", "AWS::Lambda::Function"
        client = Events(outer=[
            ("sandcastle", "outer", stack, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create"),
            ("Api", "", "AWS::ApiGateway::RestApi", "CREATE_FAILED", "Resource creation cancelled"),
            ("InterpreterFunction", "", function, "CREATE_FAILED", "Tenancy configuration is not supported for this account"),
            ("Network", "inner", stack, "CREATE_FAILED", "Embedded stack inner was not successfully created"),
            ("sandcastle", "outer", stack, "CREATE_IN_PROGRESS", None),
            ("Old", "", function, "CREATE_FAILED", "an earlier deployment")],
            inner=[("Vpc", "", "AWS::EC2::VPC", "CREATE_FAILED", "The maximum number of VPCs has been reached.")])
        found = outcome.failures(client, "outer")
        self.assertEqual([name for name, _ in found], ["Vpc", "InterpreterFunction"])
        self.assertIn("quota of VPCs", outcome.advice(found[0][1]))
        self.assertIn("Isolation=shared", outcome.advice(found[1][1]))
        self.assertIsNone(outcome.advice("something else"))

    def test_a_network_interface_that_the_role_may_not_make_is_told_apart_from_missing_credentials(self):
        refused = "The provided execution role does not have permissions to call CreateNetworkInterface on EC2 (Service: Lambda, Status Code: 400)"
        self.assertIn("Resource to '*'", outcome.advice(refused))
        sids = [each["Sid"] for each in properties("InterpreterRole")["Policies"][0]["PolicyDocument"]["Statement"]]
        self.assertLess(sids.index("MakeNetworkInterfaces"), sids.index("NothingWithTheCredentials"), "the advice names them")


class Stack:
    """A session with one stack and its changesets, which are AVAILABLE, EXECUTE_COMPLETE and so on."""

    def __init__(self, outputs=None, changesets=(), exists=True):
        self.outputs, self.changesets, self.exists, self.closed = outputs, changesets, exists, []

    def client(self, _):
        return self

    def describe_stacks(self, StackName):
        if not self.exists:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": f"Stack with id {StackName} does not exist"}}, "DescribeStacks")
        if self.outputs is None:
            return {"Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]}
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": [{"OutputKey": name, "OutputValue": value}
                                                                         for name, value in self.outputs.items()]}]}

    def list_change_sets(self, StackName):
        return {"Summaries": [{"ExecutionStatus": each} for each in self.changesets]}

    def update_firewall_config(self, ResourceId, FirewallFailOpen):
        self.closed.append((ResourceId, FirewallFailOpen))


class End(unittest.TestCase):
    def said(self, program, stack, *options):
        arguments = ["", "--region", "eu-west-1", "--stack", "sandcastle", *options]
        out = io.StringIO()
        with mock.patch("boto3.Session", return_value=stack), mock.patch.object(sys, "argv", arguments), contextlib.redirect_stdout(out):
            program.main()
        return out.getvalue()

    def test_a_deployment_ends_with_its_url_and_commands_that_work(self):
        stack = Stack(OUTPUTS, ["EXECUTE_COMPLETE", "UNAVAILABLE"])
        self.assertIn("vpc-1 fails closed", self.said(fail_closed, stack))
        self.assertEqual(stack.closed, [("vpc-1", "DISABLED")])
        said = self.said(outcome, stack, "--env", "prod")
        self.assertIn("The API is at https://a.example.com/v1\n", said)
        self.assertIn("make key ENV=prod REGION=eu-west-1 ORG=", said)
        self.assertIn("\nkey: ", (ROOT / "Makefile").read_text())
        self.assertEqual(self.said(outcome, stack, "--url"), "https://a.example.com/v1\n")

    def test_a_first_changeset_that_was_not_confirmed_has_deployed_nothing(self):
        with self.assertRaisesRegex(SystemExit, "nothing was deployed"):
            self.said(fail_closed, Stack())

    def test_a_later_changeset_that_was_not_confirmed_has_changed_nothing(self):
        stack = Stack(OUTPUTS, ["AVAILABLE"])
        with self.assertRaisesRegex(SystemExit, "Nothing was changed.* is at https://a.example.com/v1 as before"):
            self.said(outcome, stack)
        self.assertEqual(self.said(outcome, stack, "--url"), "https://a.example.com/v1\n")

    def test_without_a_deployment_it_says_how_to_make_one(self):
        for stack in (Stack(), Stack(exists=False)):
            with self.assertRaisesRegex(SystemExit, "Run make deploy ENV=dev REGION=eu-west-1"):
                self.said(outcome, stack, "--url")


if __name__ == "__main__":
    unittest.main()

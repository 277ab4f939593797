"""infra/key.py: a command on keys gets the bucket of the deployment, and credentials in its environment only."""

import os
import shlex
import subprocess
import sys
import unittest
from types import SimpleNamespace
from unittest import mock

from botocore.exceptions import ClientError, NoCredentialsError

from load import ROOT

sys.path.insert(0, str(ROOT / "infra"))

import key

CREATE = ["create", "--org", "acme", "--member", "ann", "--name", "the first"]


class Session:
    """A session that has these outputs of the stack, and these credentials."""

    region_name = "eu-west-1"

    def __init__(self, outputs=None, token=None, error=None):
        self.outputs, self.token, self.error = outputs, token, error

    def client(self, _, **__):
        return self

    def describe_stacks(self, StackName):
        if self.error:
            raise self.error
        outputs = [{"OutputKey": name, "OutputValue": value} for name, value in (self.outputs or {}).items()]
        return {"Stacks": [{"StackStatus": "CREATE_COMPLETE"} | ({"Outputs": outputs} if self.outputs is not None else {})]}

    def get_credentials(self):
        return self

    def get_frozen_credentials(self):
        return SimpleNamespace(access_key="AKIAOURS", secret_key="hush", token=self.token)


class Key(unittest.TestCase):
    def run_with(self, session, *command, region="eu-west-1", **variables):
        arguments = ["key.py", "--region", region, "--stack", "sandcastle", "--program", "target/release/sandcastle", "--", *command]
        with mock.patch("boto3.Session", return_value=session), mock.patch.object(sys, "argv", arguments), \
                mock.patch.dict(os.environ, variables), mock.patch("os.execve") as run:
            key.main()
        (call,) = run.call_args_list
        return call.args

    def test_the_program_gets_the_bucket_and_the_credentials(self):
        program, command, variables = self.run_with(Session({"Bucket": "ours"}, "short"), *CREATE, AWS_PROFILE="sso", HOME="/home/ann")
        self.assertEqual((program, command), ("target/release/sandcastle", ["target/release/sandcastle", "keys", "--bucket", "ours", *CREATE]))
        wanted = {"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "AKIAOURS", "AWS_SECRET_ACCESS_KEY": "hush", "AWS_SESSION_TOKEN": "short"}
        self.assertEqual({name: variables.get(name) for name in wanted}, wanted)
        self.assertNotIn("AWS_PROFILE", variables)
        self.assertEqual(variables["HOME"], "/home/ann")

    def test_a_token_of_other_credentials_is_not_passed_on(self):
        _, _, variables = self.run_with(Session({"Bucket": "ours"}), "list", AWS_SESSION_TOKEN="of other ones")
        self.assertNotIn("AWS_SESSION_TOKEN", variables)

    def test_what_is_missing_is_told_with_what_to_do(self):
        absent = ClientError({"Error": {"Code": "ValidationError", "Message": "Stack with id sandcastle does not exist"}}, "DescribeStacks")
        for session, told in ((Session(error=absent), "Run make deploy"), (Session(), "Run make deploy"),
                              (Session(error=NoCredentialsError()), "aws sso login")):
            with self.assertRaisesRegex(SystemExit, told):
                self.run_with(session, "list")
        with self.assertRaisesRegex(SystemExit, "REGION="):
            self.run_with(Session(), "list", region="")

    def test_make_key_makes_a_key_or_runs_another_command(self):
        def asked(*settings):
            make = ["make", "--dry-run", "--no-print-directory", "key", "ENV=prod", "REGION=eu-west-1", f"EMBEDDED={sys.executable}", *settings]
            done = subprocess.run(make, cwd=ROOT, capture_output=True, text=True)
            if done.returncode:
                return done.stderr
            (line,) = [line for line in done.stdout.splitlines() if "infra/key.py" in line]
            return shlex.split(line.split(" -- ")[1])

        self.assertEqual(asked("ORG=acme", "MEMBER=ann", "NAME=the first"), CREATE)
        self.assertEqual(asked("ARGS=rotate 1a2b --overlap-hours 2"), ["rotate", "1a2b", "--overlap-hours", "2"])
        self.assertIn("give ORG=… and MEMBER=…", asked("ORG=acme"))
        self.assertIn("samconfig.toml has no deployment nowhere", asked("ARGS=list", "ENV=nowhere"))


if __name__ == "__main__":
    unittest.main()

"""The parameters that `make deploy` gives to SAM: all of the template, with the values that samconfig.toml has."""

import contextlib
import functools
import io
import json
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from click.testing import CliRunner
from samcli.commands.deploy import command
from samcli.commands.deploy.deploy_context import DeployContext

from load import ROOT, TEMPLATE

sys.path.insert(0, str(ROOT / "infra"))

import account
import lookup
import parameters

FACTS = {"region": "us-east-1", "name": "sandcastle", "prefix_list": "pl-1a2b", "log_role": None}
# What make, the shell or SAM would change without care.
AWKWARD = {
    "JwtKeys": r"""{"keys": [{"kty": "RSA", "kid": "a \"b\" it's", "e": "AQAB"}]}""",
    "JwtIssuer": "https://id.example.com/?a=1&b=2#c;d|e",
    "JwtOrgClaim": '"quoted"',
    "JwtAudience": " with spaces, 'quotes', $HOME, $(pwd), `pwd`, %d and * ",
    "LogLevel": "back\\slash\\\\ \\\" \\' \\n ü 😀 key: value # no comment",
    "AlarmTopicArn": "\"",
    "TrustedOrg": "a=b=c",
    "ImageUri": "null",
    "FirstZone": "",
}


@functools.cache
def words():
    """What the recipe of `make deploy` calls, as the shell splits it: account.py, and SAM."""
    make = ["make", "--dry-run", "--no-print-directory", "deploy", "ENV=dev", "REGION=us-east-1", "ARCH=arm64", f"EMBEDDED={sys.executable}"]
    shown = subprocess.run(make, cwd=ROOT, capture_output=True, text=True, check=True).stdout.replace("\\\n", " ")
    called = [shlex.split(line.split("||")[0]) for line in shown.splitlines() if "account.py" in line or "sam deploy" in line]
    look, sam = called
    return look[look.index("infra/account.py"):], sam[sam.index("deploy") + 1:]


class Parameters(unittest.TestCase):
    def deploy(self, overrides, env="dev", **facts):
        """The values that CloudFormation would get, for these lines of samconfig.toml."""
        look, sam = words()
        with contextlib.ExitStack() as stack:
            folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
            stack.callback(os.chdir, os.getcwd())
            os.chdir(folder)
            pathlib.Path("target").mkdir()
            config = folder / "samconfig.toml"
            config.write_text(f"""version = 0.1
                [{env}.deploy.parameters]
                stack_name = "sandcastle"
                parameter_overrides = {json.dumps(overrides, ensure_ascii=False)}""")
            stack.enter_context(mock.patch.object(parameters, "CONFIG", config))
            stack.enter_context(mock.patch.object(lookup, "everything", lambda *_: ([], FACTS | facts)))
            stack.enter_context(mock.patch.object(sys, "argv", look))
            stack.enter_context(mock.patch.dict(os.environ, SAM_CLI_TELEMETRY="0"))
            self.said = stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
            account.main()
            called = stack.enter_context(mock.patch.object(command, "do_cli"))
            run = CliRunner().invoke(command.cli, [*sam, "--config-file", str(config), "--template-file", str(ROOT / "template.yaml")])
            self.assertIsNone(run.exception, run.output)
        (given,) = [each for each in called.call_args.args if isinstance(each, dict) and "Isolation" in each]
        sent = DeployContext.merge_parameters(TEMPLATE, given)
        self.assertEqual([each["ParameterKey"] for each in sent if "UsePreviousValue" in each], [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in sent}

    def test_values_arrive_as_they_are_written(self):
        sent = self.deploy([f"{name}={value}" for name, value in AWKWARD.items()])
        self.assertEqual({name: sent[name] for name in AWKWARD}, AWKWARD)

    def test_what_is_not_set_is_the_templates_default_also_where_that_is_empty(self):
        sent = self.deploy(["LogDays=7"])
        wanted = {name: str(each["Default"]) for name, each in TEMPLATE["Parameters"].items()}
        self.assertEqual(sent, wanted | {"LogDays": "7", "Architecture": "arm64", "S3PrefixListId": "pl-1a2b"})
        self.assertEqual(sent["TrustedOrg"], "")

    def test_what_is_found_out_is_before_the_default_and_what_is_set_before_both(self):
        role = "arn:aws:iam::123456789012:role/theirs"
        self.assertEqual(self.deploy([], log_role=role)["GatewayLogRole"], "existing")
        self.assertEqual(self.deploy(["GatewayLogRole=create"], log_role=role)["GatewayLogRole"], "create")
        self.assertEqual(self.deploy(["S3PrefixListId=pl-9"])["S3PrefixListId"], "pl-9")

    def test_what_cannot_be_changed_or_looked_up_stays(self):
        before = {"FirstZone": "us-east-1b", "SecondZone": "us-east-1c", "GatewayLogRole": "existing", "TrustedOrg": "acme"}
        facts = {"stack": "UPDATE_COMPLETE", "network": True, "before": before, "zones": {"us-east-1a": "use1-az1", "us-east-1b": "use1-az2"}}
        with mock.patch.dict(FACTS):
            del FACTS["log_role"]
            sent = self.deploy([], **facts)
        self.assertEqual({name: sent[name] for name in before}, before | {"TrustedOrg": ""})

    def test_a_mistake_in_samconfig_says_what_to_write(self):
        for overrides, env, told in ((["LogDay=7"], "dev", "no parameter LogDay"), (["Architecture=x86_64"], "dev", "ARCH=x86_64")):
            with self.assertRaisesRegex(SystemExit, "nothing was built"):
                self.deploy(overrides, env)
            self.assertIn(told, self.said.getvalue())
        for overrides, env, told in ((["LogDays"], "dev", "must be a list"), ("A=b", "dev", "must be a list"), ([], "prod", "no deployment dev")):
            with self.assertRaisesRegex(SystemExit, told):
                self.deploy(overrides, env)

    def test_the_deployments_of_samconfig_are_understood(self):
        for env in ("dev", "prod"):
            self.assertEqual(list(parameters.mistakes(parameters.given(env), "arm64")), [], env)


if __name__ == "__main__":
    unittest.main()

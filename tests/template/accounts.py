"""infra/account.py: what an account refuses, what to set, and which parameters it decides."""

import sys
import unittest

from load import ROOT, TEMPLATE

sys.path.insert(0, str(ROOT / "infra"))

import account

ZONES = {"us-east-1a": "use1-az1", "us-east-1b": "use1-az2", "us-east-1c": "use1-az3"}
DEV, PROD = {"ExecuteConcurrency": "0"}, {"ExecuteConcurrency": "100"}


def facts(quota=1000, unreserved=None, **others):
    unreserved = quota if unreserved is None else unreserved
    return {"region": "us-east-1", "name": "sandcastle", "quota": quota, "unreserved": unreserved, "reserved_here": 0,
            "prefix_list": "pl-1a2b", "zones": ZONES, "vpcs": 1} | others


class Account(unittest.TestCase):
    def judge(self, given, **about):
        every, found = account.findings(facts(**about), given)
        return {level: " ".join(text for each, text in every if each == level) for level in ("error", "warning", "ok")}, found

    def test_a_common_account_is_fine(self):
        told, found = self.judge(PROD)
        self.assertEqual((told["error"], told["warning"]), ("", ""))
        self.assertIn("100 executions at once, about 2250 sandboxes", told["ok"])
        self.assertEqual(found, {"S3PrefixListId": "pl-1a2b"})

    def test_its_sums_are_those_of_the_documents(self):
        page = (ROOT / "docs/deploy.md").read_text()
        for quota, given, text in ((10, DEV, "| 5 | 25 |"), (200, PROD, "| 250 |"), (1000, PROD, "| 2,250 |")):
            told, _ = self.judge(given, quota=quota)
            said = told["ok"] + told["warning"]
            sandboxes = text.split("|")[-2].strip()
            self.assertIn(f"about {sandboxes.replace(',', '')} sandboxes", said)
            self.assertTrue(any(f"quota of {quota:,}" in line and text in line for line in page.splitlines()), text)

    def test_a_reservation_that_lambda_refuses_is_an_error_that_says_what_to_set(self):
        told, _ = self.judge(PROD, quota=10)
        self.assertIn("Set ExecuteConcurrency=0", told["error"])
        self.assertIn("request-service-quota-increase", told["error"])
        told, _ = self.judge(PROD, quota=1000, unreserved=150)
        self.assertIn("Set ExecuteConcurrency=50", told["error"])

    def test_both_reservations_count_and_that_of_the_api_is_kept(self):
        both = PROD | {"InterpreterConcurrency": "850"}
        told, _ = self.judge(both)
        self.assertIn("refuse ExecuteConcurrency=100 and InterpreterConcurrency=850", told["error"])
        self.assertIn("Set InterpreterConcurrency=800 in", told["error"])
        told, _ = self.judge(PROD | {"InterpreterConcurrency": "800"})
        self.assertEqual((told["error"], told["warning"]), ("", ""))
        self.assertIn("100 executions at once, about 2000 sandboxes", told["ok"])
        told, _ = self.judge(both, quota=10)
        self.assertIn("Set ExecuteConcurrency=0 and InterpreterConcurrency=0", told["error"])
        self.assertEqual(self.judge(both | {"Isolation": "shared"})[0]["error"], "", "there is no InterpreterFunction")

    def test_one_organisation_that_can_take_all_environments_is_a_warning(self):
        told, _ = self.judge(PROD, quota=300)
        self.assertIn("may start 500 sandboxes in an hour", told["warning"])
        self.assertIn("set OrgStartsPerHour=125", told["warning"])
        for fine in ({"OrgStartsPerHour": "125"}, {"TenantScope": "member"}):
            self.assertEqual(self.judge(PROD | fine, quota=300)[0]["warning"], "", fine)
        self.assertEqual(self.judge(PROD)[0]["warning"], "", "the defaults fit a usual account")

    def test_what_the_stack_has_reserved_itself_is_free(self):
        told, _ = self.judge(PROD, quota=200, unreserved=100, reserved_here=100, stack="UPDATE_COMPLETE")
        self.assertEqual(told["error"], "")

    def test_few_environments_are_a_warning_that_says_what_to_set(self):
        told, _ = self.judge(DEV, quota=10)
        self.assertEqual(told["error"], "")
        self.assertIn("TenantScope=member", told["warning"])
        told, _ = self.judge(DEV | {"Isolation": "shared"}, quota=10)
        self.assertEqual((told["error"], told["warning"]), ("", ""))

    def test_a_region_without_tenant_isolation_is_an_error(self):
        for region in ("ap-southeast-6", "us-gov-west-1", "cn-north-1"):
            told, _ = self.judge(PROD, region=region)
            self.assertIn("no tenant isolation", told["error"], region)
            told, _ = self.judge(PROD | {"Isolation": "shared"}, region=region)
            self.assertEqual(told["error"], "", region)

    def test_a_region_without_a_prefix_list_is_an_error_unless_it_is_given(self):
        self.assertIn("S3PrefixListId", self.judge(PROD, prefix_list=None)[0]["error"])
        self.assertEqual(self.judge(PROD | {"S3PrefixListId": "pl-9"}, prefix_list=None)[0]["error"], "")

    def test_zones_without_lambda_are_left_out(self):
        zones = {"us-east-1a": "use1-az3", "us-east-1b": "use1-az1", "us-east-1c": "use1-az2"}
        _, found = self.judge(PROD, zones=zones)
        self.assertEqual((found["FirstZone"], found["SecondZone"]), ("us-east-1b", "us-east-1c"))
        self.assertIn("two zones", self.judge(PROD, zones={"us-east-1a": "use1-az3", "us-east-1b": "use1-az1"})[0]["error"])

    def test_a_role_for_access_logs_is_left_alone_unless_it_is_the_stacks_own(self):
        foreign = "arn:aws:iam::123456789012:role/apigateway-logs"
        self.assertEqual(self.judge(PROD, log_role=foreign)[1]["GatewayLogRole"], "existing")
        for own in (None, "arn:aws:iam::123456789012:role/sandcastle-GatewayRole-AbC"):
            self.assertNotIn("GatewayLogRole", self.judge(PROD, log_role=own)[1])

    def test_a_stack_that_cannot_be_updated_is_an_error(self):
        self.assertIn("make destroy", self.judge(PROD, stack="ROLLBACK_COMPLETE")[0]["error"])
        self.assertEqual(self.judge(PROD, stack="UPDATE_ROLLBACK_COMPLETE")[0]["error"], "")

    def test_what_could_not_be_looked_up_is_left_out(self):
        every, found = account.findings({"region": "us-east-1", "name": "sandcastle", "prefix_list": "pl-1"}, PROD)
        self.assertEqual([level for level, _ in every], ["ok"])
        self.assertEqual(found, {"S3PrefixListId": "pl-1"})

    def test_it_names_parameters_that_the_template_has(self):
        source = "".join((ROOT / "infra" / name).read_text() for name in ("account.py", "outcome.py"))
        for name, default in account.DEFAULTS.items():
            self.assertEqual(TEMPLATE["Parameters"][name]["Default"], default, name)
        for name in ("ExecuteConcurrency", "TenantScope", "Isolation", "S3PrefixListId", "FirstZone", "SecondZone", "GatewayLogRole"):
            self.assertIn(name, source)
            self.assertIn(name, TEMPLATE["Parameters"])


if __name__ == "__main__":
    unittest.main()

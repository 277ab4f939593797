"""Tests of costs.py: its tables stand in docs/costs.md, and its figures follow from the prices and the template."""
import re
import tempfile
import unittest
from pathlib import Path

import costs
from prices import PEERS, PRICES

TEMPLATE = (costs.PAGE.parents[1] / "template.yaml").read_text()


def row(rows, start):
    return next(dollars for what, _, dollars in rows if what.startswith(start))


class Costs(unittest.TestCase):
    def test_the_page_has_the_tables_of_the_script(self):
        costs.main(check=True)

    def test_a_page_with_another_figure_is_refused(self):
        page, own = costs.PAGE.read_text(), costs.PAGE
        self.addCleanup(setattr, costs, "PAGE", own)
        with tempfile.TemporaryDirectory() as folder:
            costs.PAGE = Path(folder, "costs.md")
            costs.PAGE.write_text(page.replace("| 16.70 |", "| 0.00 |"))
            with self.assertRaisesRegex(SystemExit, "other tables"):
                costs.main(check=True)

    def test_the_busy_month_has_what_was_left_out_before(self):
        rows = costs.busy()
        self.assertEqual(round(row(rows, "new environments of Lambda tenants"), 2), 16.70)
        self.assertEqual(round(row(rows, "X-Ray"), 2), 5.25)
        self.assertTrue(45 <= costs.total(rows) <= 51)

    def test_a_web_acl_costs_its_rules_and_every_request(self):
        rows = costs.extras(costs.Use())
        self.assertEqual(round(row(rows, "`WebAcl=create`"), 2), 7.63)
        acl = (costs.PAGE.parents[1] / "infra/firewall.yaml").read_text()
        self.assertIn(f"2 × {PRICES['rule'].dollars:.2f}", rows[1][1])
        self.assertEqual(len(re.findall(r"^ +- Name: ", acl, re.MULTILINE)), 2)

    def test_flow_logs_cost_less_than_a_dollar(self):
        self.assertTrue(0 < row(costs.extras(costs.Use()), "`FlowLogs=all`") < 1)

    def test_shared_environments_are_charged_once(self):
        rows = costs.month(costs.Use(sandboxes_per_environment=10))
        self.assertEqual(round(row(rows, "new environments"), 2), 1.67)

    def test_less_memory_saves_little_when_the_code_needs_the_cpu(self):
        waits, computes = (costs.total(costs.month(costs.Use(memory_gb=1, slowdown=slowdown))) for slowdown in (1, 2))
        self.assertLess(waits, computes)
        self.assertLess(computes, costs.total(costs.month(costs.Use())))

    def test_a_sandbox_costs_less_than_with_others(self):
        own = costs.total(costs.month(costs.Use())) / costs.Use.sandboxes
        self.assertTrue(0.0008 < own < 0.0011)
        self.assertTrue(all(own * 10 < peer.dollars for peer in PEERS))

    def test_the_assumed_memory_is_that_of_the_template(self):
        memory = re.search(r"^  MemoryMb:\n(?:    .*\n)*?    Default: (\d+)$", TEMPLATE, re.MULTILINE)[1]
        self.assertEqual(int(memory), costs.Use.memory_gb * 1024)


if __name__ == "__main__":
    unittest.main()

"""Tests of run.py: an outcome that is not as listed is told, and so is a line of the list that is of no use."""
import json
import unittest

from run import Finished, Listed, problems

LIST = {
    "made_for": "3.13", "run": [],
    "fails": [
        {"why": "no network", "tests": ["test_a.Net.*"]},
        {"why": "as it was", "tests": ["test_a.Old.*"], "pythons": ["3.11", "3.12"]},
        {"why": "one user", "tests": ["test_a.Users.*"], "server": "ordinary user"},
    ],
    "skipped": [{"why": "for another system", "reasons": ["*Windows*"]}],
    "left_out": [{"why": "takes long", "tests": ["test_a.Slow.test_all"]}],
}


def finished(*lines, answer=None, ended=True):
    written = [list(line) for line in lines] + [["test_a", "end", ""]] * ended
    return Finished({"module": "test_a"}, "".join(json.dumps(line) + "\n" for line in written), answer or {"error": ""}, 1.0)


def told(*lines, version="3.13", server="root", **more):
    return problems(finished(("test_a.T.test_good", "passed", ""), *lines, **more), Listed(LIST, version, server))


class Problems(unittest.TestCase):
    def test_what_is_as_listed_is_not_told(self):
        self.assertEqual(told(("test_a.Net.test_x", "failed", "E"), ("test_a.T.test_b", "skipped", "Windows only")), [])

    def test_a_failure_that_is_not_listed_is_told_with_its_reason(self):
        for version in ("3.12", "3.13"):
            (line,) = told(("test_a.T.test_b", "failed", "AssertionError: 1"), version=version)
            self.assertIn("test_a.T.test_b: fails, and is not listed:\nAssertionError: 1", line)

    def test_a_listed_test_that_passes_or_is_skipped_is_told(self):
        for outcome in ("passed", "skipped"):
            (line,) = told(("test_a.Net.test_x", outcome, "Windows only"))
            self.assertIn(f"is {outcome}, but listed as failing, because no network", line)

    def test_a_skip_for_an_unlisted_reason_is_told(self):
        (line,) = told(("test_a.T.test_b", "skipped", "no semaphores"))
        self.assertIn("skipped for a reason that is not listed: no semaphores", line)

    def test_a_failing_subtest_fails_its_test(self):
        self.assertEqual(len(told(("test_a.T.test_b", "failed", "E"), ("test_a.T.test_b", "passed", ""))), 1)

    def test_a_run_that_does_not_end_names_its_last_test(self):
        (line,) = told(("test_a.T.test_hangs", "start", ""), ended=False)
        self.assertIn("did not come to its end; the last test was test_a.T.test_hangs", line)
        (line,) = told(answer={"error": "too long"})
        self.assertIn("too long", line)

    def test_a_run_without_a_passed_test_is_told(self):
        (line,) = problems(finished(), Listed(LIST, "3.13", "root"))
        self.assertIn("no test passed", line)

    def test_lines_that_fit_nothing_are_told(self):
        listed = Listed(LIST, "3.13", "root")
        problems(finished(("test_a.Net.test_x", "failed", "E")), listed)
        self.assertEqual(listed.unused(), ["*Windows*", "test_a.Slow.test_all"])

    def test_another_python_is_held_to_its_failures_only(self):
        self.assertEqual(told(("test_a.Net.test_x", "passed", ""), ("test_a.T.test_b", "skipped", "new"), version="3.12"), [])

    def test_a_line_may_be_for_some_pythons_only(self):
        self.assertEqual(told(("test_a.Old.test_x", "failed", "E"), version="3.12"), [])
        self.assertEqual(len(told(("test_a.Old.test_x", "failed", "E"), version="3.13")), 1)

    def test_a_line_may_be_for_one_kind_of_server_only(self):
        self.assertEqual(told(("test_a.Users.test_x", "failed", "E"), server="ordinary user"), [])
        self.assertEqual(len(told(("test_a.Users.test_x", "failed", "E"), server="root")), 1)


if __name__ == "__main__":
    unittest.main()

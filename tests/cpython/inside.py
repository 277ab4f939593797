"""Runs modules of CPython's test package in a sandbox, where it is uploaded; used by run.py, which reads what it writes.

    python inside.py RESULTS MODULE [ONLY] [WITHOUT] [LEFT_OUT]

RESULTS gets one JSON list for each outcome: the test's id, what it is, and why. `start` is written before each test, so that
the last line names the test that hangs or ends the process; `end` comes after the last test. The others are patterns of ids,
separated by commas: those to run, those of another run, and those that are left out and told.
"""
import fnmatch
import json
import os
import sys
import unittest

from test import support

REASON_CHARACTERS = 1500


def name_of(test):
    """As it is called in differences.toml."""
    return test.id().removeprefix("test.")


class Results(unittest.TestResult):
    """Writes each outcome at once: a test can end the process."""

    def __init__(self, file):
        super().__init__()
        self.file = file

    def say(self, name, outcome, why=""):
        # One write for each line: the children of tests that fork have the descriptor, too.
        os.write(self.file, (json.dumps([name, outcome, why[-REASON_CHARACTERS:]]) + "\n").encode())

    def failed(self, name, test, error):
        self.say(name, "failed", self._exc_info_to_string(error, test))

    def startTest(self, test):
        super().startTest(test)
        self.say(name_of(test), "start")

    def addSuccess(self, test):
        self.say(name_of(test), "passed")

    def addError(self, test, error):
        self.failed(name_of(test), test, error)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error:
            self.failed(name_of(test), test, error)

    def addSkip(self, test, reason):
        self.say(name_of(test), "skipped", reason)

    def addExpectedFailure(self, test, error):
        self.say(name_of(test), "passed")

    def addUnexpectedSuccess(self, test):
        self.say(name_of(test), "failed", "it was expected to fail")


def tests_of(suite):
    """All tests in order; suites inside suites are opened."""
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from tests_of(part)
        else:
            yield part


def fits(test, patterns):
    return any(fnmatch.fnmatchcase(name_of(test), pattern) for pattern in patterns)


def run(results, module, only="*", without="", left_out=""):
    """Runs them; also called by code in `execute`, in the kernel itself."""
    # As `python -m test` without -u: no network, no test that takes minutes or gigabytes.
    support.use_resources = []
    found = unittest.defaultTestLoader.loadTestsFromName("test." + module)
    ours = [test for test in tests_of(found) if fits(test, only.split(",")) and not fits(test, without.split(","))]
    file = os.open(results, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND, 0o600)
    outcomes = Results(file)
    wanted = unittest.TestSuite()
    for test in ours:
        if fits(test, left_out.split(",")):
            outcomes.say(name_of(test), "left out")
        else:
            wanted.addTest(test)
    wanted.run(outcomes)
    outcomes.say(module, "end")
    os.close(file)


if __name__ == "__main__":
    run(*sys.argv[1:])

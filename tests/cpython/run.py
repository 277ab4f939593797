#!/usr/bin/env python3
"""Runs CPython's own tests in sandboxes of a server, and holds the outcomes against differences.toml.

    run.py --base-url http://127.0.0.1:8787 --api-key KEY

Prints one line for each run, then one for each outcome that is not as listed; the last line has the totals. The exit status is
1 when there is such an outcome. The Python of the server has to have the package `test`: testsuite.sh sees to it.
"""
from __future__ import annotations

import argparse
import collections
import concurrent.futures
import fnmatch
import json
import pathlib
import shlex
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "cases"))

from service import Service  # noqa: E402 - it is beside the cases

# Tests mostly wait, so that more of them than processors run at a time.
AT_A_TIME = 6
# For one run; the longest takes 40 s on an idle machine.
LIMIT_S = 240
# When a test has several outcomes, as with subtests, the last of these counts.
RANKS = ["start", "left out", "passed", "skipped", "failed"]

Outcome = collections.namedtuple("Outcome", "rank why")


class Finished:
    """What a sandbox wrote while it ran the tests of one module."""

    def __init__(self, run: dict, written: str, answer: dict, seconds: float):
        self.run, self.seconds, self.tests = run, seconds, {}
        parts = " ".join(run.get("only", []) + ["without"] * ("without" in run) + run.get("without", []))
        self.name = f"{run['module']} {parts}".strip() + (", in the kernel" if run.get("in_kernel") else "")
        lines = [json.loads(line) for line in written.splitlines()]
        self.ended = bool(lines) and lines[-1][1] == "end" and not answer.get("error")
        self.last, self.answer = lines[-1][0] if lines else "none", answer
        for name, rank, why in lines:
            known = self.tests.get(name)
            if rank in RANKS and (known is None or RANKS.index(rank) >= RANKS.index(known.rank)):
                self.tests[name] = Outcome(rank, why)

    def names(self, rank: str) -> list[str]:
        return [name for name, outcome in self.tests.items() if outcome.rank == rank]

    def summary(self) -> str:
        counts = ", ".join(f"{len(self.names(rank))} {rank}" for rank in RANKS[1:])
        return f"{self.name}: {counts}, {self.seconds:.0f} s"


class Listed:
    """differences.toml for one Python and one kind of server, and which of its patterns have been of use."""

    def __init__(self, listed: dict, version: str, server: str):
        self.runs, self.version, self.server, self.used = listed["run"], version, server, set()
        self.strict = version == listed["made_for"]
        self.fails = self.patterns(listed, "fails", "tests")
        self.skips = self.patterns(listed, "skipped", "reasons")
        self.left_out = self.patterns(listed, "left_out", "tests")

    def patterns(self, listed: dict, part: str, key: str) -> dict[str, str]:
        def fits(entry: dict) -> bool:
            return self.version in entry.get("pythons", [self.version]) and entry.get("server", self.server) == self.server
        return {pattern: entry["why"] for entry in listed.get(part, []) if fits(entry) for pattern in entry[key]}

    def use(self, patterns: dict[str, str], text: str) -> str | None:
        """The reason beside the first pattern that fits."""
        fitting = [pattern for pattern in patterns if fnmatch.fnmatchcase(text, pattern)]
        self.used.update(fitting)
        return patterns[fitting[0]] if fitting else None

    def unused(self) -> list[str]:
        return [pattern for part in (self.fails, self.skips, self.left_out) for pattern in part if pattern not in self.used]


def problems(finished: Finished, listed: Listed) -> list[str]:
    """Each outcome that is not as listed. Unless the list is strict, only failures count."""
    found = []
    if not finished.ended:
        answer = json.dumps(finished.answer)[-1500:]
        found.append(f"{finished.name}: did not come to its end; the last test was {finished.last}: {answer}")
    elif not finished.names("passed"):
        found.append(f"{finished.name}: no test passed")
    for name, (rank, why) in finished.tests.items():
        expected = listed.use(listed.fails, name)
        if rank == "failed" and not expected:
            found.append(f"{name}: fails, and is not listed:\n{why}")
        elif rank in ("passed", "skipped") and expected and listed.strict:
            found.append(f"{name}: is {rank}, but listed as failing, because {expected}")
        elif rank == "skipped" and not listed.use(listed.skips, why) and listed.strict:
            found.append(f"{name}: is skipped for a reason that is not listed: {why}")
        elif rank == "left out":
            listed.use(listed.left_out, name)
    return found


def play(service: Service, run: dict, listed: Listed) -> Finished:
    began = time.monotonic()
    sandbox = service.create().body["sandbox_id"]
    service.upload(sandbox, "inside.py", (HERE / "inside.py").read_text(encoding="utf-8"))
    patterns = [run.get("only", ["*"]), run.get("without", []), listed.left_out]
    arguments = ["results", run["module"], *(",".join(some) for some in patterns)]
    if run.get("in_kernel"):
        code = f"import sys\nsys.path.insert(0, '')\nimport inside\ninside.run(*{arguments!r})"
        answer = service.call("POST", f"/v2/sandcastles/{sandbox}/execute", {"code": code, "timeout_s": LIMIT_S})
    else:
        command = f"python inside.py {shlex.join(arguments)} </dev/null >log 2>&1 || tail -c 1500 log"
        answer = service.call("POST", f"/v2/sandcastles/{sandbox}/exec", {"command": command, "timeout_s": LIMIT_S})
    results = service.call("GET", f"/v2/sandcastles/{sandbox}/files/results")
    service.delete(sandbox)
    written = results.raw.decode() if results.status == 200 else ""
    return Finished(run, written, answer.body, time.monotonic() - began)


def facts(service: Service) -> list[str]:
    """The version of Python in a sandbox, and which user runs the server: only root gives code a user id of its own."""
    sandbox = service.create().body["sandbox_id"]
    code = "import sys\nprint('%d.%d' % sys.version_info[:2])\nprint(open('/proc/self/uid_map').read().split()[2])"
    version, ids = service.execute(sandbox, code).body["output"]
    service.delete(sandbox)
    return [version, "ordinary user" if ids == "1" else "root"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--api-key", required=True)
    parser.add_argument("--only", metavar="MODULE", help="the runs of this module; unused lines of the list are not told")
    args = parser.parse_args()

    service = Service(args.base_url, args.api_key, timeout_s=LIMIT_S + 60)
    listed = Listed(tomllib.loads((HERE / "differences.toml").read_text(encoding="utf-8")), *facts(service))
    runs = [run for run in listed.runs if args.only in (None, run["module"])]
    found, totals = [], collections.Counter()
    played = []
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        for finished in pool.map(lambda run: play(service, run, listed), runs):
            print(finished.summary(), flush=True)
            played.append(finished)
    for finished in played:
        if not finished.ended:
            # Tests of several processes may wait for each other for ever on a busy machine: what hangs alone as well hangs here.
            print(f"{finished.name}: played again alone, since it did not come to its end: {finished.last}", flush=True)
            finished = play(service, finished.run, listed)
            print(finished.summary(), flush=True)
        found += problems(finished, listed)
        totals.update(outcome.rank for outcome in finished.tests.values())
    if listed.strict and not args.only:
        found += [f"{pattern}: listed, but fits nothing" for pattern in listed.unused()]
    for line in found:
        print(line)
    print(f"{', '.join(f'{totals[rank]} {rank}' for rank in RANKS[1:])}, {len(found)} not as listed")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

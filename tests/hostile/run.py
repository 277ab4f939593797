#!/usr/bin/env python3
"""Plays attacks against a Sandcastle server that it starts, and checks after each that the border holds.

    run.py --server target/release/sandcastle [--as-user NAME | --as-lambda target/release/as-lambda]
    run.py --base-url URL --api-key KEY --other-api-key KEY

Each attack runs in a sandbox of its own while a bystander of another organisation works on. README.md says more.
"""
from __future__ import annotations

import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.with_name("cases")), str(pathlib.Path(__file__).resolve().parent)]

import known_open
import limits as known_limits
import machine
from attacks import ATTACKS
from bystander import Bystander
from play import Play
from processes import adopt_orphans
from scene import Scene
from server import KEY, Server
from service import Service

#: Small, so that the bombs end soon. The limits are held to these values.
SETTINGS = {"SANDCASTLE_TIMEOUT_S": "2", "SANDCASTLE_MEMORY_MB": "512", "SANDCASTLE_MAX_KERNELS": "8", "SANDCASTLE_DISK_MB": "512"}

#: What the data folder may hold, for the attacks that fill it.
SMALL_DISK_MB = 400
#: Where nothing confines it, code has more to search through.
LAMBDA = SETTINGS | {"SANDCASTLE_TIMEOUT_S": "30"}
#: What the cases are written for.
CASES = {"SANDCASTLE_TIMEOUT_S": "10"}


def arguments() -> argparse.Namespace:
    release = known_limits.ROOT / "target/release"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=str(release / "sandcastle"), metavar="PATH",
        help="the program to start; default: that of this build")
    parser.add_argument("--kernel", default=os.environ.get("SANDCASTLE_KERNEL") or str(release / "sandcastle-kernel"),
        metavar="PATH")
    parser.add_argument("--packages", default=os.environ.get("SANDCASTLE_SITE_PACKAGES")
        or str(release.parent / "python/site-packages"), metavar="PATH")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE",
        help="of the server; may be given several times")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help="instead of what the product states")
    parser.add_argument("--as-user", metavar="NAME", help="run the server as this ordinary user, by name or number; needs root")
    parser.add_argument("--with-ids", action="store_true", help="give that user subordinate ids; needs newuidmap, of Debian's uidmap")
    parser.add_argument("--as-lambda", metavar="PATH",
        help="run it under this program, which refuses what Lambda refuses; needs root; plays what must hold everywhere")
    parser.add_argument("--everywhere", action="store_true",
        help="only the attacks that must fail even where Linux refuses the confinement")
    parser.add_argument("--small-disk", action="store_true",
        help="only the attacks that fill the disk; the server gets one of 400 MiB; needs root")
    parser.add_argument("--soak", action="store_true", help="also the attacks that take long, and everything twice")
    parser.add_argument("--cases", action="store_true",
        help="instead of the attacks: the cases `limits` and `escape` of tests/cases, twice in a row on one server")
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
        help="part of topic/name, or a shell pattern; may be given several times")
    parser.add_argument("--list", action="store_true", help="list the attacks and end")
    parser.add_argument("--base-url", help="play against a running server, which is not measured")
    parser.add_argument("--api-key", default=KEY)
    parser.add_argument("--other-api-key", help="a key of another organisation")
    parser.add_argument("--keep-log", metavar="FILE", help="write the server's log there")
    return parser.parse_args()


def known(options: argparse.Namespace) -> dict[str, str]:
    """The attacks that may get what they try here."""
    ordinary = options.as_user and not options.with_ids or os.geteuid() != 0
    return known_open.OPEN | (known_open.OPEN_TO_AN_ORDINARY_USER if ordinary else {}) \
        | (known_open.OPEN_ON_LAMBDA if options.as_lambda else {})


def topic(attack) -> str:
    from attacks import TOPICS
    return next(one.__name__.removeprefix("attacks.") for one in TOPICS if attack in one.ATTACKS)


def selected(options: argparse.Namespace) -> list[tuple[str, object]]:
    named = [(f"{topic(attack)}/{attack.name}", attack) for attack in ATTACKS]
    twice = [name for name, count in collections.Counter(name for name, _ in named).items() if count > 1]
    if twice:
        sys.exit(f"names that are not unique: {twice}")
    wanted = lambda name: not options.only or any(one in name or fnmatch.fnmatch(name, one) for one in options.only)
    everywhere = options.everywhere or options.as_lambda
    # Of a server that was not started here nothing can be measured, and its ports are not known.
    measurable = lambda name, attack: not options.base_url or not (attack.measures() or name.startswith("requests/"))
    return [(name, attack) for name, attack in named
            if wanted(name) and attack.small_disk == options.small_disk and measurable(name, attack)
            and (attack.everywhere or not everywhere) and (options.soak or not attack.soak)]


#: Topics that measure, or take what all share: their attacks run one after the other. Those of other topics run side by side.
ALONE = {"memory", "disk", "bombs", "fairness", "shared", "frames", "requests"}
LANES = 4


def play(chosen, scene: Scene, secrets: tuple[str, ...], times: dict[str, float], known: dict[str, str]) -> list[tuple[str, str]]:
    """Plays all; names and problems of those that failed, but for the known ones. `times` is filled with the seconds that each took."""
    failed: list[tuple[str, str]] = []

    def run(name: str, attack) -> None:
        began = time.monotonic()
        for where in attack.runs():
            if scene.server and scene.server.died():
                return
            problems = Play(scene, secrets).run(name, attack, where)
            # A key of the service is never excused.
            if problems and name in known and not any("holds the secret tql_" in problem for problem in problems):
                print(f"open {name}[{where}]: {'; '.join(problems)} ({known[name]})", flush=True)
            elif problems:
                failed.append((f"{name}[{where}]", "; ".join(problems)))
                print(f"FAIL {failed[-1][0]}: {failed[-1][1]}", flush=True)
        times[name] = time.monotonic() - began
    alone = lambda name, attack: name.split("/")[0] in ALONE or attack.measures()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = [pool.submit(run, *one) for one in chosen if one[1].beside]
        with concurrent.futures.ThreadPoolExecutor(LANES) as lanes:
            [lanes.submit(run, *one) for one in chosen if not one[1].beside and not alone(*one)]
        print("  those that run side by side are played", flush=True)
        for one in chosen:
            if not one[1].beside and alone(*one):
                run(*one)
        [future.result() for future in waiting]
    if scene.server and scene.server.died():
        failed.append(("the server", "it died: " + scene.server.log()[-600:]))
    return failed


def play_cases(url: str) -> list[tuple[str, str]]:
    """The cases that attack, as tests/cases/run.py plays them; the second time on a server that has seen them all."""
    folder, failed = known_limits.ROOT / "tests/cases", []
    for time_of in ("first", "second"):
        command = [sys.executable, str(folder / "run.py"), "--base-url", url, "--api-key", KEY, "--danger",
            str(folder / "limits.json"), str(folder / "escape.json")]
        out = subprocess.run(command, capture_output=True, text=True)
        lines = out.stdout.splitlines()
        print(f"cases, {time_of} time: {lines[-1] if lines else out.stderr[-300:]}", flush=True)
        failed += [(f"cases, {time_of} time", line) for line in lines if line.startswith("FAIL ")] or [("cases",
            out.stderr[-300:])] * (out.returncode != 0)
    return failed


def main() -> int:
    options = arguments()
    chosen = selected(options)
    if options.list:
        for name, attack in chosen:
            print(f"{name:<50} {', '.join(attack.runs()):<18} {attack.tries}{' (everywhere)' if attack.everywhere else ''}")
        print(len(chosen), "attacks")
        return 0
    if not chosen:
        sys.exit("no attack has such a name")
    began, before = time.monotonic(), machine.picture()
    adopt_orphans()
    settings = (CASES if options.cases else LAMBDA if options.as_lambda else SETTINGS) | dict(one.split("=", 1)
        for one in options.setting)
    limits = known_limits.read(options.server, settings, options.limit)
    server = None
    try:
        if options.base_url:
            keys, url = (options.api_key, options.other_api_key or sys.exit("--base-url needs --other-api-key")), options.base_url
        else:
            server = Server(options.server, options.kernel, options.packages, settings, options.as_user, options.with_ids, options.as_lambda,
                            SMALL_DISK_MB if options.small_disk else 0)
            server.start()
            keys, url = (KEY, server.new_key("other")), server.url
        bystander = Bystander(Service(url, keys[1]))
        scene = Scene(url, keys, server, limits, bystander)
        scene.warm()
        most_memory, most_descriptors = (server.memory() + machine.MEMORY_GREW,
            server.descriptors() + machine.DESCRIPTORS_GREW) if server else (0, 0)
        print(f"limits: {limits}", flush=True)
        if not options.small_disk:  # which stops the work of all, for as long as it is full
            bystander.start()
            bystander.beside_an_honest_neighbour(scene.own)
        played = chosen * (2 if options.soak else 1)
        times: dict[str, float] = {}
        failed = play_cases(url) if options.cases else play(played, scene, (*keys, bystander.secret), times, known(options))
        if not options.small_disk:
            bystander.end()
        print("slowest:", ", ".join(f"{name} {took:.1f} s" for name, took in sorted(times.items(), key=lambda one: -one[1])[:15]))
        by_topic = collections.Counter()
        for name, took in times.items():
            by_topic[name.split("/")[0]] += took
        print("by topic:", ", ".join(f"{name} {took:.0f} s" for name, took in by_topic.most_common()))
        print(bystander.summary())
        rest = [("the bystander", problem) for problem in bystander.take_problems()]
        if server and not server.died():
            rest += [("the end", f"DELETE: {code}") for code in [bystander.service.delete(bystander.sandbox).status]
                if code != 200]
            rest += [("the server", problem) for problem in machine.settled(server, most_memory, most_descriptors)]
            print(f"server: {server.memory() >> 20} MiB (allowed {most_memory >> 20}), {server.descriptors()} descriptors (allowed {most_descriptors})")
            if options.as_lambda:
                told = [line for line in server.log().splitlines() if "kernels are confined" in line]
                rest += [("the log", f"it says {len(told)} times which steps hold: {told[:1]}")] if len(told) != 1 or "seccomp" in told[0] or "landlock" in told[0] else []
            if server.stop() is None:
                rest.append(("the server", "it did not end when it was interrupted"))
            rest += [("the machine", problem) for problem in machine.orphans()]
            rest += [("the run folder", str(path)) for path in (server.data / "run").glob("kernels/*")]
        rest += [("the machine", problem) for problem in machine.differences(before, machine.picture())]
        for name, problem in rest:
            print(f"FAIL {name}: {problem}", flush=True)
        names = {name.split("[")[0] for name, _ in failed} & {name for name, _ in chosen}
        print(f"{len(chosen)} attacks, {sum(len(attack.runs()) for _, attack in played)} runs in {time.monotonic() - began:.0f} s")
        print(f"{len(chosen) - len(names)} held, {len(failed) + len(rest)} failed")
        return 1 if failed or rest else 0
    finally:
        if server:
            if options.keep_log:
                pathlib.Path(options.keep_log).write_text(server.log())
            server.clean()


if __name__ == "__main__":
    sys.exit(main())

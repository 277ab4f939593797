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
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent.with_name("cases")), str(pathlib.Path(__file__).resolve().parent)]

import limits as known_limits
import machine
from attacks import ATTACKS
from bystander import Bystander
from play import Player
from scene import Scene
from server import KEY, Server
from service import Service

#: Small, so that the bombs end soon. The limits are held to these values.
SETTINGS = {"SANDCASTLE_TIMEOUT_S": "5", "SANDCASTLE_MEMORY_MB": "512", "SANDCASTLE_MAX_KERNELS": "8"}


def arguments() -> argparse.Namespace:
    release = known_limits.ROOT / "target/release"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default=str(release / "sandcastle"), metavar="PATH", help="the program to start; default: that of this build")
    parser.add_argument("--kernel", default=os.environ.get("SANDCASTLE_KERNEL") or str(release / "sandcastle-kernel"), metavar="PATH")
    parser.add_argument("--packages", default=os.environ.get("SANDCASTLE_SITE_PACKAGES") or str(release.parent / "python/site-packages"), metavar="PATH")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="of the server; may be given several times")
    parser.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help="instead of what the product states")
    parser.add_argument("--as-user", metavar="NAME", help="run the server as this ordinary user; needs root")
    parser.add_argument("--as-lambda", metavar="PATH", help="run it under this program, which refuses what Lambda refuses; needs root; plays what must hold everywhere")
    parser.add_argument("--everywhere", action="store_true", help="only the attacks that must fail even where Linux refuses the confinement")
    parser.add_argument("--soak", action="store_true", help="also the attacks that take long, and everything twice")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="part of topic/name, or a shell pattern; may be given several times")
    parser.add_argument("--list", action="store_true", help="list the attacks and end")
    parser.add_argument("--base-url", help="play against a running server, which is not measured")
    parser.add_argument("--api-key", default=KEY)
    parser.add_argument("--other-api-key", help="a key of another organisation")
    parser.add_argument("--keep-log", metavar="FILE", help="write the server's log there")
    return parser.parse_args()


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
    return [(name, attack) for name, attack in named
            if wanted(name) and (attack.everywhere or not everywhere) and (options.soak or not attack.soak)]


def play(chosen, options, scene: Scene, player: Player) -> list[tuple[str, str]]:
    """Plays all; names and problems of those that failed. Those that mostly wait run beside the others."""
    failed: list[tuple[str, str]] = []

    def note(name: str, problems: list[str]) -> None:
        if problems:
            failed.append((name, "; ".join(problems)))
            print(f"FAIL {name}: {'; '.join(problems)}", flush=True)
    beside = [(name, attack) for name, attack in chosen if attack.beside]
    with concurrent.futures.ThreadPoolExecutor(max(1, len(beside))) as pool:
        waiting = [(name, pool.submit(player.outside, attack)) for name, attack in beside]
        for number, (name, attack) in enumerate(one for one in chosen if not one[1].beside):
            began = time.monotonic()
            for where in attack.where if isinstance(attack.code, str) or attack.scripted else ("outside",):
                note(f"{name}[{where}]", player.play(name, attack, where))
            took = time.monotonic() - began
            if took > 5 or number % 25 == 24:
                print(f"  {number + 1} played, {name} took {took:.1f} s", flush=True)
            if scene.server and scene.server.died():
                note("the server", ["it died", scene.server.log()[-600:]])
                break
        for name, future in waiting:
            note(name, future.result())
    return failed


def main() -> int:
    options = arguments()
    chosen = selected(options)
    if options.list:
        for name, attack in chosen:
            where = ", ".join(attack.where) if isinstance(attack.code, str) or attack.scripted else "outside"
            print(f"{name:<50} {where:<18} {attack.tries}{' (everywhere)' if attack.everywhere else ''}")
        print(len(chosen), "attacks")
        return 0
    if not chosen:
        sys.exit("no attack has such a name")
    began, before = time.monotonic(), machine.picture()
    machine.adopt_orphans()
    settings = SETTINGS | dict(one.split("=", 1) for one in options.setting)
    limits = known_limits.read(options.server, settings, options.limit)
    server = None
    try:
        if options.base_url:
            keys, url = (options.api_key, options.other_api_key or sys.exit("--base-url needs --other-api-key")), options.base_url
        else:
            server = Server(options.server, options.kernel, options.packages, settings, options.as_user, options.as_lambda)
            server.start()
            keys, url = (KEY, server.new_key("other")), server.url
        bystander = Bystander(Service(url, keys[1]))
        scene = Scene(url, keys, server, limits, bystander)
        player = Player(scene, secrets=(*keys, bystander.secret))
        player.warm()
        most_memory, most_descriptors = (server.memory() + machine.MEMORY_GREW, server.descriptors() + machine.DESCRIPTORS_GREW) if server else (0, 0)
        print(f"limits: {limits}", flush=True)
        bystander.thread.start()
        played = chosen * (2 if options.soak else 1)
        failed = play(played, options, scene, player)
        bystander.end()
        print(bystander.summary())
        rest = [("the bystander", problem) for problem in bystander.take_problems()]
        if server and not server.died():
            rest += [("the end", f"DELETE: {code}") for code in [bystander.service.delete(bystander.sandbox).status] if code != 200]
            rest += [("the server", problem) for problem in machine.settled(server, most_memory, most_descriptors)]
            print(f"server: {server.memory() >> 20} MiB (allowed {most_memory >> 20}), {server.descriptors()} descriptors (allowed {most_descriptors})")
            if server.stop() is None:
                rest.append(("the server", "it did not end when it was interrupted"))
            rest += [("the machine", problem) for problem in machine.orphans()]
            rest += [("the run folder", str(path)) for path in (server.data / "run").glob("kernels/*")]
        rest += [("the machine", problem) for problem in machine.differences(before, machine.picture())]
        for name, problem in rest:
            print(f"FAIL {name}: {problem}", flush=True)
        names = {name.split("[")[0] for name, _ in failed}
        print(f"{len(chosen)} attacks, {player.played} runs in {time.monotonic() - began:.0f} s")
        print(f"{len(chosen) - len(names & {name for name, _ in chosen})} held, {len(failed) + len(rest)} failed")
        return 1 if failed or rest else 0
    finally:
        if server:
            if options.keep_log:
                pathlib.Path(options.keep_log).write_text(server.log())
            server.clean()


if __name__ == "__main__":
    sys.exit(main())

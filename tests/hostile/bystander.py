"""A sandbox of another organisation that works on while its neighbours attack. It must be answered, and keep what it has."""
from __future__ import annotations

import multiprocessing
import secrets
import statistics
import threading
import time

from service import NO_ANSWER, Service

PAUSE_S = 0.1
#: Twice its usual time is what the product aims for, and what the output shows. A machine that other programs use as well is
#: no clock, so that only a wait which no such machine explains fails the suite.
PATIENCE_S = 2.0
#: What a customer who attacks nobody costs it is printed as well: it works beside one for so long.
HONEST, HONEST_S = "an honest neighbour", 8.0
FORK = multiprocessing.get_context("fork")
WORK = "total = sum(range(300_000))\nprint(secret, type(lock).__name__, open('bystander.txt').read() == secret)"


class Bystander:
    def __init__(self, service: Service):
        self.service, self.secret = service, "bystander-" + secrets.token_hex(16)
        created = service.create()
        if created.status != 201:
            raise SystemExit(f"the bystander gets no sandbox: {created.status} {created.raw[:200]}")
        self.sandbox = created.body["sandbox_id"]
        # A lock ends with its process: it tells whether the kernel is still the first one.
        self.begin(f"import threading\nsecret, lock = {self.secret!r}, threading.Lock()\nopen('bystander.txt', 'w').write(secret)")
        self.problems: list[str] = []
        self.waits: list[tuple[str, float]] = []
        self.usual = 1.0
        self.during: set[str] = set()
        self.usual = statistics.median(self.call() for _ in range(15))

    def start(self) -> None:
        """Works from here on, in a process of its own: in this one it would wait for Python's lock, which attacks hold, and not for
        the service."""
        self.ours, theirs = multiprocessing.Pipe()
        self.process = FORK.Process(target=self.work, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()

    def beside_an_honest_neighbour(self, service: Service) -> None:
        """Another organisation starts sandboxes, runs the same work in each, and stops them."""
        self.during.add(HONEST)
        ends = time.monotonic() + HONEST_S
        while time.monotonic() < ends:
            sandbox = service.create().body["sandbox_id"]
            service.execute(sandbox, "total = sum(range(300_000))")
            service.delete(sandbox)
        self.during.discard(HONEST)

    def begin(self, code: str) -> None:
        reply = self.service.execute(self.sandbox, code)
        if reply.status != 200 or "error" in reply.body:
            raise SystemExit(f"the bystander cannot begin: {reply.raw[:300]}")

    def call(self) -> float:
        began = time.monotonic()
        try:
            reply = self.service.execute(self.sandbox, WORK)
        except NO_ANSWER as failure:
            self.problems.append(f"the bystander got no answer: {type(failure).__name__} {failure}")
            return time.monotonic() - began
        took = time.monotonic() - began
        output = reply.body.get("output") if isinstance(reply.body, dict) else None
        if reply.status != 200 or output != [f"{self.secret} lock True"]:
            told = reply.body.get("error", output) if isinstance(reply.body, dict) else reply.raw[:200]
            self.problems.append(f"the bystander was answered {reply.status} {str(told)[:300]}")
            if "lock" in str(told):
                self.begin("lock = threading.Lock()")  # so that the next loss is noticed too
        elif took > PATIENCE_S + self.usual:
            self.problems.append(f"the bystander waited {took:.1f} s, usually {self.usual:.3f} s")
        return took

    def work(self, told) -> None:
        """Tells of each call when it begins, and how long it took, with what was wrong. Until it is told to end."""
        self.problems = []
        while not told.poll(PAUSE_S):
            told.send(None)
            told.send((self.call(), self.problems))
            self.problems = []

    def listen(self) -> None:
        while True:
            try:
                self.ours.recv()
                during = " and ".join(sorted(self.during)) or "nothing"
                took, problems = self.ours.recv()
            except (EOFError, OSError):
                return
            self.waits.append((during, took))
            self.problems.extend(problems)

    def take_problems(self) -> list[str]:
        problems, self.problems = self.problems, []
        return problems[:2]

    def summary(self) -> str:
        """How long it waited beside an honest neighbour, beside one attack at a time, and beside several, which take their share of the
        processors as well."""
        honest, alone, beside = [], [], []
        for wait in self.waits:
            (honest if wait[0] == HONEST else beside if " and " in wait[0] else alone).append(wait)
        groups = (f"beside {HONEST}", honest), ("beside one attack at a time", alone), ("beside several", beside)
        return "\n".join(f"bystander, {name}: {self.described(waits)}" for name, waits in groups if waits)

    def described(self, waits: list[tuple[str, float]]) -> str:
        worst = ", ".join(f"{wait / self.usual:.1f} in {name}" for name, wait in sorted(waits, key=lambda one: -one[1])[:6])
        ratios = sorted(wait / self.usual for _, wait in waits)
        within = sum(ratio <= 2 for ratio in ratios) * 100 / len(ratios)
        return (f"{len(waits)} calls, usually {self.usual * 1000:.1f} ms; {within:.1f} % within 2 x that, median "
                f"{statistics.median(ratios):.2f} x, 99th percentile {ratios[int(len(ratios) * 0.99)]:.1f} x, "
                f"worst {ratios[-1]:.1f} x ({worst})")

    def end(self) -> None:
        try:
            self.ours.send(None)
        except OSError:
            pass  # it has ended already, as its exit code says
        self.process.join(130)
        self.reader.join(5)
        if self.process.exitcode != 0:
            self.problems.append(f"the bystander's process ended early: exit code {self.process.exitcode}")

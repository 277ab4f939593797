"""Plays one attack: runs it in a sandbox of its own, measures meanwhile, and judges what came of it."""
from __future__ import annotations

import os
import threading
import time
import traceback

from entry import EXECUTE, OUTSIDE, PYTHON, Attack, Seen
from scene import Scene, program, text_of
from server import proportional, shared_memory, status
from service import NO_ANSWER, Reply, send

SAMPLE_S = 0.1
#: How long a sandbox is asked again whose answers say so.
TRY_AGAIN_S = 30
#: How often a script is played at most.
TRIES = 3


class Sampler:
    """Measures the sandboxes' memory and disk, and the server's own memory, while an attack runs."""

    def __init__(self, server, wanted: set[str]):
        self.server, self.wanted, self.memory, self.disk = server, wanted, 0, 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.work, daemon=True)

    def __enter__(self):
        if self.server:
            self.server.begin_peak()
            self.host_before, self.stored_before = self.server.memory(), self.server.stored()
            self.memory_before, self.disk_before, self.descriptors_before = self.sum_of_memory(), self.sum_of_disk(), self.server.descriptors()
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.server:
            self.thread.join()

    def sum_of_memory(self) -> int:
        if "memory" not in self.wanted:
            return 0
        kernels = self.server.kernels()
        folders = {}
        for pid in kernels:
            try:
                folders[os.stat(f"/proc/{pid}/root/dev/shm").st_dev] = pid
            except OSError:
                pass
        folders.pop(os.stat("/dev/shm").st_dev, None)
        return sum(proportional(pid) + status(pid, "VmPTE") for pid in kernels) + sum(map(shared_memory, folders.values()))

    def sum_of_disk(self) -> int:
        return self.server.run_folder() if "disk" in self.wanted else 0

    def work(self) -> None:
        while self.wanted & {"memory", "disk"} and not self.ended.wait(SAMPLE_S):
            self.memory = max(self.memory, self.sum_of_memory())
            self.disk = max(self.disk, self.sum_of_disk())

    def fill(self, seen: Seen) -> None:
        if self.server and not self.server.died():
            seen.memory, seen.disk = self.memory - self.memory_before, self.disk - self.disk_before
            seen.host_memory = self.server.peak_memory() - self.host_before
            seen.stored = self.server.stored() - self.stored_before
            seen.limits = seen.limits | {"descriptors_grew": self.server.descriptors() - self.descriptors_before}


class Play:
    """One run of one attack."""

    def __init__(self, scene: Scene, secrets: tuple[str, ...]):
        self.scene, self.secrets = scene.fresh(), secrets

    def run(self, name: str, attack: Attack, where: str) -> list[str]:
        during = self.scene.bystander.during
        during.add(name)
        try:
            for _ in range(TRIES):
                seen = self.measured(attack, where)
                # A script that its time limit has cut short on a busy machine has not said what it has to say.
                if attack.dies or where == OUTSIDE or "TimeoutError" not in seen.error:
                    break
            problems = self.judge(attack, where, seen)
        except NO_ANSWER as failure:
            problems = [f"no answer: {type(failure).__name__} {failure}"]
        except Exception as failure:  # a broken attack is a failure of its own entry only
            problems = [f"{type(failure).__name__}: {failure} at {traceback.extract_tb(failure.__traceback__)[-1].lineno}"]
        problems += self.scene.close() + self.scene.bystander.take_problems()
        during.discard(name)
        return problems

    def measured(self, attack: Attack, where: str) -> Seen:
        if not attack.measures():
            return self.outside(attack) if where == OUTSIDE else self.inside(attack, where)
        with Sampler(self.scene.server, attack.measures()) as sampler:
            seen = self.outside(attack) if where == OUTSIDE else self.inside(attack, where)
        sampler.fill(seen)
        return seen

    def outside(self, attack: Attack) -> Seen:
        found = attack.code(self.scene)
        return Seen(text="\n".join(f"TRIED {what}: {told}" for what, told in found), limits=self.scene.limits)

    def inside(self, attack: Attack, where: str) -> Seen:
        scene = self.scene
        self.sandbox, self.everything = scene.sandbox(), b""
        reply = self.send(where, attack.code if isinstance(attack.code, str) else attack.code())
        seen = self.seen(reply, where)
        if attack.then:
            time.sleep(attack.pause)
            after = self.seen(self.send(EXECUTE, attack.then), EXECUTE)
            seen.text += "\n" + after.text
            seen.files |= after.files
            seen.error = seen.error or after.error
        return seen

    def send(self, where: str, code: str) -> Reply:
        scene, path = self.scene, f"/v2/sandcastles/{self.sandbox}"
        if where == EXECUTE:
            return scene.own.call("POST", f"{path}/execute", {"code": program(code, scene.limits, scene.host())})
        body = {"command": code, "kind": where, "env": {"PORTS": " ".join(map(str, scene.host()["ports"]))}}
        if where == PYTHON:
            body["command"] = program(code, scene.limits, scene.host())
        return scene.own.call("POST", f"{path}/exec", body)

    def seen(self, reply: Reply, where: str) -> Seen:
        body = reply.body if isinstance(reply.body, dict) else {}
        error = body.get("error") or ""
        trace = "\n".join(body.get("traceback") or []) if where == EXECUTE else body.get("stderr", "")
        seen = Seen(text=text_of(reply), error=f"{error} {trace[-500:]}".strip() if isinstance(error, str) else str(error),
                    exit_code=body.get("exit_code", 0), status=reply.status, limits=self.scene.limits)
        if where != EXECUTE and not error:
            seen.error = "" if seen.exit_code == 0 else trace[-500:]
        self.everything += reply.raw
        files = body.get("files") or self.files_of_exec(where)
        seen.files = {file["name"]: send("GET", file["url"]).raw for file in files[:50] if file["size_bytes"] < 1 << 20}
        return seen

    def files_of_exec(self, where: str) -> list[dict]:
        if where == EXECUTE:
            return []
        path = f"/v2/sandcastles/{self.sandbox}/executions"
        listed = self.scene.own.call("GET", path).body or {}
        newest = (listed.get("executions") or [{}])[0]
        identity = newest.get("execution_id") or newest.get("id")
        told = self.scene.own.call("GET", f"{path}/{identity}").body if identity else {}
        return (told or {}).get("files") or []

    def judge(self, attack: Attack, where: str, seen: Seen) -> list[str]:
        # What fills a slow disk can use up its call's time: then nothing of it is kept, and it has not got through.
        if attack.dies and seen.status == 409 and "too little of this call's time was left" in seen.error:
            return self.alive(attack)
        problems = [] if seen.found else [f"it tried nothing: {seen.status} {seen.text[:100]!r} {seen.error[-300:]!r}"]
        if seen.status != 200:
            problems.append(f"status {seen.status}")
        if where != OUTSIDE and not attack.dies and (seen.error or seen.exit_code):
            problems.append(f"the script failed: exit code {seen.exit_code} {seen.error[-300:]!r}")
        if where != OUTSIDE:
            shown = self.everything.decode(errors="replace") + "".join(data.decode(errors="replace")
                for data in seen.files.values())
            problems += [f"the answer holds the secret {secret[:16]}…" for secret in self.secrets if secret in shown]
        if not problems:
            problems += [told for verdict in attack.verdicts() if (told := verdict(seen))]
        if where != OUTSIDE:
            problems += self.alive(attack)
        return problems

    def alive(self, attack: Attack) -> list[str]:
        """The sandbox itself works on, whatever became of its kernel."""
        until = time.monotonic() + TRY_AGAIN_S
        while True:
            reply = self.scene.own.execute(self.sandbox, "import builtins; builtins.print('alive')")
            # 409 asks to try again: on a slow disk, thousands of files take longer than these short calls to restore.
            if reply.status != 409 or time.monotonic() > until:
                break
        told = text_of(reply)
        # Code that has broken its own interpreter, or has answered for it, gets another kernel when that ends and not before.
        if reply.status == 200 and ("alive" in told or attack.dies):
            return []
        return [f"not alive after: {reply.status} {reply.raw[:200]!r}"]

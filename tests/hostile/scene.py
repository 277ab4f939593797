"""What an attack from outside works with: two organisations, their sandboxes, and the server."""
from __future__ import annotations

import http.client
import os
import pathlib
import re

import bystander
from entry import LINE, PRELUDE
from policy_rules import all_numbers
from service import NO_ANSWER, Reply, Service, send


def program(code: str, limits: dict, host: dict) -> str:
    """The script with what it is told: the calls' numbers, the limits, and what an attacker may know of the host."""
    names = set(re.findall(r'"([a-z][a-z0-9_]*)"', code))
    numbers = {name: number for name, number in all_numbers().items() if name in names}
    return f"NUMBERS, LIMIT, HOST = {numbers!r}, {limits!r}, {host!r}\n{PRELUDE}\n{code}"


def text_of(reply: Reply) -> str:
    body = reply.body if isinstance(reply.body, dict) else {}
    parts = body.get("output") or body.get("partial_output") or []
    return "\n".join(map(str, parts)) + str(body.get("stdout") or "")


class Scene:
    patience_s = bystander.PATIENCE_S + 1

    def __init__(self, base_url: str, keys: tuple[str, str], server, limits: dict, watched: bystander.Bystander):
        self.base_url, self.server, self.limits, self.bystander = base_url, server, limits, watched
        self.own, self.other = Service(base_url, keys[0]), Service(base_url, keys[1])
        self.open: list[tuple[str, bool]] = []

    def fresh(self) -> "Scene":
        """The same with no sandboxes of its own yet."""
        return Scene(self.base_url, (self.own.api_key, self.other.api_key), self.server, self.limits, self.bystander)

    def warm(self) -> None:
        """A call and a command, so that what the server makes once is there before it is measured."""
        sandbox = self.sandbox()
        self.run(sandbox, "tried('warm')")
        self.own.call("POST", f"/v2/sandcastles/{sandbox}/exec", {"command": "true"})
        self.close()

    def with_key(self, key: str) -> Service:
        return Service(self.base_url, key)

    def host(self) -> dict:
        """What the scripts may know: an attacker who was told everything gets no further."""
        if not self.server:
            return {"pids": [], "ports": [int(self.base_url.rsplit(":", 1)[1].split("/")[0])], "data": "/var/lib/hostile",
                "abstract": []}
        names = {line.split()[7] for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:] if len(line.split()) > 7}
        abstract = sorted(name[1:] for name in names if name.startswith("@"))[:20]
        return {"pids": [self.server.pid, *sorted(self.server.parents), os.getpid()], "ports": self.server.ports,
            "data": str(self.server.data), "abstract": abstract}

    def adopt(self, reply: Reply, other: bool = False) -> str:
        if reply.status != 201:
            raise RuntimeError(f"no sandbox: {reply.status} {reply.raw[:200]!r}")
        self.open.append((reply.body["sandbox_id"], other))
        return reply.body["sandbox_id"]

    def sandbox(self, other: bool = False) -> str:
        return self.adopt((self.other if other else self.own).create(), other)

    def stop(self, sandbox: str) -> int:
        self.open = [one for one in self.open if one[0] != sandbox]
        return self.own.delete(sandbox).status

    def run(self, sandbox: str, code: str, other: bool = False) -> list[tuple[str, str]]:
        """What a script found in a sandbox; it must run to its end."""
        reply = (self.other if other else self.own).execute(sandbox, program(code, self.limits, self.host()))
        if reply.status != 200 or reply.body.get("error"):
            raise RuntimeError(f"a step failed: {reply.status} {str(reply.body)[:400]}")
        return LINE.findall(text_of(reply))

    def fetch(self, url: str, method: str = "GET", content: bytes | None = None) -> int | str:
        try:
            return send(method, url, {}, content).status
        except (*NO_ANSWER, http.client.InvalidURL) as failure:
            return type(failure).__name__

    def kernel_pids(self) -> list[int]:
        return self.server.kernels() if self.server else []

    def close(self) -> list[str]:
        """Stops what was started; what was not answered as it has to be."""
        wrong = []
        for sandbox, other in self.open:
            try:
                status = (self.other if other else self.own).delete(sandbox).status
            except NO_ANSWER as failure:
                status = repr(failure)
            wrong += [f"DELETE: {status}"] if status not in (200, 404) else []
        self.open = []
        return wrong

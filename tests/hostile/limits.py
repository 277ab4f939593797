"""The limits that the attacks are held to. They are read from where the product states them, and can be given by --limit."""
from __future__ import annotations

import pathlib
import platform
import re
import resource
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
#: Settings of `sandcastle serve` that hold a limit, with their unit. None where the product has no such setting yet.
SETTINGS = {"memory": (("SANDCASTLE_MEMORY_MB",), 1 << 20), "kernels": (("SANDCASTLE_MAX_KERNELS",), 1),
    "executions": (("ORG_EXECUTIONS",), 1), "disk": (("SANDCASTLE_DISK_MB", "SANDCASTLE_FILES_MB"), 1 << 20),
    "stored": (("SANDCASTLE_STORED_MB",), 1 << 20)}
#: Rows of the table "Limits" in docs/api.md, which are what callers are promised.
ROWS = {"processes": "processes and threads of one kernel", "descriptors": "open files of one process",
    "file": "one file written by code", "inodes": "files, folders and links of a sandbox, with `/tmp`"}
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def from_settings(program: str, settings: dict) -> dict[str, int | None]:
    shown = " ".join(subprocess.run([program, "serve", "--help"], capture_output=True, text=True, check=True).stdout.split())
    found: dict[str, int | None] = {}
    for name, (variables, unit) in SETTINGS.items():
        found[name] = None
        for variable in variables:
            default = re.search(rf"\b{variable} .*?default: (\d+)", shown)
            if default:
                found[name] = int(settings.get(variable, default[1])) * unit
    return found


def from_documents() -> dict[str, int]:
    text = (ROOT / "docs/api.md").read_text()
    found = {}
    for name, row in ROWS.items():
        amount = re.search(rf"^\| {row} \| ([\d,]+) ?(\w*)", text, re.M)
        if not amount:
            raise SystemExit(f"docs/api.md has no limit of {row!r}")
        found[name] = int(amount[1].replace(",", "")) * UNITS[amount[2]]
    return found


def longest_frame() -> int:
    text = (ROOT / "layers/protocol/src/frame.rs").read_text()
    factors = re.search(r"MAX_FRAME: usize = ([\d_* ]+);", text)
    product = 1
    for factor in factors[1].split("*"):
        product *= int(factor)
    return product


def read(program: str, settings: dict, given: list[str]) -> dict:
    limits = from_settings(program, settings) | from_documents() | {"frame": longest_frame(), "hostname": platform.node(),
        "descriptors_grew": 0,
        "pending": resource.getrlimit(resource.RLIMIT_SIGPENDING)[1]}
    for one in given:
        name, _, value = one.partition("=")
        if name not in limits or not value.isdigit():
            raise SystemExit(f"--limit {one}: expected one of {', '.join(sorted(limits))}, and a number")
        limits[name] = int(value)
    return limits

"""Runs a program in one kernel, in a new kernel for each cell and for each two, and compares what its cells print.

A program is a Python file whose cells are separated by lines `# %%`. A cell whose first line is `# lost: name, …` must fail in
new kernels with a NameError about one of these names that has a reason.
"""
import difflib
import os
import pickle
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KERNEL = Path(__file__).with_name("kernel.py")
PRELUDE = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg",
           "PYTHONDONTWRITEBYTECODE": "1"}
ENDED = "the kernel ended"


def run(program, folder, first, last, state, audit):
    arguments = [sys.executable, KERNEL, program, folder, first, last, state, int(audit)]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, env={**os.environ, **PRELUDE}, timeout=120)
    _, mark, result = done.stdout.partition(b"\n=RESULT=")
    if not mark:
        return [(f"{ENDED} with {done.returncode}\n{done.stderr.decode()[-3000:]}", {}, 0)] * (last - first)
    return pickle.loads(result)


def simulate(program, audit=False):
    """The differences, as lines."""
    cells = Path(program).read_text().split("# %%\n")
    with tempfile.TemporaryDirectory() as folder:
        expected = run(program, made(folder, "one"), 0, len(cells), f"{folder}/state", audit)
        lines = []
        for at_once in 1, 2:  # with two, a kernel also gives out what it has restored
            place, state = made(folder, f"by{at_once}"), f"{folder}/state{at_once}"
            found = []
            for first in range(0, len(cells), at_once):
                found += run(program, place, first, min(first + at_once, len(cells)), state, audit)
            lines += compare(cells, expected, found, at_once)
    return lines


def made(folder, name):
    path = Path(folder, name, "work")
    path.mkdir(parents=True)
    return path


def compare(cells, expected, found, at_once):
    lines = []
    for number, (cell, (want, _, _), (have, lost, _)) in enumerate(zip(cells, expected, found)):
        names = re.match(r"# lost: (.*)", cell)
        if names is not None:
            named = any(f"LOST {name}:" in have for name in names[1].split(", "))
            if not named and number % at_once == 0:
                lines.append(f"cell {number}: expected one of {names[1]} to be lost, but it printed {have!r}")
        elif want != have or ENDED in have:
            lines.append(f"cell {number}, {at_once} in each kernel:")
            lines += difflib.unified_diff(want.splitlines(), have.splitlines(), "one kernel", "new kernels", lineterm="")
            if lost:
                lines.append(f"lost: {lost}")
    return lines


def main():
    programs = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    failed = 0
    for program in programs:
        lines = simulate(os.path.abspath(program), "--audit" in sys.argv)
        failed += bool(lines)
        print(f"{'FAIL' if lines else 'ok'} {program}", *lines, sep="\n    ")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()

"""Runs a program in one kernel and in a new kernel for each cell, and compares what the cells print.

A program is a Python file whose cells are separated by lines `# %%`. A cell whose first line is `# lost: name, …` must fail in
the second way with a NameError about one of these names that has a reason.
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


def run(program, folder, first, last, state, audit):
    arguments = [sys.executable, KERNEL, program, folder, first, last, state, int(audit)]
    done = subprocess.run(list(map(str, arguments)), capture_output=True, env={**os.environ, **PRELUDE}, timeout=120)
    _, mark, result = done.stdout.partition(b"\n=RESULT=")
    if not mark:
        return [(f"the kernel ended with {done.returncode}\n{done.stderr.decode()[-3000:]}", {}, 0)] * (last - first)
    return pickle.loads(result)


def simulate(program, audit=False):
    """The differences, as lines."""
    cells = Path(program).read_text().split("# %%\n")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two, \
            tempfile.TemporaryDirectory() as state:
        expected = run(program, one, 0, len(cells), f"{state}/one", audit)
        found = [run(program, two, number, number + 1, f"{state}/two", audit)[0] for number in range(len(cells))]
    lines = []
    for number, (cell, (want, _, _), (have, lost, _)) in enumerate(zip(cells, expected, found)):
        names = re.match(r"# lost: (.*)", cell)
        if names is not None:
            if not any(have.startswith(f"LOST {name}:") or f"\nLOST {name}:" in have for name in names[1].split(", ")):
                lines.append(f"cell {number}: expected one of {names[1]} to be lost, but it printed {have!r}")
        elif want != have:
            lines.append(f"cell {number}:")
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

"""Runs every test program twice, each time in a fresh process that runs all cells, and compares the two runs.

A program is fit for the tests of durable variables only if it is deterministic: both runs must print the same, write
the same files and draw the same figures, although their hash seeds differ. A cell may raise only what it announces
with a line `# raises: NameOfTheException`, and nothing may be written to stderr.

A program starts with a comment that says what it is; its cells are separated by lines `# %%`. The comment
`# newer syntax` marks a program that needs Python 3.12. A cell uses only such values of earlier cells as can be kept:
no generators, connections or csv writers.

    check_programs.py [--generated 50] [--first-seed 1] [--jobs 2] [--syntax-of python3.11] [PART_OF_A_NAME ...]
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
RAISES = re.compile(r"^# raises: (\w+)$", re.MULTILINE)
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")
LIMIT_SECONDS = 120
# How many cells a program of each kind has.
CELLS = {"notebooks": range(6, 13), "programs": range(4, 11), "generated": range(5, 10)}


def cells_of(text):
    """The cells of a program. What stands before the first separator are comments about the program."""
    cells, current = [], None
    for line in text.splitlines():
        if line.rstrip() == "# %%":
            current = []
            cells.append(current)
        elif current is not None:
            current.append(line)
        elif line and not line.startswith("#"):
            raise ValueError(f"code before the first cell: {line}")
    return ["\n".join(cell).strip("\n") + "\n" for cell in cells]


def run_cells(path):
    """Runs all cells in one namespace in this process and writes what each did to the original stdout as JSON."""
    import hashlib
    import io
    import linecache
    import types

    cells = cells_of(Path(path).read_text())
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.path.insert(0, "")
    stdout, report = sys.stdout, []
    for number, code in enumerate(cells, 1):
        name = f"<cell {number}>"
        linecache.cache[name] = (len(code), None, code.splitlines(True), name)
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        error = None
        start = time.perf_counter()
        try:
            exec(compile(code, name, "exec"), main.__dict__)
        except BaseException as raised:
            error = [type(raised).__name__, str(raised)]
        seconds = time.perf_counter() - start
        figures = []
        if "matplotlib.pyplot" in sys.modules:
            plt = sys.modules["matplotlib.pyplot"]
            for figure_number in plt.get_fignums():
                data = io.BytesIO()
                plt.figure(figure_number).savefig(data, format="png")
                figures.append(hashlib.sha256(data.getvalue()).hexdigest()[:16])
            plt.close("all")
        for stream in main.__dict__.values():
            # Files kept open: what was written so far must be the same, buffered or not.
            if isinstance(stream, io.IOBase) and not stream.closed and stream.writable():
                stream.flush()
        files = {}
        for file in sorted(Path(".").rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                files[str(file)] = hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        report.append({"stdout": sys.stdout.getvalue(), "stderr": sys.stderr.getvalue(), "error": error,
                       "figures": figures, "files": files, "seconds": seconds})
    json.dump(report, stdout)
    stdout.flush()
    os._exit(0)


def run_once(path, hash_seed):
    """The report of one run in a fresh process and an empty folder."""
    environment = dict(os.environ, PYTHONHASHSEED=str(hash_seed), MPLBACKEND="Agg", TZ="UTC", OMP_NUM_THREADS="1",
                       OPENBLAS_NUM_THREADS="1", POLARS_MAX_THREADS="2")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, str(HERE / "check_programs.py"), "--run", str(path)], cwd=folder,
                              env=environment, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def problems_of(path, kind):
    """What is wrong with a program, and how many seconds its cells took in the quicker run."""
    text = path.read_text()
    problems = []
    if not text.startswith("# ") or text.startswith("# %%"):
        problems.append("the first line is no comment that says what it is")
    try:
        cells = cells_of(text)
        runs = [run_once(path, hash_seed) for hash_seed in (0, 4242)]
    except (ValueError, RuntimeError, subprocess.TimeoutExpired) as error:
        return [*problems, str(error)], 0.0
    if len(cells) not in CELLS[kind]:
        problems.append(f"{len(cells)} cells")
    for number, (code, first, second) in enumerate(zip(cells, *runs), 1):
        expected = RAISES.search(code)
        error = first["error"]
        if (error and error[0]) != (expected and expected[1]):
            problems.append(f"cell {number} raised {error}")
        if first["stderr"]:
            problems.append(f"cell {number} wrote to stderr: {first['stderr'][:600]}")
        if not expected and not first["stdout"].strip():
            problems.append(f"cell {number} prints nothing")
        if ADDRESS.search(first["stdout"]):
            problems.append(f"cell {number} prints an address: {ADDRESS.search(first['stdout'])[0]}")
        for part in ("stdout", "stderr", "error", "figures", "files"):
            if first[part] != second[part]:
                problems.append(f"cell {number}: {part} differs\n  first:  {str(first[part])[:1500]}\n"
                                f"  second: {str(second[part])[:1500]}")
    return problems, min(sum(cell["seconds"] for cell in run) for run in runs)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="parts of file names; all programs without them")
    parser.add_argument("--generated", type=int, default=50, help="how many generated programs to check")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--syntax-of", help="another Python whose syntax the programs must have too")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    parser.add_argument("--show", action="store_true", help="print what the cells of the programs print")
    options = parser.parse_args()
    if options.run:
        run_cells(options.run)

    programs = [(path, folder) for folder in ("notebooks", "programs") for path in sorted((HERE / folder).glob("*.py"))]
    if options.names:
        programs = [(path, kind) for path, kind in programs if any(part in path.stem for part in options.names)]
    with tempfile.TemporaryDirectory() as folder:
        if options.generated:
            for again in ("1", "2"):
                subprocess.run([sys.executable, str(HERE / "generate"), str(options.first_seed), "--count",
                                str(options.generated), "--folder", f"{folder}/{again}"], check=True,
                               env=dict(os.environ, PYTHONHASHSEED=again))
            for path in sorted(Path(folder, "1").glob("*.py")):
                if path.read_bytes() != Path(folder, "2", path.name).read_bytes():
                    sys.exit(f"{path.name}: the generator wrote two different programs from one seed")
                programs.append((path, "generated"))
        if options.syntax_of:
            code = "import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, 'exec')"
            paths = [str(path) for path, _kind in programs if "# newer syntax" not in path.read_text()]
            subprocess.run([options.syntax_of, "-c", code, *paths], check=True)
        if options.show:
            for path, _kind in programs:
                for number, cell in enumerate(run_once(path, 0), 1):
                    print(f"--- {path.stem} cell {number} ({cell['seconds']:.2f} s)\n{cell['stdout']}{cell['stderr']}", end="")
                    print(*filter(None, [cell["error"]]))
            return
        failed = 0
        with ThreadPoolExecutor(options.jobs) as pool:
            for (path, kind), (problems, seconds) in zip(programs, pool.map(lambda one: problems_of(*one), programs)):
                failed += bool(problems)
                print(f"{'FAILED' if problems else 'ok    '} {kind}/{path.name} {seconds:.2f} s", flush=True)
                for problem in problems:
                    print("    " + problem.replace("\n", "\n    "))
    print(f"{len(programs)} programs, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

"""Writes random programs from a seed, cut into cells, for the tests of variables that survive a restart.

    generate SEED                              prints one program
    generate SEED --count N --folder FOLDER    writes the programs of the seeds SEED … SEED + N - 1

The generator keeps a model of the heap while it writes: which name is bound to which object, and which object is
reached from which by what expression. Each statement picks an object and one of the expressions that lead to it, so
objects are changed through aliases, and each program is valid: lengths, keys and columns are known wherever a
statement depends on them. Values are not modelled. A cell ends by printing digests and facts about identity.
"""
import argparse
from importlib import import_module
from pathlib import Path

from program import Program

# Each registers statements. The order is part of what a seed gives.
FILES = (
    "values", "changes", "collections_", "functions", "classes", "special_classes", "records", "iterators", "outside",
    "arrays", "frames", "tables", "own_classes", "surroundings", "more_functions", "more_data", "more_values")


def main():
    for name in FILES:
        import_module(name)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seed", type=int)
    parser.add_argument("--count", type=int, help="write so many programs to the folder")
    parser.add_argument("--folder", type=Path, default=Path("generated"))
    options = parser.parse_args()
    if options.count is None:
        print(Program(options.seed).write(), end="")
        return
    options.folder.mkdir(parents=True, exist_ok=True)
    for seed in range(options.seed, options.seed + options.count):
        (options.folder / f"random_{seed:05d}.py").write_text(Program(seed).write())


if __name__ == "__main__":
    main()

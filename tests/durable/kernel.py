"""Runs cells with the kernel's checkpoints: a small stand-in for the kernel's process. Started by simulate.py."""
import ast
import contextlib
import hashlib
import io
import os
import pickle
import sys
import tempfile
from pathlib import Path
from types import ModuleType, SimpleNamespace

SOURCES = Path(__file__).resolve().parents[2] / "layers/kernel/python"
MODULES = (
    "sources", "interrupt", "text", "lost_names", "touched", "atoms", "rebuild", "rebuild_standard", "memory", "rebuild_libraries", "definitions",
    "edges", "arrange", "groups", "instances", "types_of_code", "standard", "libraries", "documents", "reducers", "process_values", "patches",
    "hidden", "reach", "store", "stored_bytes", "index", "given_out", "checkpoint", "unloaded", "restore")


def hash_bytes(buffer):
    return int.from_bytes(hashlib.blake2b(buffer, digest_size=8).digest())


def load_harness():
    native = ModuleType("_kernel.native")
    native.hash_bytes = hash_bytes
    native.limits = SimpleNamespace(MAPPED_BYTES=64 << 10)
    native.kinds_in = lambda values: set(map(type, values))
    loader = ModuleType("loader")
    exec(compile((SOURCES / "loader.py").read_text(), "loader.py", "exec"), loader.__dict__)
    sources = [(name, (SOURCES / f"{name}.py").read_text()) for name in MODULES]
    return loader.load([*sources, ("all", "from . import checkpoint, restore, sources, unloaded")], native)


class Kernel:
    """A namespace that is `__main__`'s, and its checkpoints."""

    def __init__(self, folder, audit=False):
        self.main = sys.modules["__main__"] = ModuleType("__main__")
        self.namespace = self.main.__dict__
        harness = load_harness()
        self.checkpoint, self.restore, self.unloaded = harness.checkpoint, harness.restore, harness.unloaded
        self.sources = harness.sources
        self.checkpoint.begin(str(folder))
        self.checkpoint.Audit.on = audit
        self.reasons, self.places, self.file = {}, {}, tempfile.TemporaryFile()

    def load(self, stored):
        """Takes over what is stored. Some of it is there at once; the rest is fetched when code needs it."""
        self.reasons = dict(stored["lost"])
        told = []
        for number, names, kind, *pieces in sorted(stored["groups"], key=lambda group: group[2] != "index"):
            pickle, *buffers = [self.write(piece) for piece in (pieces[0], *pieces[1])]
            self.places[number] = pickle, buffers
            at_once = kind == "index" or number % 2
            place = (os.dup(self.file.fileno()), pickle, buffers) if at_once else None
            told.append((number, names, kind, pickle[1] + sum(length for _, length in buffers), place))
        self.file.flush()
        self.unloaded.begin(told)

    def write(self, piece):
        start = self.file.seek(0, os.SEEK_END)
        return start, self.file.write(piece)

    def fetch(self, numbers):
        descriptor = os.dup(self.file.fileno())
        return {number: (descriptor, *self.places[number]) for number in numbers}

    def guard(self, function, *arguments):
        try:
            function(*arguments)
        except BaseException as error:
            return error

    def run(self, source, number):
        """(what the cell printed, the codes that ran)."""
        output = io.StringIO()
        codes = []
        self.sources.remember(f"<cell {number}>", source)
        with contextlib.redirect_stdout(output):
            try:
                self.evaluate(source, f"<cell {number}>", codes)
            except BaseException as error:
                if type(error) is NameError and error.name in self.reasons and error.name not in self.namespace:
                    print(f"LOST {error.name}: {self.reasons[error.name]}")
                print(f"{type(error).__name__}: {error}")
        return output.getvalue(), codes

    def evaluate(self, source, filename, codes):
        tree = compile(source, filename, "exec", ast.PyCF_ONLY_AST)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        codes.append(compile(tree, filename, "exec"))
        if last is not None:
            codes.append(compile(ast.Expression(last.value), filename, "eval"))
        self.reasons.update(self.restore.before_call(self.namespace, codes, self.fetch, self.guard))
        eval(codes[0], self.namespace)
        value = eval(codes[1], self.namespace) if last is not None else None
        if value is not None:
            print(repr(value))

    def store(self, stored, codes):
        """The groups after a checkpoint, with the contents of those that did not change."""
        old = {group[0]: group for group in stored["groups"]}
        result = self.checkpoint.take(self.namespace, codes)
        assert not self.checkpoint.Audit.missed, f"changed by code that does not reach it: {self.checkpoint.Audit.missed}"
        if result is None:
            return stored, 0
        groups, size = [], 0
        for group in result["groups"]:
            if group["pickle"] is None:
                _, _, _, data, buffers = old[group["id"]]
            else:
                data, buffers = group["pickle"], [bytes(buffer) for buffer in group["buffers"]]
                size += len(data) + sum(map(len, buffers))
            groups.append((group["id"], group["names"], group["kind"], data, buffers))
        lost = {name: reason for name, reason in self.reasons.items() if name not in self.namespace}
        return {"groups": groups, "lost": {**lost, **result["lost"]}}, size


def main():
    program, folder, first, last, state, audit = sys.argv[1:]
    cells = Path(program).read_text().split("# %%\n")
    os.chdir(folder)
    sys.path[0] = ""
    path = Path(state)
    stored = pickle.loads(path.read_bytes()) if path.exists() else {"groups": [], "lost": {}}
    kernel = Kernel(os.getcwd(), audit == "1")
    kernel.load(stored)
    printed = []
    for number in range(int(first), int(last)):
        text, codes = kernel.run(cells[number], number)
        stored, size = kernel.store(stored, codes)
        printed.append((text, stored["lost"], size))
    path.write_bytes(pickle.dumps(stored))
    sys.stdout.buffer.write(b"\n=RESULT=" + pickle.dumps(printed))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

"""Copies the parts of a layer: standard library, packages, shared libraries."""
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from elf import Elf, is_elf

# Left out of the standard library: tests, graphical and terminal interfaces, installers, the texts of the manual; and two
# modules that Python 3.13 no longer has, because they need libraries of the system that are newer than Lambda's.
DROPPED = {"test", "tests", "idle_test", "idlelib", "tkinter", "turtledemo", "turtle.py", "curses", "ensurepip", "lib2to3",
           "pydoc_data", "venv", "site-packages", "dist-packages", "__pycache__"}
DROPPED_MODULES = re.compile(r"(_test|_xxtest|_ctypes_test|xx|_tkinter|_curses|readline|_crypt|nis)")
# Left out of packages: files that only compilers and type checkers read.
DROPPED_FILES = {".pyi", ".h", ".hpp", ".a", ".pxd", ".pyx", ".c", ".cpp"}
# Left out of single packages: tests of CPU features, examples, extensions of a documentation tool, and a driver that needs
# a package which nothing else does.
DROPPED_PARTS = ("numpy/_core/_simd.*.so", "matplotlib/mpl-data/sample_data", "matplotlib/sphinxext", "adbc_driver_duckdb")
# The shared libraries of the base system (provided.al2023): glibc, libgcc and libstdc++.
BASE = {f"lib{name}.so.{n}" for name, n in (("c", 6), ("m", 6), ("dl", 2), ("pthread", 0), ("rt", 1), ("util", 1),
                                            ("resolv", 2), ("gcc_s", 1), ("stdc++", 6))}
BASE |= {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def elves(folder):
    """Every ELF file below a folder."""
    return [path for path in sorted(folder.rglob("*")) if is_elf(path)]


def standard_library(out, python):
    """libpython and the standard library of this Python."""
    source = python.standard_library

    def left_out(folder, names):
        dropped = {name for name in names if name in DROPPED or name.startswith("config-")}
        if Path(folder).name == "lib-dynload":
            dropped |= {name for name in names if DROPPED_MODULES.match(name)}
        return dropped

    shutil.copytree(source, out / "lib" / source.name, ignore=left_out)
    shutil.copy(python.libpython, out / "lib" / python.libpython.name)


def packages(folder, locked, machine):
    """Installs locked packages from wheels for glibc 2.34 or older, and removes files that no program imports."""
    platforms = [f"manylinux_2_{minor}_{machine}" for minor in range(34, 16, -1)] + [f"manylinux2014_{machine}"]
    lock = folder.parent / "requirements.txt"
    lock.write_text("".join(pin.lines for pin in locked))
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--require-hashes",
         "--only-binary=:all:", "--no-compile", "--root-user-action=ignore", "--progress-bar=off", "--target", folder,
         *(f"--platform={platform}" for platform in platforms), "-r", lock], check=True)
    lock.unlink()
    for path in (folder / "bin", folder / "share"):
        shutil.rmtree(path, ignore_errors=True)
    for path in (path for part in DROPPED_PARTS for path in folder.glob(part)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and path.name in ("tests", "test", "__pycache__"):
            shutil.rmtree(path)
        elif path.is_file() and path.suffix in DROPPED_FILES:
            path.unlink()


def installed(folder):
    """Names, versions and importable modules of the packages in a folder."""
    found = []
    for package in importlib.metadata.distributions(path=[os.fspath(folder)]):
        tops = {re.split(r"[/.]", os.fspath(file), maxsplit=1)[0] for file in package.files or ()
                if re.fullmatch(r"\w+(/__init__\.py|\.py|\.[\w-]+\.so)", os.fspath(file)) and (folder / file).exists()}
        found.append({"name": package.name, "version": package.version, "modules": sorted(tops)})
    return sorted(found, key=lambda package: package["name"].lower())


def shared_libraries(out, known):
    """Copies the libraries that files of the layer need and the base system lacks; `known` has their paths. Returns their
    names."""
    waiting = elves(out)
    there = {path.name for path in waiting}
    copied = []
    while waiting:
        elf = waiting.pop()
        for name in Elf(elf).needed():
            if name in BASE or name in there:
                continue
            if name not in known:
                raise SystemExit(f"{elf} needs {name}, which was not found")
            target = out / "lib" / name
            shutil.copy(known[name], target)
            there.add(name)
            copied.append(name)
            waiting.append(target)
    return sorted(copied)

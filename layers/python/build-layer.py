#!/usr/bin/env python3
"""Builds a folder with the contents of /opt: the Python layer, or what a container image has there (Dockerfile). `make layer`
and `make image` run this script with the Python to ship.

    bin/sandcastle-kernel            the kernel; it finds the other files relative to its own path
    lib/libpython3.X.so.1.0, lib/*   shared libraries that the kernel needs and the base system lacks
    lib/python3.X/                   standard library; site-packages/ contains the packages
    layer.json                       list of the contents, for `sandcastle layer check`
"""
import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import lock
import parts
from elf import Elf
from shipped import Here, Unpacked

KERNEL = "sandcastle-kernel"
# Amazon Linux 2023 has glibc 2.34. A Python that is built with glibc 2.35 or newer needs one symbol in a newer version:
# `hypot`, which `abs` of a complex number calls. Version 2.35 changed how it reports an overflow; Python checks that itself.
TOO_NEW = (b"GLIBC_2.35", [b"hypot"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--profile", choices=lock.PROFILES, default="core")
    arguments.add_argument("--kernel", type=Path, required=True, help="the kernel binary, built against this Python")
    arguments.add_argument("--out", type=Path, required=True, help="folder to build; an existing one is replaced")
    arguments.add_argument("--python", type=Path, metavar="FOLDER",
                           help="ship the Python of foreign-python.sh in this folder instead of the running one")
    arguments.add_argument("--machine", help="the machine of that Python, such as aarch64")
    given = arguments.parse_args()
    python = Unpacked(given.python, given.machine) if given.python else Here()
    build(given.profile, given.kernel, given.out, python)


def build(profile, kernel, out, python):
    locked = lock.read(profile)
    # Built in another folder and renamed at the end, so that there is never an incomplete layer.
    draft = out.with_name(out.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "bin").mkdir(parents=True)
    site_packages = draft / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    say(1, f"CPython {python.version} for {python.machine} and its standard library, from {python.origin}")
    parts.standard_library(draft, python)
    site_packages.mkdir()
    names = sorted({pin.name for pin in locked})
    say(2, f"packages of the profile {profile}: {', '.join(names) or 'none'}")
    if locked:
        parts.packages(site_packages, locked, python.machine)
    say(3, "kernel, and shared libraries that the base system lacks")
    shutil.copy(kernel, draft / "bin" / KERNEL)
    print("      copied", ", ".join(parts.shared_libraries(draft, python.libraries())))
    say(4, "removing debugging symbols and search paths of this machine, lowering the required glibc to 2.34")
    for path in parts.elves(draft):
        prepare(path, python.strip)
    say(5, "compiling to bytecode")
    compile_all(draft)
    manifest = {"profile": profile, "python": python.version, "packages": parts.installed(site_packages)}
    (draft / "layer.json").write_text(json.dumps(manifest, indent=1) + "\n")
    missing = set(names) - {lock.normal(package["name"]) for package in manifest["packages"]}
    if missing:
        raise SystemExit(f"these packages of requirements.lock were not installed: {', '.join(sorted(missing))}")

    shutil.rmtree(out, ignore_errors=True)
    draft.rename(out)
    size = sum(path.lstat().st_size for path in out.rglob("*"))
    say(6, f"{out} is ready: {size / 2**20:.1f} MiB")


def prepare(path, strip):
    """Makes one ELF file work on the base system."""
    # auditwheel edits the libraries in *.libs with patchelf, and strip can break such files (NixOS/patchelf, issue 10).
    if not path.parent.name.endswith(".libs"):
        path.chmod(0o755)
        subprocess.run([*strip, "--strip-unneeded", path], check=True)
    elf = Elf(path)
    elf.keep_own_search_path()
    if path.name == KERNEL:
        elf.pass_search_path_on()
    elf.retarget(*TOO_NEW)
    elf.save()


def compile_all(folder):
    """Compiles to bytecode that Python uses without checking its source: /opt is read-only, so the two always match."""
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j0", "--invalidation-mode", "unchecked-hash",
                    "-s", folder, "-p", "/opt", folder / "lib"], check=True)


def say(step, text):
    print(f"[{step}/6] {text}", flush=True)


if __name__ == "__main__":
    main()

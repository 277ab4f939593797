#!/usr/bin/env python3
"""Builds the Python layer as a folder in the form of /opt. Run it with the Python to be shipped; `make layer` does.

    bin/sandcastle-kernel            finds the rest by its own place
    lib/libpython3.X.so.1.0, lib/*   what it needs and the base system lacks
    lib/python3.X/                   standard library; site-packages/ holds the packages
    layer.json                       what is in it, for `sandcastle layer check`
"""
import argparse
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import parts
from elf import Elf
from lock import LEFT_OUT, requirements

HERE = Path(__file__).resolve().parent
# The one symbol of a Python built on glibc 2.35 or newer that AL2023 (2.34) does not have in that version. `abs` of a
# complex number calls it; what 2.35 changed is how it reports an overflow, which Python finds out by itself.
TOO_NEW = (b"GLIBC_2.35", [b"hypot"])


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--profile", choices=sorted(LEFT_OUT), default="core")
    arguments.add_argument("--kernel", type=Path, required=True, help="the kernel, built against this Python")
    arguments.add_argument("--out", type=Path, required=True, help="emptied first")
    given = arguments.parse_args()
    build(given.profile, given.kernel, given.out)


def build(profile, kernel, out):
    # The finished layer takes the place of an earlier one at once, so that no half layer is ever there.
    draft = out.with_name(out.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    (draft / "bin").mkdir(parents=True)
    site_packages = draft / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"

    say(1, f"CPython {platform.python_version()} and its standard library, from {sys.base_prefix}")
    parts.standard_library(draft)
    site_packages.mkdir()
    locked = requirements((HERE / "requirements.lock").read_text(), profile)
    say(2, f"packages of the profile {profile}: {', '.join(locked) or 'none'}")
    if locked:
        parts.packages(site_packages, locked)
    say(3, "the kernel, and the shared libraries that the base system lacks")
    shutil.copy(kernel, draft / "bin" / "sandcastle-kernel")
    print("      copied", ", ".join(parts.shared_libraries(draft)))
    say(4, "taking debugging symbols and this machine's folders out, asking for glibc 2.34 at most")
    for path in parts.elves(draft):
        settle(path)
    say(5, "compiling to bytecode")
    compile_all(draft)
    manifest = {"profile": profile, "python": platform.python_version(), "packages": parts.installed(site_packages)}
    (draft / "layer.json").write_text(json.dumps(manifest, indent=1) + "\n")
    missing = {normal(name) for name in locked} - {normal(package["name"]) for package in manifest["packages"]}
    if missing:
        raise SystemExit(f"locked, but not installed: {sorted(missing)}")

    shutil.rmtree(out, ignore_errors=True)
    draft.rename(out)
    size = sum(path.lstat().st_size for path in out.rglob("*"))
    say(6, f"{out} is ready: {size / 2**20:.1f} MiB")


def settle(path):
    """Makes one ELF file ready for the base system."""
    # What auditwheel has put into *.libs was laid out anew by patchelf; strip is known to break such files.
    if not path.parent.name.endswith(".libs"):
        path.chmod(0o755)
        subprocess.run(["strip", "--strip-unneeded", path], check=True)
    elf = Elf(path)
    elf.keep_own_search_path()
    elf.retarget(*TOO_NEW)
    elf.save()


def compile_all(folder):
    """Bytecode that is taken without a look at its source: /opt is read-only, and the two always come together."""
    subprocess.run([sys.executable, "-m", "compileall", "-qq", "-j0", "--invalidation-mode", "unchecked-hash",
                    "-s", folder, "-p", "/opt", folder / "lib"], check=True)


def normal(name):
    return name.lower().replace("_", "-").replace(".", "-")


def say(step, text):
    print(f"[{step}/6] {text}", flush=True)


if __name__ == "__main__":
    main()

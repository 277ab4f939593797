"""The Python that a layer ships: the one that runs the build, or one for another machine, unpacked in a folder."""
import os
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path


class Here:
    """The running Python, with the shared libraries of this system."""

    def __init__(self):
        self.machine = os.uname().machine
        self.version = platform.python_version()
        self.origin = sys.base_prefix
        self.standard_library = Path(sysconfig.get_path("stdlib"))
        self.strip = ["strip"]
        folder = sysconfig.get_config_var("LIBDIR")
        folders = [folder, f"{folder}/{sysconfig.get_config_var('MULTIARCH') or ''}"]
        name = sysconfig.get_config_var("INSTSONAME")
        self.libpython = found((Path(folder, name) for folder in folders), f"{name} in {' or '.join(folders)}")

    def libraries(self):
        """Name and path of each shared library."""
        listing = subprocess.run(["/sbin/ldconfig", "-p"], check=True, capture_output=True, text=True).stdout
        word = {"x86_64": "x86-64", "aarch64": "AArch64"}[self.machine]
        return dict(re.findall(rf"^\s*(\S+) \([^)]*{word}[^)]*\) => (\S+)$", listing, re.MULTILINE))


class Unpacked:
    """A Python for another machine in a folder, as foreign-python.sh makes it. The running Python must be of its version."""

    def __init__(self, folder, machine):
        self.folder, self.machine, self.origin = folder, machine, folder
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        self.standard_library = found(folder.glob(f"**/{name}/os.py"), f"{name}/os.py below {folder}").parent
        self.libpython = found(folder.glob(f"**/lib{name}.so.1.0"), f"lib{name}.so.1.0 below {folder}")
        header = found(folder.glob(f"**/include/{name}/patchlevel.h"), f"patchlevel.h of {name} below {folder}")
        self.version = re.search(r'^#define PY_VERSION\s+"([\d.]+)', header.read_text(), re.MULTILINE)[1]
        self.strip = rust_objcopy()

    def libraries(self):
        """Name and path of each shared library."""
        return {path.name: path for path in self.folder.glob(f"**/{self.machine}-linux-gnu/*.so*")}


def rust_objcopy():
    """The command of the objcopy that comes with Rust, which knows every machine. It does not find Rust's libraries by itself."""
    folders = (["rustc", "--print", what] for what in ("sysroot", "target-libdir"))
    sysroot, libraries = (Path(subprocess.run(folder, check=True, capture_output=True, text=True).stdout.strip()) for folder in folders)
    tool = found([libraries.with_name("bin") / "rust-objcopy"], "rust-objcopy, which rustup installs with Rust")
    return ["env", f"LD_LIBRARY_PATH={sysroot}/lib", tool]


def found(paths, what):
    """The first of these paths that is a file."""
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise SystemExit(f"not found: {what}")
    return path

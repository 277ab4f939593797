"""Tests of elf.py with libraries that the tests compile. Run with `python3 layers/python/test_elf.py`."""
import ctypes
import subprocess
import tempfile
import unittest
from pathlib import Path

from elf import DT_RUNPATH, Elf, ElfError, version_hash

# In glibc 2.35 or newer, `hypot` and `fminimum` have the version GLIBC_2.35; `sqrt` has an older one.
OLD_AND_NEW = "#include <math.h>\ndouble f(double a, double b) { return hypot(a, b) + sqrt(a); }\n"
ANOTHER_NEW = "double fminimum(double, double);\ndouble f(double a, double b) { return fminimum(a, b); }\n"
NEW = b"GLIBC_2.35"


class ElfTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def library(self, code, *flags):
        source, made = self.folder / "f.c", self.folder / "f.so"
        source.write_text(code)
        command = ["cc", "-shared", "-fPIC", "-fno-builtin", "-Wl,--no-as-needed", "-o", made, source, *flags, "-lm"]
        subprocess.run(command, check=True)
        return made

    def new_library(self, code):
        made = self.library(code)
        if NEW not in {name for _, _, name in Elf(made).versions()}:
            self.skipTest("glibc of this machine is older than 2.35")
        return made

    def test_an_allowed_symbol_gets_the_oldest_version(self):
        made = self.new_library(OLD_AND_NEW)
        elf = Elf(made)
        elf.retarget(NEW, [b"hypot"])
        elf.save()
        self.assertNotIn(NEW, {name for _, _, name in Elf(made).versions()})
        loaded = ctypes.CDLL(made)
        loaded.f.argtypes, loaded.f.restype = [ctypes.c_double] * 2, ctypes.c_double
        self.assertEqual(loaded.f(4.0, 3.0), 7.0)

    def test_an_error_names_another_symbol_of_that_version(self):
        made = self.new_library(ANOTHER_NEW)
        before = made.read_bytes()
        with self.assertRaisesRegex(ElfError, "GLIBC_2.35 for fminimum"):
            Elf(made).retarget(NEW, [b"hypot"])
        self.assertEqual(made.read_bytes(), before)

    def test_folders_of_the_build_machine_are_removed_and_relative_ones_stay(self):
        made = self.library("int f;", "-Wl,-rpath,/home/me/lib:$ORIGIN/../lib:/usr/local/lib")
        elf = Elf(made)
        self.assertEqual(len(elf.search_path()), 3)
        elf.keep_own_search_path()
        elf.save()
        self.assertEqual(Elf(made).search_path(), ["$ORIGIN/../lib"])
        ctypes.CDLL(made)

    def test_a_search_path_can_count_for_the_libraries_of_libraries(self):
        made = self.library("int f;", "-Wl,-rpath,$ORIGIN/../lib,--enable-new-dtags")
        self.assertEqual(self.tags(made), {"RUNPATH"})
        elf = Elf(made)
        elf.pass_search_path_on()
        elf.save()
        self.assertEqual(self.tags(made), {"RPATH"})
        self.assertEqual(Elf(made).search_path(), ["$ORIGIN/../lib"])

    def tags(self, library):
        """RPATH and RUNPATH, as far as readelf finds them."""
        shown = subprocess.run(["readelf", "--dynamic", library], check=True, capture_output=True, text=True).stdout
        return {tag for tag in ("RPATH", "RUNPATH") if f"({tag})" in shown}

    def test_a_search_path_without_relative_folders_is_removed(self):
        made = self.library("int f;", "-Wl,--enable-new-dtags,-rpath,/home/me/lib")
        elf = Elf(made)
        needed = elf.needed()
        elf.keep_own_search_path()
        elf.save()
        self.assertNotIn(DT_RUNPATH, [tag for tag, _ in Elf(made)._dynamic()])
        self.assertEqual(Elf(made).needed(), needed)
        ctypes.CDLL(made)

    def test_the_version_hash_is_that_of_the_linker(self):
        self.assertEqual(version_hash(b"GLIBC_2.2.5"), 0x09691A75)

    def test_other_files_are_refused(self):
        path = self.folder / "text"
        path.write_text("#!/bin/sh\n" * 20)
        with self.assertRaises(ElfError):
            Elf(path)


if __name__ == "__main__":
    unittest.main()

"""Tests of the sets of packages: requirements.in, its lock, the table in the documents, and the cases of the packages."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import lock

ROOT = lock.HERE.parents[1]
CASES = ROOT / "tests/cases/packages.json"
ASKED, LOCKED = lock.ASKED.read_text(), lock.LOCKED.read_text()


def names(profile, asked=ASKED, locked=LOCKED):
    return {pin.name for pin in lock.profile_pins(asked, locked, profile)}


class Sets(unittest.TestCase):
    def test_core_is_a_part_of_full_and_full_is_the_whole_lock(self):
        self.assertLess(names("core"), names("full"))
        self.assertEqual(names("full"), {pin.name for pin in lock.pins(LOCKED)})
        self.assertEqual(names("minimal"), set())

    def test_a_set_has_what_its_packages_need_and_nothing_else(self):
        core = names("core")
        self.assertLessEqual({"pandas", "numpy", "fonttools", "tzdata"}, core)
        self.assertFalse({"pyarrow", "polars-runtime-32", "scipy", "mpmath"} & core)

    def test_every_entry_of_the_lock_is_read(self):
        entries = [line for line in LOCKED.splitlines() if line[:1].isalnum() and "== 'win32'" not in line]
        self.assertEqual([pin.lines.split("==")[0] for pin in lock.pins(LOCKED)], [line.split("==")[0] for line in entries])

    def test_a_package_below_no_heading_is_refused(self):
        with self.assertRaisesRegex(lock.LockError, "'numpy' is not a package below"):
            lock.asked("numpy\n")


class Stale(unittest.TestCase):
    def test_a_changed_requirement_without_a_new_lock_is_refused(self):
        for changed in (ASKED + "dask\n", ASKED.replace("numpy\n", "numpy<2\n"), ASKED.replace("tqdm\n", "")):
            with self.subTest(changed[-10:]), self.assertRaisesRegex(lock.LockError, "run `make lock`"):
                names("full", changed)

    def test_another_order_set_or_comment_needs_no_new_lock(self):
        moved = "# [core]\n" + "\n".join(sorted(lock.asked(ASKED), reverse=True)) + "  # why\n"
        self.assertEqual(names("core", moved), names("full"))

    def test_a_layer_is_not_built_from_a_lock_that_is_stale(self):
        with tempfile.TemporaryDirectory() as folder:
            for file in lock.HERE.glob("*"):
                if file.is_file():
                    Path(folder, file.name).write_bytes(file.read_bytes())
            with Path(folder, "requirements.in").open("a") as file:
                file.write("dask\n")
            build = [sys.executable, Path(folder, "build-layer.py"), "--kernel", sys.executable, "--out", Path(folder, "out")]
            done = subprocess.run(build, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("run `make lock`", done.stderr)


class Image(unittest.TestCase):
    def test_it_only_copies_what_was_built_onto_a_base_image(self):
        lines = [line.split(maxsplit=1) for line in (lock.HERE / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
        self.assertEqual([instruction for instruction, _ in lines], ["ARG", "FROM", "COPY", "COPY", "ENTRYPOINT"])
        self.assertEqual([copied.split() for instruction, copied in lines if instruction == "COPY"],
                         [["opt/", "/opt/"], ["bootstrap", "/var/runtime/bootstrap"]])


class Documents(unittest.TestCase):
    def test_the_table_of_the_documents_is_that_of_the_lock(self):
        done = subprocess.run([sys.executable, lock.HERE / "table.py", "--check"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_every_package_that_is_asked_for_has_a_case(self):
        cases = {lock.normal(case["name"]) for case in json.loads(CASES.read_text())}
        self.assertEqual(cases, set(lock.asked(ASKED)))


if __name__ == "__main__":
    unittest.main()

"""Writes a release: what `make dist` has built, as files with which a user deploys without Rust.

    dist.py --out FOLDER --arch x86_64 --functions FOLDER --layer FOLDER [--arch arm64 …]

For each architecture: a zip of each function and of the layer, a template that deploys them, the program that makes keys, and a
list of what is inside (SBOM). For all: the files that the templates include, and SHA256SUMS. The same build makes the same bytes.
"""
import argparse
import hashlib
import json
import re
import shutil
import zipfile
from pathlib import Path

from sbom import bill

ROOT = Path(__file__).resolve().parents[2]
INCLUDED = re.compile(r"(?m)^ +(?:TemplateURL|Location): (infra/\S+\.yaml)$")
FUNCTIONS = {"ExecuteFunction": "bootstrap", "InterpreterFunction": "interpreter"}
# The folder of functions has it too, under the name that cargo-lambda gives to every program.
COMMAND = "sandcastle"
# The oldest time that a zip can hold, for all files.
TIME = (1980, 1, 1, 0, 0, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    for name in ("--arch", "--functions", "--layer"):
        parser.add_argument(name, action="append", required=True, help="once for each architecture")
    given = parser.parse_args()
    shutil.rmtree(given.out, ignore_errors=True)
    (given.out / "infra").mkdir(parents=True)
    template = (ROOT / "template.yaml").read_text()
    for name in INCLUDED.findall(template):
        shutil.copy(ROOT / name, given.out / name)
    for arch, functions, layer in zip(given.arch, given.functions, given.layer, strict=True):
        say(f"zipping functions and layer for {arch}")
        names = {}
        for resource, program in FUNCTIONS.items():
            names[resource] = f"{resource}-{arch}.zip"
            write_zip(given.out / names[resource], [(Path(functions, program, "bootstrap"), "bootstrap")])
        names["PythonLayer"] = f"PythonLayer-{arch}.zip"
        files = sorted(path for path in Path(layer).rglob("*") if path.is_file())
        write_zip(given.out / names["PythonLayer"], [(path, path.relative_to(layer).as_posix()) for path in files])
        command = given.out / f"{COMMAND}-{arch}"
        shutil.copyfile(Path(functions, COMMAND, "bootstrap"), command)
        command.chmod(0o755)
        (given.out / f"template-{arch}.yaml").write_text(with_archives(template, names, arch))
        (given.out / f"sbom-{arch}.cdx.json").write_text(json.dumps(bill(arch, Path(layer)), indent=1) + "\n")
    sums = [f"{digest(path)}  {path.relative_to(given.out)}\n" for path in sorted(given.out.rglob("*")) if path.is_file()]
    (given.out / "SHA256SUMS").write_text("".join(sums))
    say(f"{given.out} has\n{''.join(sums)}")


def write_zip(path, files):
    """A zip of these files, under these names. Each keeps whether it may be executed."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, name in files:
            info = zipfile.ZipInfo(name, TIME)
            info.external_attr = (0o100755 if file.stat().st_mode & 0o100 else 0o100644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())


def with_archives(template, names, arch):
    """The template with archives instead of sources: CodeUri and ContentUri cannot be parameters."""
    for resource, archive in names.items():
        start = re.compile(rf"^  {resource}:", re.MULTILINE).search(template, template.index("\nResources:\n")).start()
        end = re.compile(r"^  \w", re.MULTILINE).search(template, start + 1).start()
        block = template[start:end]
        block, count = re.subn(r"(?m)^( +(?:CodeUri|ContentUri): )\S+$", rf"\g<1>{archive}", block)
        if count != 1:
            raise SystemExit(f"template.yaml: {resource} has {count} lines with CodeUri or ContentUri, expected one")
        # Its archive is built.
        block = re.sub(r"(?m)^ +Build(Method|Architecture): .*\n", "", block)
        template = template[:start] + re.sub(r"(?m)^    Metadata:\n(?!      )", "", block) + template[end:]
    # Only this architecture: an update would keep that of the stack where nobody names it, and these archives are for one.
    for name, old, new in (("Default", r"\w+", arch), ("AllowedValues", r"\[.+\]", f"[{arch}]")):
        line = re.compile(rf"(?m)^(  Architecture:\n(?:    .*\n)*?    {name}: ){old}$")
        template, count = line.subn(rf"\g<1>{new}", template)
        if count != 1:
            raise SystemExit(f"template.yaml: the parameter Architecture has {count} lines with {name}, expected one")
    return template


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def say(text):
    print(f"-- {text}", flush=True)


if __name__ == "__main__":
    main()

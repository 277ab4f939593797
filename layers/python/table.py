"""Writes the table of packages into docs/layer.md, between its marks. `--check` fails when the table there is another one."""
import re
import sys
from pathlib import Path

import lock

PAGE = Path(__file__).resolve().parents[2] / "docs/layer.md"
BEGIN, END = "<!-- written by `make lock` -->\n", "<!-- end -->"


def version(pins):
    """What stands in the column for one package: its version for new Pythons, then those for older ones."""
    newest, *others = sorted(pins, key=lambda pin: "<" in pin.marker)
    older = [f", before Python {re.search(r'[0-9.]+', pin.marker)[0]}: {pin.version}" for pin in others]
    return newest.version + "".join(older)


def table(asked, locked, core):
    """The lines for all packages: first what is asked for, then what comes with it."""
    by_name = {}
    for pin in locked:
        by_name.setdefault(pin.name, []).append(pin)
    yield "| package | version | sets |"
    yield "| --- | --- | --- |"
    for name, pins in sorted(by_name.items(), key=lambda item: (item[0] not in asked, item[0])):
        needed_by = sorted(by for by in pins[0].needed_by if not by.startswith("-r "))
        shown = f"**{name}**" if name in asked else f"{name}, for {', '.join(needed_by)}"
        yield f"| {shown} | {version(pins)} | {'core, full' if name in core else 'full'} |"


def main(check):
    core = {pin.name for pin in lock.read("core")}
    lines = table(lock.asked(lock.ASKED.read_text()), lock.read("full"), core)
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    written = before + BEGIN + "\n".join(lines) + "\n" + rest[rest.index(END):]
    if check and written != page:
        raise SystemExit("the table in docs/layer.md is not that of requirements.lock: run `make lock`")
    PAGE.write_text(written)


if __name__ == "__main__":
    main(sys.argv[1:] == ["--check"])

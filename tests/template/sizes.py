"""Measures the functions that `sam build` has built; fails if a zip is too large for a quick cold start.

At a cold start Lambda first fetches the zip, which the reported duration does not include: each MB above a few adds 4 to 8 ms.
"""

import io
import pathlib
import sys
import zipfile

# Largest zip of a function, in MiB.
MAX_ZIP = 8


def zipped(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return out.getbuffer().nbytes


def main():
    too_large = False
    for folder in map(pathlib.Path, sys.argv[1:]):
        size, unzipped = zipped(folder) / 2**20, sum(path.stat().st_size for path in folder.rglob("*")) / 2**20
        too_large |= size > MAX_ZIP
        print(f"{folder.name}: {size:.1f} MiB zipped of {MAX_ZIP}, {unzipped:.1f} MiB unzipped")
    sys.exit("a function's zip is too large" if too_large else 0)


if __name__ == "__main__":
    main()

"""Measures the functions that `sam build` has made, and fails when a zip is too big to start quickly.

Lambda fetches a zip at every cold start, outside of what it reports as the start: a few MB take no time, more take 4 to 8 ms
each.
"""

import io
import pathlib
import sys
import zipfile

# Of each function's zip, in MiB.
AT_MOST = 8


def zipped(folder):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return out.getbuffer().nbytes


def main():
    too_big = False
    for folder in map(pathlib.Path, sys.argv[1:]):
        size, unzipped = zipped(folder) / 2**20, sum(path.stat().st_size for path in folder.rglob("*")) / 2**20
        too_big |= size > AT_MOST
        print(f"{folder.name}: {size:.1f} MiB zipped of {AT_MOST}, {unzipped:.1f} MiB unzipped")
    sys.exit("a function's zip is too big" if too_big else 0)


if __name__ == "__main__":
    main()

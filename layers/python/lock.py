"""Reads requirements.lock: the packages of a profile, with their hashes for pip."""
import re

# The packages that each profile leaves out; None leaves out all. A function with its layers may have 250 MB: pyarrow and
# polars take 170 MB each and plotly 60 MB. The container image, which may have 10 GB, takes the whole lock (Dockerfile).
LEFT_OUT = {
    "core": {"narwhals", "plotly", "polars", "polars-runtime-32", "pyarrow"},
    "minimal": None,
}


def requirements(text, profile):
    """{package: its lines in the lock} for this profile. pip evaluates the markers."""
    left_out = LEFT_OUT[profile]
    if left_out is None:
        return {}
    blocks = re.findall(r"^([A-Za-z0-9][\w.-]*)(==[^\n]*\n(?:[ \t]+--hash[^\n]*\n)+)", text, re.MULTILINE)
    names = {name for name, _ in blocks}
    unknown = left_out - names
    if unknown:
        raise SystemExit(f"LEFT_OUT in layers/python/lock.py names packages that are not in requirements.lock: {', '.join(sorted(unknown))}")
    found = {}
    for name, rest in blocks:
        if name not in left_out:
            found[name] = found.get(name, "") + name + rest
    return found

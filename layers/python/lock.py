"""Reads requirements.lock: the packages of a profile, with the hashes that pip checks."""
import re

# What each profile leaves out of the lock. Nothing for the image, which may have 10 GB; a layer has 250 MB with the
# function: pyarrow and polars take 170 MB each, plotly 60.
LEFT_OUT = {
    "core": {"narwhals", "plotly", "polars", "polars-runtime-32", "pyarrow"},
    "minimal": None,
}


def requirements(text, profile):
    """The lock's lines for this profile, as pip takes them, by the packages' names; markers are left to pip."""
    left_out = LEFT_OUT[profile]
    if left_out is None:
        return {}
    blocks = re.findall(r"^([A-Za-z0-9][\w.-]*)(==[^\n]*\n(?:[ \t]+--hash[^\n]*\n)+)", text, re.MULTILINE)
    names = {name for name, _ in blocks}
    unknown = left_out - names
    if unknown:
        raise SystemExit(f"layers/python/lock.py leaves out what requirements.lock does not have: {sorted(unknown)}")
    found = {}
    for name, rest in blocks:
        if name not in left_out:
            found[name] = found.get(name, "") + name + rest
    return found

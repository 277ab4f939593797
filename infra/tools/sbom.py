"""The list of what a release contains (SBOM), in the format CycloneDX 1.6: the crates of functions, kernel and command from
Cargo.lock, the Python packages of the layer from requirements.lock, CPython, and the shared libraries that the layer has of the
system that built it. Versions and hashes of crates are those of the lock."""
import hashlib
import json
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("sandcastle-execute", "sandcastle-interpreter", "sandcastle-kernel", "sandcastle-local")


def bill(arch, layer):
    """The list for this architecture, with the layer in this folder."""
    manifest = json.loads((layer / "layer.json").read_text())
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    target = {"x86_64": "x86_64", "arm64": "aarch64"}[arch] + "-unknown-linux-gnu"
    python = component("CPython", manifest["python"], f"pkg:generic/cpython@{manifest['python']}", "application")
    packages = [component(p["name"], p["version"], f"pkg:pypi/{normal(p['name'])}@{p['version']}")
                for p in manifest["packages"]]
    libraries = [file(path) for path in sorted((layer / "lib").glob("*.so*"))]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": component("sandcastle", version, f"pkg:generic/sandcastle@{version}", "application")},
        "components": sorted([python, *packages, *libraries, *crates(target)], key=lambda part: part["bom-ref"]),
    }


def crates(target):
    """The crates that the shipped programs are made of: dependencies for this target, without those of tests and builds."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    waiting = [key for key, package in packages.items() if package["name"] in SHIPPED]
    reached = set(waiting)
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            shipped = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if shipped and dependency["pkg"] not in reached:
                reached.add(dependency["pkg"])
                waiting.append(dependency["pkg"])
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    sums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    return [crate(packages[key], sums) for key in reached if packages[key]["source"]]


def crate(package, sums):
    name, version = package["name"], package["version"]
    found = component(name, version, f"pkg:cargo/{name}@{version}")
    found["hashes"] = [{"alg": "SHA-256", "content": sums[name, version]}]
    if package.get("license"):
        # An older way to write OR, which SPDX does not know.
        found["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    return found


def file(path):
    digest = {"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}
    return {"type": "file", "bom-ref": f"file:lib/{path.name}", "name": path.name, "hashes": [digest]}


def component(name, version, purl, kind="library"):
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()

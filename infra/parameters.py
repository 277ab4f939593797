"""The parameters of a deployment: what samconfig.toml sets, what make deploy finds out, and template.yaml's defaults for the rest.

SAM tells CloudFormation to keep the value of a parameter that it is not given. So all are given: then a line that is removed from
samconfig.toml has no effect any more, and a new default of the template reaches a stack that exists already. They go through a
file, in which quotes, spaces and `&` mean nothing to make and the shell.
"""

import json
import pathlib
import re
import tomllib

from samcli.yamlhelper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
CONFIG = ROOT / "samconfig.toml"


class Wrong(Exception):
    """What is wrong with samconfig.toml, and what to write there."""


def given(env):
    """What samconfig.toml sets for this deployment, by name. A value is all that follows the first `=`, as it is written."""
    sections = tomllib.loads(CONFIG.read_text())
    deployments = sorted(name for name, section in sections.items() if isinstance(section, dict) and "deploy" in section)
    if env not in deployments:
        raise Wrong(f"{CONFIG.name} has no deployment {env}. Set ENV to one of {', '.join(deployments)}, or add a section")
    lines = sections[env]["deploy"]["parameters"].get("parameter_overrides", [])
    if not isinstance(lines, list) or not all(isinstance(line, str) and re.match(r"\w+=", line) for line in lines):
        raise Wrong(f'parameter_overrides of {env} in {CONFIG.name} must be a list like ["LogDays=7", "LogLevel=debug"]')
    return dict(line.split("=", 1) for line in lines)


def defaults():
    """What template.yaml takes for a parameter that is not set."""
    every = yaml_parse((ROOT / "template.yaml").read_text())["Parameters"]
    return {name: str(each["Default"]) for name, each in every.items()}


def mistakes(given, arch):
    """Findings on what samconfig.toml sets that the template does not have, or that this build is not for."""
    for name in sorted(given.keys() - defaults().keys()):
        yield "error", f"template.yaml has no parameter {name}: correct its name in samconfig.toml, or remove it there"
    if given.get("Architecture", arch) != arch:
        yield "error", (f"samconfig.toml sets Architecture={given['Architecture']}, and this builds for {arch}. Run make deploy with "
                        f"ARCH={given['Architecture']}, or remove it there")


def every(given, found):
    """All parameters of the template: what is given, else what was found out, else the default."""
    return defaults() | found | given


def text(parameters):
    """The parameters as a file that `sam deploy --parameter-overrides file://…` reads."""
    # SAM unescapes what it reads from a file, and then again what the option has that names the file.
    return "".join(f"{name}: {json.dumps(escaped(escaped(value)), ensure_ascii=False)}\n" for name, value in parameters.items())


def escaped(value):
    """What SAM makes this value of: it takes away backslashes before spaces and quotes, and quotes around the whole."""
    return re.sub(r"""([ "'])""", r"\\\1", value)

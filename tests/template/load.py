"""Reads the templates as plain data, with short forms unresolved: `!Sub x` becomes {"Sub": "x"}."""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms."""


def _short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix: value}


Loader.add_multi_constructor("!", _short_form)


def load(path):
    """The data of a file; the path is relative to the root of the checkout."""
    return yaml.load((ROOT / path).read_text(), Loader)


TEMPLATE = load("template.yaml")
NETWORK = load("infra/network.yaml")
LOCAL = load("infra/local.yaml")
ALARMS = load("infra/alarms.yaml")
FIREWALL = load("infra/firewall.yaml")
API = load("infra/openapi.yaml")
RESOURCES = TEMPLATE["Resources"]


def as_list(value):
    """A list as it is, one value in a list, and of an `!If` both values."""
    if isinstance(value, dict) and "If" in value:
        return value["If"][1:]
    return value if isinstance(value, list) else [value]


def name_of(value):
    """An ARN or action as a string: `{"Sub": "${Bucket.Arn}/keys/*"}` is `${Bucket.Arn}/keys/*`, `GetAtt X` is `X`."""
    if isinstance(value, dict):
        (value,) = value.values()
    return value


def properties(name):
    return RESOURCES[name]["Properties"]


def of_type(kind, resources=RESOURCES):
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def statements(document):
    """The statements of a policy, including those under !If."""
    for statement in document["Statement"]:
        yield statement["If"][1] if "If" in statement else statement

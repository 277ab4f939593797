"""The template as CloudFormation gets it: translated by SAM, with the API's body and the nested stacks, for given parameters.

    translate.py FOLDER    writes each combination of parameters there: as one template, as nested stacks, and its policies
"""

import json
import logging
import os
import pathlib
import re
import sys

os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
QUEUE = "arn:aws:sqs:us-east-1:123456789012:results"
ACL = "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/ours/1a2b3c"
# What deployments set: each condition of the template is true in one of these and false in another one.
COMBINATIONS = {
    "dedicated": {"S3PrefixListId": "pl-1a2b3c"},
    "shared": {"Isolation": "shared"},
    "shared-jobs": {"Isolation": "shared", "JobQueue": "create", "ExecuteConcurrency": 0, "GatewayLogRole": "existing"},
    "all": {"S3PrefixListId": "pl-1a2b3c", "TenantScope": "member", "JobQueue": "create", "ClientRequestsPerDay": 1000,
            "AsyncSuccessQueueArn": QUEUE, "AsyncFailureQueueArn": QUEUE, "JwtIssuer": "https://id.example.com",
            "JwtAudience": "sandcastle", "AlarmTopicArn": "arn:aws:sns:us-east-1:123456789012:alarms",
            "LogLevel": "debug", "WebAcl": "create", "FlowLogs": "all", "InterpreterConcurrency": 200},
    "jobs": {"S3PrefixListId": "pl-1a2b3c", "JobQueue": "create", "TenantScope": "member", "MemoryMb": 4096, "LogDays": 7},
    "full": {"S3PrefixListId": "pl-1a2b3c", "Packages": "full",
             "ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sandcastle@sha256:1a2b3c", "InterpreterConcurrency": 200},
    "zones": {"S3PrefixListId": "pl-1a2b3c", "FirstZone": "us-east-1b", "SecondZone": "us-east-1c", "FlowLogs": "none", "WebAcl": ACL},
}
NO_VALUE = object()
logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it remarks on feature toggles


def read(path):
    return yaml_parse((ROOT / path).read_text())


def translated(parameters, code="s3://bucket/code.zip"):
    """The template after AWS::Include and SAM. `code` stands for the archives that `sam package` uploads."""
    template = read("template.yaml")
    for resource in template["Resources"].values():
        for name in {"CodeUri", "ContentUri"} & set(resource.get("Properties", {})):
            resource["Properties"][name] = code
    body = template["Resources"]["Api"]["Properties"]
    location = body["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"]
    body["DefinitionBody"] = yaml.safe_load((ROOT / location).read_text())
    return Translator({}, Parser()).translate(template, dict(parameters))


class Scope:
    """Parameters and conditions of one template, and the resources of its nested stacks beside its own."""

    def __init__(self, template, given, prefix=""):
        self.template, self.prefix = template, prefix
        defaults = {name: each["Default"] for name, each in template.get("Parameters", {}).items() if "Default" in each}
        self.parameters = defaults | given
        for name in (name for name, each in template.get("Parameters", {}).items() if each["Type"] == "Number"):
            self.parameters[name] = int(self.parameters[name])  # Fn::Sub makes a text of it
        self.outputs = {}

    def holds(self, condition):
        return self.truth(self.template["Conditions"][condition])

    def truth(self, test):
        ((function, operands),) = test.items()
        match function:
            case "Fn::Equals":
                left, right = map(self.value, operands)
                return str(left) == str(right)
            case "Fn::Not":
                return not self.truth(operands[0])
            case "Fn::And":
                return all(map(self.truth, operands))
            case "Fn::Or":
                return any(map(self.truth, operands))
            case "Condition":
                return self.holds(operands)
        raise ValueError(f"unknown condition {test}")

    def value(self, node):
        """The value, with parameters and conditions applied; references to resources stay."""
        if isinstance(node, list):
            return [each for each in map(self.value, node) if each is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        match list(node.items()):
            case [("Fn::If", [condition, then, otherwise])]:
                return self.value(then if self.holds(condition) else otherwise)
            case [("Ref", "AWS::NoValue")]:
                return NO_VALUE
            case [("Ref", name)]:
                return self.parameters[name] if name in self.parameters else {"Ref": self.named(name)}
            case [("Fn::GetAtt", [name, attribute])]:
                of_nested = self.outputs.get(name, {})
                return of_nested[attribute] if attribute in of_nested else {"Fn::GetAtt": [self.named(name), attribute]}
            case [("Fn::Sub", str(text))]:
                return self.text(text)
        pairs = ((key, self.value(each)) for key, each in node.items())
        return {key: each for key, each in pairs if each is not NO_VALUE}

    def named(self, name):
        return name if name.startswith("AWS::") else self.prefix + name

    def text(self, text):
        """`Fn::Sub`: a parameter may itself be a reference to a resource of the outer stack."""
        references = {}

        def fill(found):
            name, _, attribute = found[1].partition(".")
            value = self.value({"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name})
            if not isinstance(value, dict):
                return str(value)
            ((_, target),) = value.items()
            target = target if isinstance(target, str) else ".".join(target)
            references[target] = value
            return f"${{{target}}}"

        filled = re.sub(r"\$\{([^!}]+)\}", fill, text)
        return {"Fn::Sub": filled} if references else filled

    def resources(self):
        """All resources that exist, by name; a nested stack's have its name before theirs."""
        found = {}
        order = sorted(self.template["Resources"].items(), key=lambda item: item[1]["Type"] != "AWS::CloudFormation::Stack")
        for name, resource in order:
            if "Condition" in resource and not self.holds(resource["Condition"]):
                continue
            if resource["Type"] == "AWS::CloudFormation::Stack":
                properties = resource["Properties"]
                nested = Scope(read(properties["TemplateURL"]), self.value(properties["Parameters"]), name)
                found |= nested.resources()
                outputs = nested.template.get("Outputs", {})
                self.outputs[name] = {f"Outputs.{key}": nested.value(each["Value"]) for key, each in outputs.items()}
                continue
            kept = {key: each for key, each in resource.items() if key not in ("Condition", "Metadata")}
            if "DependsOn" in kept:
                depends = kept["DependsOn"] if isinstance(kept["DependsOn"], list) else [kept["DependsOn"]]
                kept["DependsOn"] = [self.named(each) for each in depends]
            found[self.named(name)] = self.value(kept)
        return found


def flat(parameters, **options):
    """The stack with its nested stacks as one template, without parameters and conditions."""
    scope = Scope(translated(parameters, **options), parameters)
    resources = scope.resources()
    existing = {name: each for name, each in scope.template["Outputs"].items()
                if "Condition" not in each or scope.holds(each["Condition"])}
    outputs = {name: {"Value": scope.value(each["Value"])} for name, each in existing.items()}
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, "Outputs": outputs}


def references(node):
    """The names of the resources that a value refers to."""
    if isinstance(node, dict):
        for key, each in node.items():
            if key == "Ref":
                yield each
            elif key == "Fn::GetAtt":
                yield each[0]
            elif key == "DependsOn":
                yield from each
            elif key == "Fn::Sub":
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", each))
            else:
                yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, parameters in COMBINATIONS.items():
        (folder / f"{name}.json").write_text(json.dumps(flat(parameters), indent=1))


if __name__ == "__main__":
    main()

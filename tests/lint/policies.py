"""Checks the grammar of every IAM policy of the translated templates with parliament.

    policies.py FILE...    the files of tests/template/translate.py
"""

import json
import pathlib
import re
import sys
import warnings

warnings.filterwarnings("ignore", message="pkg_resources")

import parliament

ARNS = {"AWS::S3::Bucket": "arn:aws:s3:::{}", "AWS::IAM::Role": "arn:aws:iam::123456789012:role/{}",
        "AWS::Lambda::Function": "arn:aws:lambda:us-east-1:123456789012:function:{}",
        "AWS::SQS::Queue": "arn:aws:sqs:us-east-1:123456789012:{}"}
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::StackName": "sandcastle"}
# Actions that support no resources are allowed on all; tests/template/roles.py has the reviewed list of such actions.
MEANT = {"RESOURCE_STAR"}
# Lambda wants these allowed on `*/*` (configuration-vpc.html), which is more than the resources that they have.
ON_EVERYTHING = {"ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}


def concrete(node, resources):
    """The value as in a stack, with made-up names."""
    if isinstance(node, list):
        return [concrete(each, resources) for each in node]
    if not isinstance(node, dict):
        return node
    match list(node.items()):
        case [("Ref", name)]:
            return PSEUDO.get(name, name.lower())
        case [("Fn::GetAtt", [name, "Arn"])]:
            return ARNS[resources[name]["Type"]].format(name.lower())
        case [("Fn::Sub", text)]:
            again = lambda found: concrete({"Fn::GetAtt": found[1].split(".")} if "." in found[1] else {"Ref": found[1]}, resources)
            return re.sub(r"\$\{([^}]+)\}", again, text)
    return {key: concrete(each, resources) for key, each in node.items()}


def policies(resources):
    """Name and document of every policy; without trust policies, which parliament does not know."""
    for name, resource in resources.items():
        properties = resource["Properties"]
        for key in ("PolicyDocument", "Policy"):
            if isinstance(properties.get(key), dict):
                yield name, properties[key]
        for each in properties.get("Policies", []):
            yield f"{name}/{each['PolicyName']}", each["PolicyDocument"]


def meant(finding):
    if finding.issue == "RESOURCE_MISMATCH":
        return {each["action"] for each in finding.detail} <= ON_EVERYTHING
    return finding.issue in MEANT


def main():
    wrong = checked = 0
    for path in map(pathlib.Path, sys.argv[1:]):
        resources = json.loads(path.read_text())["Resources"]
        for name, document in policies(resources):
            checked += 1
            for finding in parliament.analyze_policy_string(json.dumps(concrete(document, resources))).findings:
                if not meant(finding):
                    wrong += 1
                    print(f"{path.name}: {name}: {finding.issue} {finding.detail}")
    print(f"parliament: {checked} policies checked, {wrong} findings")
    sys.exit(1 if wrong or not checked else 0)


if __name__ == "__main__":
    main()

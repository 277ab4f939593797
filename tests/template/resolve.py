"""Prints the template's roles and bucket policy as JSON, resolved as in a stack: role -> arn, policies, trust.

    resolve.py BUCKET
"""

import json
import re
import sys

from load import RESOURCES, of_type, properties

ACCOUNT = "123456789012"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": ACCOUNT, "AWS::StackName": "sandcastle"}
ABSENT = object()
# The conditions that are true with the default parameters.
TRUE_CONDITIONS = {"Dedicated"}


def arn(name, bucket):
    kind = RESOURCES[name]["Type"]
    if kind == "AWS::S3::Bucket":
        return f"arn:aws:s3:::{bucket}"
    if kind == "AWS::IAM::Role":
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def resolved(value, bucket):
    """The value with its intrinsic functions applied."""
    again = lambda inner: resolved(inner, bucket)
    if isinstance(value, list):
        return [each for each in map(again, value) if each is not ABSENT]
    if not isinstance(value, dict):
        return value
    match list(value.items()):
        case [("If", [condition, then, otherwise])]:
            return again(then if condition in TRUE_CONDITIONS else otherwise)
        case [("Ref", "AWS::NoValue")]:
            return ABSENT
        case [("Ref", name)]:
            return PSEUDO[name]
        case [("GetAtt", attribute)] if attribute.endswith(".Arn"):
            return arn(attribute.removesuffix(".Arn"), bucket)
        case [("Sub", text)]:
            fill = lambda m: arn(m[1].removesuffix(".Arn"), bucket) if m[1].endswith(".Arn") else PSEUDO[m[1]]
            return re.sub(r"\$\{([^}]+)\}", fill, text)
        case [("GetAtt" | "Join" | "Select", _)]:
            raise ValueError(f"cannot resolve {value}")
    return {key: again(each) for key, each in value.items()}


def role(name, bucket):
    inline = [policy["PolicyDocument"] for policy in properties(name)["Policies"]]
    attached = [policy["Properties"]["PolicyDocument"] for policy in of_type("AWS::IAM::Policy").values()
                if {"Ref": name} in policy["Properties"]["Roles"]]
    return {"arn": arn(name, bucket), "policies": resolved(inline + attached, bucket),
            "trust": resolved(properties(name)["AssumeRolePolicyDocument"], bucket)}


if __name__ == "__main__":
    roles = {name: role(name, sys.argv[1]) for name in ("ExecuteRole", "InterpreterRole", "SandboxRole")}
    print(json.dumps({"roles": roles, "bucket": resolved(properties("BucketPolicy")["PolicyDocument"], sys.argv[1])}))

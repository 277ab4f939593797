"""Prints the template's roles, bucket policy and endpoint as JSON, resolved as in a stack: role -> arn, policies, trust.

    resolve.py BUCKET
"""

import json
import re
import sys

from load import RESOURCES, of_type, properties

ACCOUNT = "123456789012"
PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": ACCOUNT, "AWS::StackName": "sandcastle"}
# What the network of a stack has. Requests from inside come through the endpoint.
IDS = {"Network.Outputs.S3Endpoint": "vpce-0123", "Network.Outputs.SubnetA": "subnet-0a", "Network.Outputs.SubnetB": "subnet-0b",
       "Network.Outputs.SecurityGroup": "sg-0123"}
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


def named(reference, bucket):
    """A pseudo parameter, the ARN of a resource, or an output of a nested stack, which is an id of something in it."""
    if reference in PSEUDO:
        return PSEUDO[reference]
    if ".Outputs." in reference:
        return IDS[reference]
    return arn(reference.removesuffix(".Arn"), bucket)


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
        case [("GetAtt", attribute)] if attribute.endswith(".Arn") or ".Outputs." in attribute:
            return named(attribute, bucket)
        case [("Sub", text)]:
            return re.sub(r"\$\{([^}]+)\}", lambda found: named(found[1], bucket), text)
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
    bucket = resolved(properties("BucketPolicy")["PolicyDocument"], sys.argv[1])
    print(json.dumps({"roles": roles, "bucket": bucket, "endpoint": IDS["Network.Outputs.S3Endpoint"]}))

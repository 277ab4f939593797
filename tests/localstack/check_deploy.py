"""Makes, updates and deletes the stack in LocalStack, as `make check-deploy`; docs/deploy.md lists what that cannot tell.

The template is the one that SAM makes, with its nested stacks in it, in the combinations of parameters of tests/template.
Each step must end well, with exactly the resources that the template has for those parameters.
"""

import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import zipfile

import boto3
import yaml
from botocore.config import Config

from stand_in import localstack

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/template"))

import translate

STACK, BUCKET = "sandcastle", "packages"
# What each stack is made with, and then changed to. LocalStack cannot change the API of a stack: it makes a second stage. Nor
# does it delete what an update has added, so that comes last.
STACKS = (("all",), ("shared",), ("zones",), ("dedicated", "jobs"))
# LocalStack has no such resources; it passes over them.
LEFT_OUT = ("AWS::Route53Resolver::", "AWS::WAFv2::", "AWS::EC2::FlowLog")
STEP_SECONDS = 300


def clients(environment):
    region, url = environment["AWS_DEFAULT_REGION"], environment["AWS_ENDPOINT_URL"]
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})
    return lambda service: boto3.client(service, region_name=region, endpoint_url=url, config=config, **keys)


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr("bootstrap", "#!/bin/sh\n")
    return out.getvalue()


def finished(cloudformation, wanted):
    """Waits for the end of an operation on the stack."""
    deadline = time.monotonic() + STEP_SECONDS
    while time.monotonic() < deadline:
        (stack,) = cloudformation.describe_stacks(StackName=cloudformation.stack)["Stacks"]
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(0.5)
    assert stack["StackStatus"] == wanted, f"{stack['StackStatus']} {stack.get('StackStatusReason')}"
    return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}


def deploy(client, cloudformation, combination, first):
    parameters = translate.COMBINATIONS[combination]
    template = translate.flat(parameters, code=f"s3://{BUCKET}/code.zip")
    client("s3").put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template))
    arguments = {"StackName": STACK, "TemplateURL": f"https://s3.amazonaws.com/{BUCKET}/template.json", "Capabilities": ["CAPABILITY_IAM"]}
    operation = cloudformation.create_stack if first else cloudformation.update_stack
    cloudformation.stack = operation(**arguments)["StackId"]
    outputs = finished(cloudformation, "CREATE_COMPLETE" if first else "UPDATE_COMPLETE")
    found = {each["LogicalResourceId"]: each["ResourceStatus"]
             for each in cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]}
    left_out = {name for name, each in template["Resources"].items() if each["Type"].startswith(LEFT_OUT)}
    assert set(found) - left_out == set(template["Resources"]) - left_out, set(found) ^ set(template["Resources"])
    failed = {each["LogicalResourceId"]: each.get("ResourceStatusReason")
              for each in cloudformation.describe_stack_events(StackName=STACK)["StackEvents"] if "FAILED" in each["ResourceStatus"]}
    assert not failed, failed
    assert set(outputs) == set(template["Outputs"]), f"outputs {outputs}"
    print(f"  {len(found) - len(left_out)} resources, {len(left_out)} left out", flush=True)
    return outputs


def check_stage(client, outputs, quota):
    """The API is deployed, validates no bodies, and asks for its key exactly if there is a quota."""
    api, stage = outputs["Url"].split("//")[1].split(".")[0], outputs["Url"].rsplit("/", 1)[1]
    gateway = client("apigateway")
    assert gateway.get_stage(restApiId=api, stageName=stage)["deploymentId"]
    routes = {each["path"]: each for each in gateway.get_resources(restApiId=api, limit=500)["items"]}
    execute = gateway.get_method(restApiId=api, resourceId=routes["/v2/sandcastles/{id}/execute"]["id"], httpMethod="POST")
    assert execute["apiKeyRequired"] is quota and not execute.get("requestValidatorId"), execute
    assert gateway.get_account()["cloudwatchRoleArn"], "no role for access logs"


def run(script, environment, *arguments):
    """What `make deploy` runs before and after, against the same stand-in."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | environment
    command = [sys.executable, "-B", str(ROOT / "infra" / script), "--region", environment["AWS_DEFAULT_REGION"], "--stack", STACK]
    out = subprocess.run([*command, *arguments], env=given, capture_output=True, text=True, timeout=120)
    assert out.returncode == 0, out.stdout + out.stderr
    return out.stdout


def check_account(environment):
    """The account can be looked at, and a role for access logs that this stack has made is not taken for a foreign one."""
    with tempfile.NamedTemporaryFile("r") as written:
        told = run("account.py", environment, "--env", "prod", "--arch", "x86_64", "--out", written.name)
        parameters = yaml.safe_load(written)
    assert "could not look up" not in told, told
    assert parameters["S3PrefixListId"].startswith("pl-") and parameters["GatewayLogRole"] == "create", parameters


def check_firewall(client, environment, outputs):
    """The firewall is told to fail closed, also where somebody has set it to fail open."""
    resolver, vpc = client("route53resolver"), outputs.get("Vpc")
    if vpc:
        resolver.update_firewall_config(ResourceId=vpc, FirewallFailOpen="ENABLED")
    told = run("fail_closed.py", environment)
    assert (f"{vpc} fails closed" if vpc else "there is no DNS firewall") in told, told
    if vpc:
        assert resolver.get_firewall_config(ResourceId=vpc)["FirewallConfig"]["FirewallFailOpen"] == "DISABLED"


def delete(cloudformation):
    cloudformation.delete_stack(StackName=STACK)
    finished(cloudformation, "DELETE_COMPLETE")


def check_gone(client):
    """Nothing of the stack is left. LocalStack also deletes what a DeletionPolicy retains."""
    for service, operation, key in (("lambda", "list_functions", "Functions"), ("apigateway", "get_rest_apis", "items"),
                                    ("sqs", "list_queues", "QueueUrls"), ("cloudwatch", "describe_alarms", "MetricAlarms"),
                                    ("logs", "describe_log_groups", "logGroups")):
        left = getattr(client(service), operation)().get(key, [])
        assert not left, f"the stack left {service}: {left}"


def life(client, cloudformation, environment, combinations):
    for number, combination in enumerate(combinations):
        print(f"{'updates' if number else 'makes'} the stack: {combination}", flush=True)
        outputs = deploy(client, cloudformation, combination, number == 0)
        if number == 0:
            check_stage(client, outputs, combination == "all")
    assert outputs["Url"] in run("outcome.py", environment)
    check_firewall(client, environment, outputs)
    check_account(environment)
    print("deletes it", flush=True)
    delete(cloudformation)
    if len(combinations) == 1:
        check_gone(client)


def main():
    print("starts LocalStack", flush=True)
    with localstack() as (environment, log):
        client = clients(environment)
        cloudformation = client("cloudformation")
        client("s3").create_bucket(Bucket=BUCKET)
        client("s3").put_object(Bucket=BUCKET, Key="code.zip", Body=archive())
        try:
            print("checks the account", flush=True)
            check_account(environment)
            for combinations in STACKS:
                life(client, cloudformation, environment, combinations)
        except Exception:
            print("".join(f"  {line}\n" for line in log.read_text().splitlines() if " INFO " not in line)[-6000:])
            raise
    print("LocalStack made, updated and deleted the stack")


if __name__ == "__main__":
    main()

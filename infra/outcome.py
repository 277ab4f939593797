"""Says how a deployment ended: the URL and the first commands; or, with --failed, what AWS refused and what to set.

    outcome.py --region REGION --stack NAME [--env ENV] [--failed | --url]

With --url, only the URL. ENV is the section of samconfig.toml, for the commands.
"""

import argparse
import re
import sys

import boto3
from botocore.exceptions import ClientError

import lookup

DONE = """
The API is at {Url}

Make the first API key. It is printed once:
  make key ENV={env} REGION={region} ORG=acme MEMBER=ann NAME=first

Start a sandbox with it:
  curl -s -X POST {Url}/v2/sandcastles -H "Authorization: Bearer $KEY"

More: docs/deploy.md#the-first-call"""
# What AWS says, and what to do about it.
ADVICE = {
    r"[Tt]enancy config|[Tt]enant isolation": "Lambda refuses tenant isolation to this account. Ask AWS's support to allow it; or, for one "
                                              "trusted tenant only, set Isolation=shared (docs/deploy.md#accounts)",
    r"UnreservedConcurrentExecution": "The account's quota is too low for the reservations. Set a lower ExecuteConcurrency and "
                                      "InterpreterConcurrency, or 0 for none",
    r"availability zone Lambda doesn't support": "Set FirstZone and SecondZone to other zones of the region",
    r"maximum number of VPCs|VpcLimitExceeded": "Delete a VPC, or raise the quota of VPCs (vpc, L-F678F1CE)",
    r"CloudWatch Logs role ARN must be set": "Set GatewayLogRole=create. If it is, deploy again: the role takes some time to be known",
    r"does not have permissions to call CreateNetworkInterface": "Lambda asks for more than the statement MakeNetworkInterfaces of InterpreterRole "
                                                                 "allows. Set its Resource to '*' in template.yaml. The Deny after it still keeps "
                                                                 "code from making interfaces with the credentials that it sees",
    r"not authorized to perform|AccessDenied": "These credentials lack that permission; an administrator's have it",
}
# The events that only follow from another failure.
FOLLOWS = re.compile(r"cancelled|The following resource\(s\) failed|Embedded stack .* was not successfully|^None$")


def failures(client, stack):
    """What failed last time in a stack and its nested stacks, oldest first, as (resource, reason)."""
    found = []
    for event in client.describe_stack_events(StackName=stack)["StackEvents"]:  # newest first
        own = event["PhysicalResourceId"] == event["StackId"]
        if own and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"):
            break
        if not event["ResourceStatus"].endswith("_FAILED"):
            continue
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and not own and event.get("PhysicalResourceId"):
            found = failures(client, event["PhysicalResourceId"]) + found
        reason = str(event.get("ResourceStatusReason"))
        if not FOLLOWS.search(reason):
            found.insert(0, (event["LogicalResourceId"], reason))
    return found


def advice(reason):
    return next((text for pattern, text in ADVICE.items() if re.search(pattern, reason)), None)


def unconfirmed(client, stack):
    """Whether a changeset of the stack waits: whoever deploys has said no. All are deleted when one is executed."""
    try:
        waiting = client.list_change_sets(StackName=stack)["Summaries"]
    except ClientError:
        return False  # it may not be looked up
    return any(each["ExecutionStatus"] == "AVAILABLE" for each in waiting)


def explain(client, stack, where):
    try:
        found = failures(client, stack)
    except ClientError as error:
        found = [(stack, str(error))]
    print("\nThe deployment failed:")
    for resource, reason in found or [(stack, "see the messages above")]:
        print(f"  {resource}: {reason}")
        if advice(reason):
            print(f"    {advice(reason)}")
    print(f"Then run make deploy {where} again. If this was the first deployment of the stack, run make destroy {where} before it.")


def main():
    arguments = argparse.ArgumentParser(description="says how a deployment ended")
    arguments.add_argument("--region", required=True)
    arguments.add_argument("--stack", required=True)
    arguments.add_argument("--env", default="dev")
    arguments.add_argument("--failed", action="store_true")
    arguments.add_argument("--url", action="store_true")
    arguments = arguments.parse_args()
    client = boto3.Session(region_name=arguments.region).client("cloudformation")
    if arguments.failed:
        explain(client, arguments.stack, f"ENV={arguments.env} REGION={arguments.region}")
        return
    outputs = lookup.outputs(client, arguments.stack)
    if "Url" not in outputs:
        sys.exit(f"there is no deployment {arguments.stack} in {arguments.region}. Run make deploy ENV={arguments.env} REGION={arguments.region}")
    if arguments.url:
        print(outputs["Url"])
    elif unconfirmed(client, arguments.stack):
        sys.exit(f"\nNothing was changed, as the changeset was not confirmed. The API is at {outputs['Url']} as before")
    else:
        print(DONE.format(env=arguments.env, region=arguments.region, **outputs))


if __name__ == "__main__":
    main()

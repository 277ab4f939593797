"""Runs a command on the API keys of a deployment, such as the one that makes the first key.

    key.py --region REGION --stack NAME --program SANDCASTLE -- create --org acme --member ann --name first

The command gets the deployment's bucket, and credentials from wherever boto3 finds them: it knows more sources than the SDK of the
program, among them IAM Identity Center (aws sso login). `make key` runs it.
"""

import argparse
import os
import sys

import boto3
from botocore.exceptions import BotoCoreError, ClientError

import lookup


def bucket(session, stack):
    """The name of the deployment's bucket."""
    outputs = lookup.outputs(lookup.client(session, "cloudformation"), stack)
    if "Bucket" not in outputs:
        sys.exit(f"there is no deployment {stack} in {session.region_name}. Run make deploy with the same ENV and REGION first")
    return outputs["Bucket"]


def environment(session):
    """This environment with the credentials in it: not on a command line, which other users of the machine can read."""
    credentials = session.get_credentials().get_frozen_credentials()
    found = {name: value for name, value in os.environ.items() if name not in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")}
    found |= {"AWS_REGION": session.region_name, "AWS_ACCESS_KEY_ID": credentials.access_key, "AWS_SECRET_ACCESS_KEY": credentials.secret_key}
    return found | ({"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {})


def main():
    arguments = argparse.ArgumentParser(description="runs a command on the API keys of a deployment")
    for name in ("--region", "--stack", "--program"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("command", nargs="+")
    arguments = arguments.parse_args()
    if not arguments.region:
        sys.exit("no region is set: give REGION=..., or set AWS_REGION, or a region in the profile of AWS_PROFILE")
    try:
        session = boto3.Session(region_name=arguments.region)
        command = [arguments.program, "keys", "--bucket", bucket(session, arguments.stack), *arguments.command]
        variables = environment(session)
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"could not look at the deployment {arguments.stack} in {arguments.region}: {error}. Set AWS_PROFILE, or run aws configure "
                 "or aws sso login")
    os.execve(command[0], command, variables)


if __name__ == "__main__":
    main()

"""Makes the DNS firewall of a deployment fail closed: while it does not answer, code can look up no name at all.

    fail_closed.py --region REGION --stack NAME

That is AWS's default (API_route53resolver_UpdateFirewallConfig.html), which this sets explicitly, because CloudFormation cannot.
With Isolation=shared there is no such firewall. `make deploy` runs it.
"""

import argparse
import sys

import boto3
from botocore.exceptions import ClientError

import lookup


def close(session, stack):
    """What was done, as a line."""
    outputs = lookup.outputs(session.client("cloudformation"), stack)
    if "Url" not in outputs:  # SAM takes a no for an answer, and ends well
        sys.exit("nothing was deployed, as the changeset was not confirmed. Run make deploy again to confirm it")
    vpc = outputs.get("Vpc")
    if vpc is None:
        return "there is no DNS firewall, as Isolation is shared"
    session.client("route53resolver").update_firewall_config(ResourceId=vpc, FirewallFailOpen="DISABLED")
    return f"the DNS firewall of {vpc} fails closed"


def main():
    arguments = argparse.ArgumentParser(description="makes the DNS firewall of a deployment fail closed")
    arguments.add_argument("--region", required=True)
    arguments.add_argument("--stack", required=True)
    arguments = arguments.parse_args()
    try:
        print(f"  ok: {close(boto3.Session(region_name=arguments.region), arguments.stack)}")
    except ClientError as error:
        sys.exit(f"could not say that the DNS firewall fails closed: {error}. Allow route53resolver:UpdateFirewallConfig, and deploy again")


if __name__ == "__main__":
    main()

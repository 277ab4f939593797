"""Looks at an AWS account before a deployment: says what will not work there and what to set, and finds parameters.

    account.py --region REGION --stack NAME --out FILE [PARAMETER=VALUE ...]

The parameters are those of the deployment. FILE gets the ones that depend on the account. Exits with 1 if the deployment would
fail. Only reads; what it may not read, it names and leaves out. `make deploy` runs it with the boto3 of the tests' tools.
"""

import argparse
import pathlib
import sys

import lookup

# Lambda keeps this much of the account's concurrency for functions without a reservation (configuration-concurrency.html).
UNRESERVED = 100
# Tenant environments for each 1,000 of concurrency (tenant-isolation.html).
TENANTS_PER_1000 = 2500
# The commercial regions that have no tenant isolation (tenant-isolation.html).
WITHOUT_TENANTS = {"ap-southeast-6"}
# Zones in which Lambda takes no subnet ("the provided subnets contain availability zone Lambda doesn't support").
WITHOUT_LAMBDA = {"use1-az3"}
# VPCs of a region, unless the quota was raised (amazon-vpc-limits.html).
VPCS = 5
# States of a stack that cannot be updated, only deleted (stack-failure-options.html).
BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}
RAISE = ("aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
         "--desired-value 1000 --region {region}")


def quota(facts, given):
    """Findings on concurrency. A reservation that this stack already has counts as free."""
    if "quota" not in facts:
        return
    reserve = int(given.get("ExecuteConcurrency", 100))
    free = facts["unreserved"] + facts.get("reserved_here", 0)
    left = free - reserve
    more = "or raise the quota: " + RAISE.format(region=facts["region"])
    if reserve and left < UNRESERVED:
        most = max(free - UNRESERVED, 0)
        yield "error", (f"Lambda would refuse ExecuteConcurrency={reserve}: {free} of {facts['quota']} concurrent executions are "
                        f"free, and {UNRESERVED} must stay. Set ExecuteConcurrency={most} in samconfig.toml, {more}")
        left = free - most
    dedicated = given.get("Isolation", "dedicated") == "dedicated"
    at_once = min(reserve or free // 2, left) if dedicated else reserve or free
    text = f"at most {at_once} executions at once"
    if dedicated:
        tenants = left * TENANTS_PER_1000 // 1000
        text += f", about {tenants} sandboxes with a live kernel (busy or idle); callers above that get 429"
    few = dedicated and tenants < 100
    yield ("warning", f"{text}. Set TenantScope=member, which needs one environment for each member, {more}") if few else ("ok", text)


def region(facts, given):
    if given.get("Isolation", "dedicated") != "dedicated":
        return
    name = facts["region"]
    if name in WITHOUT_TENANTS or name.startswith(("cn-", "us-gov-", "us-iso")):
        yield "error", (f"Lambda has no tenant isolation in {name}. Take another region, or, for one trusted tenant only, "
                        "Isolation=shared (docs/deploy.md#accounts)")


def network(facts, given, found):
    """Findings on the VPC, and the parameters S3PrefixListId, FirstZone and SecondZone."""
    if given.get("Isolation", "dedicated") != "dedicated":
        return
    if "S3PrefixListId" not in given:
        if facts.get("prefix_list"):
            found["S3PrefixListId"] = facts["prefix_list"]
            yield "ok", f"prefix list of S3 is {facts['prefix_list']}"
        else:
            yield "error", (f"found no managed prefix list com.amazonaws.{facts['region']}.s3: is the region right, and is "
                            "ec2:DescribeManagedPrefixLists allowed? Else set S3PrefixListId")
    zones = facts.get("zones")
    if zones and "FirstZone" not in given:
        usable = [name for name, zone in sorted(zones.items()) if zone not in WITHOUT_LAMBDA]
        if len(usable) < 2:
            yield "error", f"Lambda needs subnets in two zones, and {facts['region']} has {len(usable)} for it"
        elif usable[:2] != sorted(zones)[:2]:
            found["FirstZone"], found["SecondZone"] = usable[:2]
            yield "ok", f"Lambda does not support the first zones here; takes {usable[0]} and {usable[1]}"
    if not facts.get("stack") and facts.get("vpcs", 0) >= VPCS:
        yield "warning", (f"the region has {facts['vpcs']} VPCs, and the stack makes another one. The quota is {VPCS} unless it was "
                          "raised (vpc, L-F678F1CE)")


def log_role(facts, given, found):
    """Leaves alone a role for access logs that is not this stack's, if it still exists."""
    role = facts.get("log_role")
    if not role or "GatewayLogRole" in given or f"/{facts['name']}-GatewayRole-" in role:
        return
    found["GatewayLogRole"] = "existing"
    yield "ok", f"API Gateway writes access logs with {role}; leaves it (GatewayLogRole=existing)"


def stack(facts):
    if facts.get("stack") in BROKEN:
        yield "error", (f"the stack {facts['name']} is {facts['stack']}, which cannot be updated. Run make destroy with the same ENV and "
                        "REGION; the bucket stays")


def findings(facts, given):
    """All findings as (level, text), and the parameters that depend on the account."""
    found = {}
    every = [*region(facts, given), *stack(facts), *quota(facts, given), *network(facts, given, found), *log_role(facts, given, found)]
    return every, found


def main():
    arguments = argparse.ArgumentParser(description="says what of a deployment an AWS account would refuse")
    arguments.add_argument("--region", required=True)
    arguments.add_argument("--stack", required=True)
    arguments.add_argument("--out", required=True, type=pathlib.Path)
    arguments.add_argument("parameters", nargs="*")
    arguments = arguments.parse_args()
    given = dict(each.split("=", 1) for each in arguments.parameters)
    refused, facts = lookup.everything(arguments.region, arguments.stack)
    every, found = findings(facts, given) if facts else ([], {})
    every = refused + every
    for level, text in every:
        print(f"  {level}: {text}", flush=True)
    if any(level == "error" for level, _ in every):
        sys.exit("nothing was built or deployed")
    arguments.out.write_text(" ".join(f"{name}={value}" for name, value in found.items()))


if __name__ == "__main__":
    main()

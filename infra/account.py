"""Looks at an AWS account before a deployment: says what will not work there and what to set, and finds parameters.

    account.py --region REGION --env ENV --stack NAME --arch ARCH --out FILE

ENV is the section of samconfig.toml. FILE gets all parameters of the deployment, see parameters.py. Exits with 1 if the
deployment would fail. Only reads; what it may not read, it names and leaves out. `make deploy` runs it with the boto3 of the
tests' tools.
"""

import argparse
import pathlib
import sys

import lookup
import parameters

# Lambda keeps this much of the account's concurrency for functions without a reservation (configuration-concurrency.html).
UNRESERVED = 100
# Tenant environments for each 1,000 of the function's concurrency (tenant-isolation-troubleshooting.html).
TENANTS_PER_1000 = 2500
# The commercial regions that have no tenant isolation (tenant-isolation.html).
WITHOUT_TENANTS = {"ap-southeast-6"}
# Zones in which Lambda takes no subnet ("the provided subnets contain availability zone Lambda doesn't support").
WITHOUT_LAMBDA = {"use1-az3"}
# VPCs of a region, unless the quota was raised (amazon-vpc-limits.html).
VPCS = 5
# States of a stack that cannot be updated, only deleted (stack-failure-options.html).
BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}
# Parameters of template.yaml that are counted with.
DEFAULTS = {"ExecuteConcurrency": 100, "InterpreterConcurrency": 0, "OrgStartsPerHour": 500}
RAISE = ("aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 "
         "--desired-value 1000 --region {region}")


def reservations(given):
    """What the deployment reserves, by parameter."""
    names = ("ExecuteConcurrency", "InterpreterConcurrency") if dedicated(given) else ("ExecuteConcurrency",)
    return {name: int(given.get(name, DEFAULTS[name])) for name in names}


def fitting(wanted, most):
    """Reservations that are `most` together; ExecuteFunction's is kept first, since each call needs one."""
    found = {}
    for name, number in wanted.items():
        found[name] = min(number, most)
        most -= found[name]
    return found


def text_of(numbers):
    return " and ".join(f"{name}={number}" for name, number in numbers.items())


def quota(facts, given):
    """Findings on concurrency. A reservation that this stack already has counts as free."""
    if "quota" not in facts:
        return
    wanted = reservations(given)
    free = facts["unreserved"] + facts.get("reserved_here", 0)
    if sum(wanted.values()) and free - sum(wanted.values()) < UNRESERVED:
        fit = fitting(wanted, max(free - UNRESERVED, 0))
        refused = {name: number for name, number in wanted.items() if number}
        changed = {name: fit[name] for name in refused if fit[name] != refused[name]}
        yield "error", (f"Lambda would refuse {text_of(refused)}: {free} of {facts['quota']} concurrent executions are free, and "
                        f"{UNRESERVED} must stay. Set {text_of(changed)} in samconfig.toml, {more(facts)}")
        wanted = fit
    execute, interpreter = wanted["ExecuteConcurrency"], wanted.get("InterpreterConcurrency", 0)
    if not dedicated(given):
        yield "ok", f"at most {execute or free} executions at once"
        return
    left = free - execute - interpreter
    at_once = min(execute or left, interpreter or left) if execute or interpreter else free // 2
    yield from environments(facts, given, at_once, (interpreter or left) * TENANTS_PER_1000 // 1000)


def environments(facts, given, at_once, tenants):
    """Findings on the environments that sandboxes, or members, have: how many, and whether one organisation can take them all."""
    text = (f"at most {at_once} executions at once, about {tenants} sandboxes with a live kernel (busy or idle); callers above that "
            "get 429")
    few = tenants < 100
    advice = f". Set TenantScope=member, which needs one environment for each member, {more(facts)}"
    yield ("warning", text + advice) if few else ("ok", text)
    one = int(given.get("OrgStartsPerHour", DEFAULTS["OrgStartsPerHour"]))
    if one > tenants // 2 and given.get("TenantScope", "sandbox") == "sandbox":
        yield "warning", (f"one organisation may start {one} sandboxes in an hour, and leave other organisations few or none of these {tenants} "
                          f"environments. If there are several, set OrgStartsPerHour={max(tenants // 4, 1)}")


def more(facts):
    return "or raise the quota: " + RAISE.format(region=facts["region"])


def dedicated(given):
    return given.get("Isolation", "dedicated") == "dedicated"


def region(facts, given):
    if not dedicated(given):
        return
    name = facts["region"]
    if name in WITHOUT_TENANTS or name.startswith(("cn-", "us-gov-", "us-iso")):
        yield "error", (f"Lambda has no tenant isolation in {name}. Take another region, or, for one trusted tenant only, "
                        "Isolation=shared (docs/deploy.md#accounts)")


def network(facts, given, found):
    """Findings on the VPC, and the parameters S3PrefixListId, FirstZone and SecondZone."""
    if not dedicated(given):
        return
    if "S3PrefixListId" not in given:
        if facts.get("prefix_list"):
            found["S3PrefixListId"] = facts["prefix_list"]
            yield "ok", f"prefix list of S3 is {facts['prefix_list']}"
        else:
            yield "error", (f"found no managed prefix list com.amazonaws.{facts['region']}.s3: is the region right, and is "
                            "ec2:DescribeManagedPrefixLists allowed? Else set S3PrefixListId")
    zones = facts.get("zones")
    if facts.get("network"):  # AWS cannot move a subnet
        found |= {name: facts["before"][name] for name in ("FirstZone", "SecondZone") if name in facts["before"]}
    elif zones and "FirstZone" not in given:
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
    if "log_role" not in facts and "GatewayLogRole" in facts.get("before", {}):
        found["GatewayLogRole"] = facts["before"]["GatewayLogRole"]  # it could not be looked up
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
    for name in ("--env", "--stack", "--arch"):
        arguments.add_argument(name, required=True)
    arguments.add_argument("--out", required=True, type=pathlib.Path)
    arguments = arguments.parse_args()
    try:
        given = parameters.given(arguments.env)
    except parameters.Wrong as wrong:
        sys.exit(f"  error: {wrong}")
    refused, facts = lookup.everything(arguments.region, arguments.stack)
    every, found = findings(facts, given) if facts else ([], {})
    every = [*parameters.mistakes(given, arguments.arch), *refused, *every]
    for level, text in every:
        print(f"  {level}: {text}", flush=True)
    if any(level == "error" for level, _ in every):
        sys.exit("nothing was built or deployed")
    arguments.out.write_text(parameters.text(parameters.every(given, found | {"Architecture": arguments.arch})))


if __name__ == "__main__":
    main()

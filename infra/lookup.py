"""What `infra/account.py` judges: reads the account with boto3. A look-up that is refused is reported and left out."""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# An account that cannot be reached is told in seconds.
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 2})


def client(session, service):
    return session.client(service, config=CONFIG)


def outputs(client, name):
    """The outputs of a stack; none of one that does not exist, or whose first changeset was not confirmed."""
    try:
        (found,) = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return {}
    return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}


def stack(session, facts):
    try:
        (found,) = client(session, "cloudformation").describe_stacks(StackName=facts["name"])["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    if found["StackStatus"] == "REVIEW_IN_PROGRESS":  # its first changeset has not been confirmed: there is only the name
        return {}
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    functions = [outputs[name] for name in ("ExecuteFunction", "InterpreterFunction") if name in outputs]
    before = {each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])}
    return {"stack": found["StackStatus"], "functions": functions, "network": "Vpc" in outputs, "before": before}


def concurrency(session, facts):
    functions = client(session, "lambda")
    limit = functions.get_account_settings()["AccountLimit"]
    here = sum(functions.get_function_concurrency(FunctionName=each).get("ReservedConcurrentExecutions", 0)
               for each in facts.get("functions", ()))
    return {"quota": limit["ConcurrentExecutions"], "unreserved": limit["UnreservedConcurrentExecutions"], "reserved_here": here}


def prefix_list(session, _):
    name = f"com.amazonaws.{session.region_name}.s3"
    lists = client(session, "ec2").describe_managed_prefix_lists(Filters=[{"Name": "prefix-list-name", "Values": [name]}])
    return {"prefix_list": next((each["PrefixListId"] for each in lists["PrefixLists"]), None)}


def zones(session, _):
    every = client(session, "ec2").describe_availability_zones()["AvailabilityZones"]
    return {"zones": {each["ZoneName"]: each["ZoneId"] for each in every
                      if each["State"] == "available" and each.get("ZoneType", "availability-zone") == "availability-zone"}}


def vpcs(session, _):
    return {"vpcs": len(client(session, "ec2").describe_vpcs()["Vpcs"])}


def log_role(session, _):
    arn = client(session, "apigateway").get_account().get("cloudwatchRoleArn")
    if not arn:
        return {"log_role": None}
    try:
        client(session, "iam").get_role(RoleName=arn.rsplit("/", 1)[1])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchEntity":
            return {"log_role": None}
    return {"log_role": arn}


def everything(region, name):
    """What could not be looked up, as findings, and all facts; without credentials or a region, no facts."""
    if not region:
        return [("error", "no region is set: give REGION=..., or set AWS_REGION, or a region in the profile of AWS_PROFILE")], {}
    session = boto3.Session(region_name=region)
    try:
        identity = client(session, "sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return [("error", f"no valid credentials for AWS in {region}: {error}. Set AWS_PROFILE, or run aws configure or aws sso login")], {}
    findings = [("ok", f"account {identity['Account']} in {region}, as {identity['Arn']}")]
    facts = {"region": region, "name": name}
    for look in (stack, concurrency, prefix_list, zones, vpcs, log_role):
        try:
            facts |= look(session, facts)
        except (BotoCoreError, ClientError) as error:
            findings.append(("warning", f"could not look up the {look.__name__.replace('_', ' ')}: {error}"))
    return findings, facts

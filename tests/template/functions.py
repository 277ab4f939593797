"""The functions: tenant isolation, environment variables, logs, permissions; the network of InterpreterFunction; alarms."""

import re
import unittest

from load import ALARMS, API, FIREWALL, LOCAL, NETWORK, RESOURCES, ROOT, TEMPLATE, as_list, name_of, of_type, properties

FUNCTIONS = ("ExecuteFunction", "InterpreterFunction")
# Reviewed environment variables: names and numbers. Add a new one here; it must not be a secret.
VARIABLES = {
    "SANDCASTLE_BUCKET", "SANDCASTLE_TIMEOUT_S", "SANDCASTLE_CALL_S", "SANDCASTLE_MAX_KERNELS", "SANDCASTLE_PYTHON_HOME", "JAIL",
    "INTERPRETER_FUNCTION", "SANDBOX_ROLE_ARN", "TENANT_SCOPE", "WARM_UP", "TRUSTED_ORG", "SANDCASTLE_STREAM_DOWNLOADS", "S3_ENDPOINT",
    "S3_PUBLIC_ENDPOINT", "RUST_LOG", "ORG_STARTS_PER_HOUR", "ORG_STORES_MB_PER_DAY", "MEMBER_STARTS_PER_HOUR",
    "JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS", "JWT_ORG_CLAIM",
}
# Metrics that the functions write to their logs, and the function whose metric the alarm watches.
OWN_METRICS = {"ColdStarts": "CodeFunction", "CommitConflicts": "ExecuteFunction", "KernelDeaths": "ExecuteFunction",
               "RefusedEvents": "ExecuteFunction"}
NET = NETWORK["Resources"]
PARAMETERS = TEMPLATE["Parameters"]


def variables(function):
    return properties(function)["Environment"]["Variables"]


class Functions(unittest.TestCase):
    def test_there_are_two(self):
        self.assertEqual(tuple(of_type("AWS::Serverless::Function")), FUNCTIONS)

    def test_each_tenant_has_its_own_environments(self):
        interpreter = properties("InterpreterFunction")
        self.assertEqual(interpreter["TenancyConfig"], {"TenantIsolationMode": "PER_TENANT"})
        # Each is refused with tenant isolation, or would end it. A fixed name would prevent a replacement of the function.
        for other in ("FunctionName", "FunctionUrlConfig", "ProvisionedConcurrencyConfig", "SnapStart", "Events"):
            self.assertNotIn(other, interpreter)

    def test_no_environment_variable_is_a_secret(self):
        for function in FUNCTIONS:
            self.assertLessEqual(set(variables(function)), VARIABLES)
            for value in variables(function).values():
                self.assertNotRegex(str(value), re.compile("secret|password|token|resolve:", re.I))

    def test_the_function_that_runs_code_knows_no_other_resource(self):
        text = str(properties("InterpreterFunction"))
        for name in ("SandboxRole", "ExecuteFunction", "Bucket"):
            self.assertNotIn(name, text)

    def test_the_function_reads_its_variables(self):
        sources = ("execute/src/settings.rs", "host/src/settings.rs", "runtime/src/settings/mod.rs")
        read = "".join((ROOT / "functions" / source).read_text() for source in sources)
        for name in ("SANDCASTLE_BUCKET", "SANDCASTLE_TIMEOUT_S", "SANDCASTLE_CALL_S", "SANDCASTLE_MAX_KERNELS", "JAIL", "RUST_LOG",
                     "SANDCASTLE_PYTHON_HOME", "S3_ENDPOINT", "S3_PUBLIC_ENDPOINT", "TRUSTED_ORG", "SANDCASTLE_STREAM_DOWNLOADS"):
            self.assertIn(f'"{name}"', read)
            self.assertIn(name, variables("ExecuteFunction"))

    def test_sam_local_sets_the_same_variables(self):
        local = LOCAL["Resources"]["ExecuteFunction"]["Properties"]["Environment"]["Variables"]
        dedicated = {"INTERPRETER_FUNCTION", "SANDBOX_ROLE_ARN", "TENANT_SCOPE", "WARM_UP"}
        self.assertEqual(set(local), set(variables("ExecuteFunction")) - dedicated)

    def test_logs_are_json_and_expire(self):
        for function in FUNCTIONS:
            logging = properties(function)["LoggingConfig"]
            self.assertEqual(logging["LogFormat"], "JSON")
            # RUST_LOG decides what is logged. Lambda's filter would drop debug lines; above INFO it would drop metrics too, as it
            # takes lines without a level for INFO (monitoring-cloudwatchlogs-log-level.html).
            self.assertEqual(logging["ApplicationLogLevel"], "TRACE")
            self.assertIn(name_of(logging["LogGroup"]), of_type("AWS::Logs::LogGroup"))
        for group in of_type("AWS::Logs::LogGroup").values():
            self.assertEqual(group["Properties"]["RetentionInDays"], {"Ref": "LogDays"})

    def test_only_the_gateway_may_invoke_and_only_the_execute_function(self):
        (permission,) = of_type("AWS::Lambda::Permission").values()
        permission = permission["Properties"]
        self.assertEqual(permission["FunctionName"], {"Ref": "ExecuteFunction"})
        self.assertEqual(permission["Principal"], "apigateway.amazonaws.com")
        self.assertEqual(permission["SourceArn"]["Sub"].split("execute-api:")[1], "${AWS::Region}:${AWS::AccountId}:${Api}/${Stage}/*")
        self.assertNotIn("SourceAccount", permission)  # the ARN names it; API Gateway is not documented to send it


class Limits(unittest.TestCase):
    """No caller can take all environments of the account: they are 2.5 times its concurrency (tenant-isolation.html)."""

    def test_sandboxes_are_limited_for_each_organisation_and_key(self):
        for name, variable in (("OrgStartsPerHour", "ORG_STARTS_PER_HOUR"), ("MemberStartsPerHour", "MEMBER_STARTS_PER_HOUR")):
            self.assertEqual(variables("ExecuteFunction")[variable], {"Ref": name})
            self.assertGreaterEqual(PARAMETERS[name]["MinValue"], 1, "there is no way to lift the limit altogether")

    def test_what_an_organisation_stores_is_limited(self):
        self.assertEqual(variables("ExecuteFunction")["ORG_STORES_MB_PER_DAY"], {"Ref": "OrgStoresMbPerDay"})
        self.assertGreaterEqual(PARAMETERS["OrgStoresMbPerDay"]["MinValue"], 1)

    def test_by_default_several_organisations_fit_into_a_usual_account(self):
        organisation, key = (PARAMETERS[name]["Default"] for name in ("OrgStartsPerHour", "MemberStartsPerHour"))
        environments = (1000 - PARAMETERS["ExecuteConcurrency"]["Default"]) * 2.5
        self.assertLessEqual(organisation * 4, environments)
        self.assertLessEqual(key * 4, organisation)

    def test_concurrency_is_reserved_where_a_parameter_asks_for_it(self):
        for function, name, condition in (("ExecuteFunction", "ExecuteConcurrency", "ReservesConcurrency"),
                                          ("InterpreterFunction", "InterpreterConcurrency", "ReservesForInterpreter")):
            reserved = properties(function)["ReservedConcurrentExecutions"]
            self.assertEqual(reserved, {"If": [condition, {"Ref": name}, {"Ref": "AWS::NoValue"}]})
            self.assertEqual(TEMPLATE["Conditions"][condition], {"Not": [{"Equals": [{"Ref": name}, 0]}]})


class Network(unittest.TestCase):
    def test_there_is_no_route_to_the_internet(self):
        kinds = {each["Type"] for each in NET.values()}
        for kind in ("InternetGateway", "NatGateway", "EgressOnlyInternetGateway", "VPCGatewayAttachment", "Route",
                    "VPCPeeringConnection", "TransitGatewayAttachment", "EIP"):
            self.assertNotIn(f"AWS::EC2::{kind}", kinds)
        for subnet in of_type("AWS::EC2::Subnet", NET).values():
            self.assertIs(subnet["Properties"]["MapPublicIpOnLaunch"], False)

    def test_egress_goes_to_s3_only(self):
        (group,) = of_type("AWS::EC2::SecurityGroup", NET).values()
        (rule,) = group["Properties"]["SecurityGroupEgress"]
        self.assertEqual(rule["DestinationPrefixListId"], {"Ref": "S3PrefixListId"})
        self.assertEqual((rule["IpProtocol"], rule["FromPort"], rule["ToPort"]), ("tcp", 443, 443))
        self.assertFalse({"CidrIp", "CidrIpv6"} & set(rule))
        self.assertNotIn("SecurityGroupIngress", group["Properties"])

    def test_the_only_endpoint_allows_one_role_to_reach_one_bucket(self):
        (endpoint,) = of_type("AWS::EC2::VPCEndpoint", NET).values()
        endpoint = endpoint["Properties"]
        self.assertEqual((endpoint["VpcEndpointType"], endpoint["ServiceName"]["Sub"]), ("Gateway", "com.amazonaws.${AWS::Region}.s3"))
        for statement in endpoint["PolicyDocument"]["Statement"]:
            self.assertEqual(statement["Condition"], {"ArnEquals": {"aws:PrincipalArn": {"Ref": "SandboxRoleArn"}}})
            self.assertLessEqual(set(statement["Action"]), {"s3:GetObject", "s3:PutObject", "s3:ListBucket"})
            for resource in as_list(statement["Resource"]):
                self.assertRegex(name_of(resource), r":s3:::\$\{Bucket\}(/(ledger|records|objects|files)/\*)?$")

    def test_dns_resolves_the_bucket_only(self):
        (rules,) = of_type("AWS::Route53Resolver::FirewallRuleGroup", NET).values()
        rules = sorted(rules["Properties"]["FirewallRules"], key=lambda rule: rule["Priority"])
        self.assertEqual([rule["Action"] for rule in rules], ["ALLOW", "BLOCK"])
        domains = [NET[name_of(rule["FirewallDomainListId"])]["Properties"]["Domains"] for rule in rules]
        self.assertEqual(domains, [[{"Sub": "${Bucket}.s3.${AWS::Region}.${AWS::URLSuffix}"}], ["*"]])
        (association,) = of_type("AWS::Route53Resolver::FirewallRuleGroupAssociation", NET).values()
        self.assertEqual(association["Properties"]["VpcId"], {"Ref": "Vpc"})

    def test_the_deployment_tells_the_dns_firewall_to_fail_closed(self):
        # tests/localstack runs it; CloudFormation has no such resource.
        deploy = (ROOT / "Makefile").read_text().split("\ndeploy:")[1].split("\n\n")[0]
        self.assertIn("infra/fail_closed.py", deploy.split("$(SAM) deploy")[1])
        self.assertEqual(TEMPLATE["Outputs"]["Vpc"]["Value"], {"GetAtt": "Network.Outputs.Vpc"})

    def test_what_the_network_refuses_is_logged_by_default(self):
        (flow_log,) = of_type("AWS::EC2::FlowLog", NET).values()
        log = flow_log["Properties"]
        self.assertEqual((log["ResourceType"], log["ResourceId"]), ("VPC", {"Ref": "Vpc"}))
        self.assertEqual(log["TrafficType"], {"If": ["LogsAllFlows", "ALL", "REJECT"]})
        self.assertEqual(NETWORK["Conditions"]["LogsAllFlows"], {"Equals": [{"Ref": "FlowLogs"}, "all"]})
        self.assertEqual((PARAMETERS["FlowLogs"]["Default"], PARAMETERS["FlowLogs"]["AllowedValues"]), ("rejected", ["none", "rejected", "all"]))
        given = properties("Network")["Parameters"]
        self.assertEqual(given["FlowLogGroup"], {"If": ["LogsFlows", {"Ref": "NetworkLogs"}, ""]})
        self.assertEqual(given["FlowLogRoleArn"], {"If": ["LogsFlows", {"GetAtt": "NetworkLogRole.Arn"}, ""]})


class Firewall(unittest.TestCase):
    def test_there_is_none_unless_a_parameter_asks_for_it(self):
        self.assertEqual(PARAMETERS["WebAcl"]["Default"], "none")
        self.assertEqual(TEMPLATE["Conditions"]["HasWebAcl"], {"Not": [{"Equals": [{"Ref": "WebAcl"}, "none"]}]})
        self.assertEqual(RESOURCES["Firewall"]["Condition"], "HasWebAcl")

    def test_only_an_acl_of_a_region_is_taken(self):
        pattern = PARAMETERS["WebAcl"]["AllowedPattern"]
        acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/ours/1a2b"
        for value, taken in (("none", True), ("create", True), (acl, True), (acl.replace("regional", "global"), False), ("", False)):
            self.assertEqual(bool(re.search(pattern, value)), taken, value)

    def test_it_stands_in_front_of_the_stage(self):
        association = FIREWALL["Resources"]["Association"]["Properties"]
        self.assertEqual(association["ResourceArn"], {"Ref": "StageArn"})
        self.assertEqual(association["WebACLArn"], {"If": ["Makes", {"GetAtt": "WebAcl.Arn"}, {"Ref": "WebAclArn"}]})
        self.assertEqual(properties("Firewall")["Parameters"]["WebAclArn"], {"If": ["MakesWebAcl", "", {"Ref": "WebAcl"}]})
        # WAF takes stages of REST APIs; the association must wait for the stage.
        self.assertIn("::/restapis/${Api}/stages/${Api.Stage}", properties("Firewall")["Parameters"]["StageArn"]["Sub"])

    def test_each_address_is_limited_and_more_so_without_a_token(self):
        acl = FIREWALL["Resources"]["WebAcl"]["Properties"]
        self.assertEqual((acl["Scope"], acl["DefaultAction"]), ("REGIONAL", {"Allow": {}}))
        rules = {rule["Name"]: rule["Statement"]["RateBasedStatement"] for rule in acl["Rules"]}
        for rule in rules.values():
            self.assertEqual((rule["AggregateKeyType"], rule["EvaluationWindowSec"]), ("IP", 300))
        self.assertEqual(rules["FromOneAddress"]["Limit"], {"Ref": "Requests"})
        self.assertNotIn("ScopeDownStatement", rules["FromOneAddress"])
        has_token = rules["WithoutAToken"]["ScopeDownStatement"]["NotStatement"]["Statement"]["SizeConstraintStatement"]
        self.assertEqual((has_token["FieldToMatch"], has_token["ComparisonOperator"], has_token["Size"]),
                         ({"SingleHeader": {"Name": "authorization"}}, "GT", 0))
        self.assertLess(rules["WithoutAToken"]["Limit"], PARAMETERS["WebAclRequests"]["Default"])
        # One address can then not use up the rate of all.
        self.assertLess(PARAMETERS["WebAclRequests"]["Default"], PARAMETERS["RequestsPerSecond"]["Default"] * 300 / 2)

    def test_who_is_too_quick_is_answered_as_the_api_answers(self):
        acl = FIREWALL["Resources"]["WebAcl"]["Properties"]
        throttled = API["x-amazon-apigateway-gateway-responses"]["THROTTLED"]
        for rule in acl["Rules"]:
            answer = rule["Action"]["Block"]["CustomResponse"]
            self.assertEqual(str(answer["ResponseCode"]), throttled["statusCode"])
            body = acl["CustomResponseBodies"][answer["CustomResponseBodyKey"]]
            self.assertEqual(body["Content"], throttled["responseTemplates"]["application/json"])
            self.assertEqual(answer["ResponseHeaders"], [{"Name": "Retry-After", "Value": "300"}])


class Alarms(unittest.TestCase):
    def test_they_watch_metrics_that_aws_and_the_functions_emit(self):
        alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm", ALARMS["Resources"]).values()]
        found = {(each["Namespace"], each["MetricName"]) for each in alarms}
        of_lambda = {("AWS/Lambda", name) for name in ("Errors", "Throttles", "Duration", "ConcurrentExecutions")}
        own = {("Sandcastle", name) for name in OWN_METRICS}
        queue = ("AWS/SQS", "ApproximateNumberOfMessagesVisible")
        self.assertEqual(found, of_lambda | own | {("AWS/ApiGateway", "5XXError"), queue})

    def test_alarms_watch_own_metrics_with_their_dimensions(self):
        alarms = [each["Properties"] for each in of_type("AWS::CloudWatch::Alarm", ALARMS["Resources"]).values()]
        found = {each["MetricName"]: each["Dimensions"] for each in alarms if each["Namespace"] == "Sandcastle"}
        wanted = {name: [{"Name": "FunctionName", "Value": {"Ref": function}}] for name, function in OWN_METRICS.items()}
        self.assertEqual(found, wanted)
        for each in alarms:
            self.assertEqual(each["TreatMissingData"], "notBreaching", "missing data must not raise an alarm")

    def test_the_cost_table_gives_their_number(self):
        text = (ROOT / "docs/costs.md").read_text()
        always = [each for each in of_type("AWS::CloudWatch::Alarm", ALARMS["Resources"]).values() if "Condition" not in each]
        self.assertTrue(f"| alarms | {len(always)} × " in text, f"docs/costs.md must name {len(always)} alarms")

"""The functions: tenant isolation, environment variables, logs, permissions; the network of InterpreterFunction; alarms."""

import re
import unittest

from load import ALARMS, LOCAL, NETWORK, ROOT, as_list, name_of, of_type, properties

FUNCTIONS = ("ExecuteFunction", "InterpreterFunction")
# Reviewed environment variables: names and numbers. Add a new one here; it must not be a secret.
VARIABLES = {
    "SANDCASTLE_BUCKET", "SANDCASTLE_TIMEOUT_S", "SANDCASTLE_CALL_S", "SANDCASTLE_MAX_KERNELS", "SANDCASTLE_PYTHON_HOME", "JAIL",
    "INTERPRETER_FUNCTION", "SANDBOX_ROLE_ARN", "TENANT_SCOPE", "TRUSTED_ORG", "SANDCASTLE_STREAM_DOWNLOADS", "S3_ENDPOINT",
    "S3_PUBLIC_ENDPOINT", "RUST_LOG",
    "JWT_ISSUER", "JWT_AUDIENCE", "JWT_JWKS", "JWT_ORG_CLAIM",
}
# Metrics that the functions write to their logs, and the function whose metric the alarm watches.
OWN_METRICS = {"ColdStarts": "CodeFunction", "CommitConflicts": "ExecuteFunction", "KernelDeaths": "ExecuteFunction",
               "RefusedEvents": "ExecuteFunction"}
NET = NETWORK["Resources"]


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
        dedicated = {"INTERPRETER_FUNCTION", "SANDBOX_ROLE_ARN", "TENANT_SCOPE"}
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
                self.assertRegex(name_of(resource), r":s3:::\$\{Bucket\}(/(ledger|objects|files)/\*)?$")

    def test_dns_resolves_the_bucket_only(self):
        (rules,) = of_type("AWS::Route53Resolver::FirewallRuleGroup", NET).values()
        rules = sorted(rules["Properties"]["FirewallRules"], key=lambda rule: rule["Priority"])
        self.assertEqual([rule["Action"] for rule in rules], ["ALLOW", "BLOCK"])
        domains = [NET[name_of(rule["FirewallDomainListId"])]["Properties"]["Domains"] for rule in rules]
        self.assertEqual(domains, [[{"Sub": "${Bucket}.s3.${AWS::Region}.${AWS::URLSuffix}"}], ["*"]])
        (association,) = of_type("AWS::Route53Resolver::FirewallRuleGroupAssociation", NET).values()
        self.assertEqual(association["Properties"]["VpcId"], {"Ref": "Vpc"})


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

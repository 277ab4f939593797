"""infra/openapi.yaml: the routes of the router, the schemas of the published API, and the errors of API Gateway."""

import json
import re
import unittest

from load import API, LOCAL, RESOURCES, ROOT, TEMPLATE, of_type, properties

METHODS = ("get", "post", "put", "patch", "delete")
# The one route that is streamed; and the paths of the Lambda API that API Gateway calls for it and for all others.
DOWNLOAD = ("get", "/v2/sandcastles/{id}/files/{path+}")
STREAMED_URI = "2021-11-15/functions/${ExecuteFunction.Arn}/response-streaming-invocations"
WHOLE_URI = "2015-03-31/functions/${ExecuteFunction.Arn}/invocations"
PUBLISHED_CODES = ["invalid_request", "unauthenticated", "permission_denied", "not_found", "conflict", "rate_limit_exceeded",
                   "internal", "timeout", "cancelled", "execution_failed", "no_report"]
TEXT, WHOLE_NUMBER, TIME = {"type": "string"}, {"type": "integer", "format": "int64"}, {"type": "string", "format": "date-time"}
TIME_OR_NULL = TIME | {"nullable": True}
RUNNING_OR_STOPPED = {"type": "string", "enum": ["running", "stopped"]}


def object_of(**fields):
    return {"type": "object", "properties": fields}


def array_of(item):
    return {"type": "array", "items": item}


FRAME = {"name": TEXT, "num_rows": WHOLE_NUMBER, "num_cols": WHOLE_NUMBER}
EXECUTION = {name: TEXT for name in ("id", "kind", "source", "input", "output_preview", "error")} | {
    "duration_ms": WHOLE_NUMBER, "created_at": TIME}
SUCCESS = object_of(success={"type": "boolean"})
# Every published call: operation id, parameters (name: required), schema of the request's body, status of success, schema of
# the answer. The contract may have additions of Sandcastle's own.
PUBLISHED = {
    ("post", "/v2/sandcastles"): (
        "v2.startSandbox", {}, object_of(sandbox_id=TEXT), "201", object_of(sandbox_id=TEXT, created_at=TIME)),
    ("get", "/v2/sandcastles"): (
        "v2.listSandboxes", {"status": False, "limit": False, "cursor": False}, None, "200",
        object_of(sandboxes=array_of(object_of(sandbox_id=TEXT, status=RUNNING_OR_STOPPED, member_id=TEXT,
                                       chat_id=TEXT | {"nullable": True}, started_at=TIME, released_at=TIME_OR_NULL)),
               next_cursor=TEXT)),
    ("get", "/v2/sandcastles/{id}"): (
        "v2.getSandboxStatus", {"id": True}, None, "200",
        object_of(status=RUNNING_OR_STOPPED, memory_usage=TEXT,
               dataframes=array_of(object_of(**FRAME, memory_usage_bytes=WHOLE_NUMBER)))),
    ("delete", "/v2/sandcastles/{id}"): ("v2.stopSandbox", {"id": True}, None, "200", SUCCESS),
    ("post", "/v2/sandcastles/{id}/execute"): (
        "v2.executeCode", {"id": True}, object_of(code=TEXT) | {"required": ["code"]}, "200",
        object_of(output=array_of(TEXT) | {"nullable": True}, error=TEXT, execution_time_ms=WHOLE_NUMBER,
               files=array_of(object_of(name=TEXT, url=TEXT, mime_type=TEXT)), dataframes=array_of(object_of(**FRAME)))),
    ("post", "/v2/sandcastles/{id}/exec"): (
        "v2.execCommand", {"id": True},
        object_of(command=TEXT, kind=TEXT, env={"type": "object", "additionalProperties": TEXT}) | {"required": ["command"]},
        "200",
        object_of(stdout=TEXT, stderr=TEXT, exit_code={"type": "integer"}, error=TEXT)),
    ("get", "/v2/sandcastles/{id}/executions"): (
        "v2.listExecutions", {"id": True, "limit": False, "cursor": False}, None, "200",
        object_of(executions=array_of(object_of(**EXECUTION)), next_cursor=TEXT)),
    ("post", "/v2/sandcastles/{id}/files"): (
        "v2.uploadFile", {"id": True}, object_of(file=TEXT | {"format": "binary"}) | {"required": ["file"]}, "200",
        object_of(filename=TEXT, size_bytes=WHOLE_NUMBER)),
    ("get", "/v2/sandcastles/{id}/files"): (
        "v2.listFiles", {"id": True, "path": False}, None, "200",
        object_of(files=array_of(object_of(name=TEXT, size_bytes=WHOLE_NUMBER, is_dir={"type": "boolean"}, modified_at=TIME)))),
    ("get", "/v2/sandcastles/{id}/files/{path+}"): (
        "v2.downloadFile", {"id": True, "path": True, "link": False}, None, "200", TEXT | {"format": "binary"}),
    ("delete", "/v2/sandcastles/{id}/files/{path+}"): (
        "v2.deleteFile", {"id": True, "path": True}, None, "200", SUCCESS),
    ("get", "/v2/connectors"): ("v2.listConnectors", {}, None, "200", {"type": "array"}),
}
# The errors of each call: 400 for an invalid request, 404 if its object is missing, 409 for a conflict.
ERRORS = {
    "v2.startSandbox": "400 404 409", "v2.listSandboxes": "400", "v2.getSandboxStatus": "404", "v2.stopSandbox": "404 409",
    "v2.executeCode": "400 404 409", "v2.execCommand": "400 404 409", "v2.listExecutions": "400 404", "v2.uploadFile": "400 404 409",
    "v2.listFiles": "400 404", "v2.downloadFile": "400 404", "v2.deleteFile": "400 404 409", "v2.listConnectors": "",
}
# Every gateway response type of API Gateway, with the status and error code of the contract for it.
GATEWAY_ERRORS = {
    "ACCESS_DENIED": (403, "permission_denied"), "API_CONFIGURATION_ERROR": (500, "internal"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "internal"), "AUTHORIZER_FAILURE": (500, "internal"),
    "BAD_REQUEST_BODY": (400, "invalid_request"), "BAD_REQUEST_PARAMETERS": (400, "invalid_request"),
    "DEFAULT_4XX": (None, "invalid_request"), "DEFAULT_5XX": (None, "internal"), "EXPIRED_TOKEN": (401, "unauthenticated"),
    "INTEGRATION_FAILURE": (500, "internal"), "INTEGRATION_TIMEOUT": (504, "timeout"),
    "INVALID_API_KEY": (403, "permission_denied"), "INVALID_SIGNATURE": (404, "not_found"),
    "MISSING_AUTHENTICATION_TOKEN": (404, "not_found"), "QUOTA_EXCEEDED": (429, "rate_limit_exceeded"),
    "REQUEST_TOO_LARGE": (400, "invalid_request"), "RESOURCE_NOT_FOUND": (404, "not_found"),
    "THROTTLED": (429, "rate_limit_exceeded"), "UNAUTHORIZED": (401, "unauthenticated"),
    "UNSUPPORTED_MEDIA_TYPE": (400, "invalid_request"), "WAF_FILTERED": (403, "permission_denied"),
}


def routes_of_the_router():
    """Method and path of each `.route("<path>", get(routes::…).delete(routes::…))` in the source."""
    source = (ROOT / "functions/execute/src/http/mod.rs").read_text()
    found = set()
    for part in source.split(".route(")[1:]:
        path = re.search(r'"(/[^"]+)"', part)[1]
        methods = re.findall(r"\b(" + "|".join(METHODS) + r")\(routes::", part)
        found |= {(method, re.sub(r"\{\*(\w+)\}", r"{\1+}", path)) for method in methods}
    return found


def operations():
    return {(method, path): each for path, item in API["paths"].items() for method, each in item.items() if method in METHODS}


def resolved(node):
    """The target of a reference; anything else as it is."""
    while isinstance(node, dict) and "$ref" in node:
        path, node = node["$ref"].removeprefix("#/").split("/"), API
        for part in path:
            node = node[part]
    return node


def plain(schema):
    """A schema without descriptions, its references resolved."""
    schema = resolved(schema)
    if isinstance(schema, dict):
        return {key: plain(value) for key, value in schema.items() if key != "description"}
    if isinstance(schema, list):
        return [plain(each) for each in schema]
    return schema


def contains(schema, published):
    """Whether a schema has everything that the published one has, at every level."""
    if isinstance(published, dict):
        return isinstance(schema, dict) and all(key in schema and contains(schema[key], value) for key, value in published.items())
    return schema == published


def refs(node):
    """Every reference below a node."""
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


class Contract(unittest.TestCase):
    def test_its_routes_are_those_of_the_router(self):
        self.assertGreater(len(routes_of_the_router()), 10)
        self.assertEqual(set(operations()), routes_of_the_router())

    def test_every_operation_reaches_the_function(self):
        for where, operation in operations().items():
            integration = operation["x-amazon-apigateway-integration"]
            self.assertEqual((integration["type"], integration["httpMethod"]), ("aws_proxy", "POST"), where)
            streams = where == DOWNLOAD
            self.assertEqual(integration.get("responseTransferMode"), "STREAM" if streams else None, where)
            path = integration["uri"]["Fn::Sub"].split(":lambda:path/")[1]
            self.assertEqual(path, STREAMED_URI if streams else WHOLE_URI, where)
            # A stream may last as long as a function may run; API Gateway waits 29 s for a whole answer.
            self.assertEqual(integration["timeoutInMillis"], 900000 if streams else 29000, where)
            self.assertEqual(len(set(re.findall(r"\{(\w+)\+?\}", where[1]))), sum(
                API["components"]["parameters"][each["$ref"].rsplit("/", 1)[1]]["in"] == "path"
                for each in operation.get("parameters", [])), where)

    def test_every_error_has_the_error_schema(self):
        error_schema = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
        for where, operation in operations().items():
            for status, response in operation["responses"].items():
                # Written out, because API Gateway does not accept a reference to a response.
                self.assertEqual(int(status) >= 400, response["content"] == error_schema, (where, status))
            refusals = set() if operation.get("security") == [] else {"401", "403"}
            self.assertLessEqual(refusals | {"429", "500"}, set(operation["responses"]))
        error = API["components"]["schemas"]["ErrorResponse"]["properties"]["error"]["properties"]
        self.assertEqual(error["code"]["enum"], PUBLISHED_CODES)

    def test_the_function_streams_downloads_as_the_gateway_expects(self):
        variables = properties("ExecuteFunction")["Environment"]["Variables"]
        self.assertEqual(variables["SANDCASTLE_STREAM_DOWNLOADS"], "yes")
        local = LOCAL["Resources"]["ExecuteFunction"]["Properties"]["Environment"]["Variables"]
        self.assertEqual(local["SANDCASTLE_STREAM_DOWNLOADS"], "", "sam local cannot forward a stream")

    def test_every_published_call_has_the_published_schemas(self):
        for where, (operation_id, parameters, body, status, answer) in PUBLISHED.items():
            with self.subTest(where):
                operation = operations()[where]
                self.assertEqual(operation["operationId"], operation_id)
                found = {each["name"]: each.get("required", False) for each in map(resolved, operation.get("parameters", []))}
                self.assertTrue(contains(found, parameters), found)
                additional = set(found) - set(parameters)
                self.assertFalse([name for name in additional if found[name]], "an additional parameter is required")
                self.assertEqual("requestBody" in operation, body is not None)
                if body is not None:
                    self.assert_one_contains(operation["requestBody"]["content"], body)
                self.assert_one_contains(operation["responses"][status]["content"], answer)

    def assert_one_contains(self, content, published):
        """Whether a schema of one content type, or a branch of its `oneOf`, has everything published. Others are additions."""
        schemas = [plain(each["schema"]) for each in content.values()]
        branches = [branch for schema in schemas for branch in schema.get("oneOf", [schema])]
        self.assertTrue(any(contains(branch, published) for branch in branches), branches)

    def test_every_response_is_listed_by_its_status(self):
        for (operation_id, _, _, success, _) in PUBLISHED.values():
            (operation,) = (each for each in operations().values() if each["operationId"] == operation_id)
            always = {success, "401", "403", "429", "500", "504"}
            self.assertEqual(set(operation["responses"]), always | set(ERRORS[operation_id].split()), operation_id)
        for where, operation in operations().items():
            self.assertTrue(all(re.fullmatch(r"[2-5]\d\d", status) for status in operation["responses"]), where)

    def test_answers_have_the_fields_of_the_rust_structs(self):
        source = "".join(path.read_text() for path in (ROOT / "functions/sandcastle/src").rglob("*.rs"))
        for schema, struct in {"ExecuteCodeResponse": "ExecuteResponse", "ExecCommandResponse": "ExecResponse"}.items():
            body = re.search(rf"pub struct {struct} \{{(.*?)\n\}}", source, re.S)[1]
            fields = set(re.findall(r"pub (\w+):", body))
            self.assertEqual(set(API["components"]["schemas"][schema]["properties"]), fields)

    def test_every_reference_has_a_target(self):
        for ref in refs(API):
            node = API
            for part in ref.removeprefix("#/").split("/"):
                self.assertIn(part, node, ref)
                node = node[part]

    def test_all_media_types_are_binary(self):
        self.assertEqual(API["x-amazon-apigateway-binary-media-types"], ["*/*"])


class Gateway(unittest.TestCase):
    def test_every_error_of_the_gateway_has_the_error_schema_and_its_status(self):
        responses = API["x-amazon-apigateway-gateway-responses"]
        self.assertEqual(set(responses), set(GATEWAY_ERRORS))
        for kind, (status, code) in GATEWAY_ERRORS.items():
            with self.subTest(kind):
                response = responses[kind]
                self.assertEqual(response.get("statusCode"), status and str(status))
                body = json.loads(response["responseTemplates"]["application/json"])
                self.assertEqual((list(body), set(body["error"]), body["error"]["code"]), (["error"], {"code", "message"}, code))
                headers = response["responseParameters"]
                self.assertEqual(headers["gatewayresponse.header.x-request-id"], "context.requestId")
                self.assertEqual("gatewayresponse.header.retry-after" in headers, status == 429)
                self.assertEqual("gatewayresponse.header.www-authenticate" in headers, status == 401)

    def test_clients_have_a_quota_only_if_the_deployment_sets_one(self):
        self.assertEqual(TEMPLATE["Parameters"]["ClientRequestsPerDay"]["Default"], 0)
        unlimited = {"Equals": [{"Ref": "ClientRequestsPerDay"}, 0]}
        self.assertEqual(TEMPLATE["Conditions"]["HasUsagePlan"], {"Not": [unlimited]})
        for kind in ("UsagePlan", "ApiKey", "UsagePlanKey"):
            for name in of_type(f"AWS::ApiGateway::{kind}"):
                self.assertEqual(RESOURCES[name]["Condition"], "HasUsagePlan")
        plan = properties("UsagePlan")
        self.assertEqual(plan["Quota"], {"Limit": {"Ref": "ClientRequestsPerDay"}, "Period": "DAY"})
        self.assertEqual(plan["Throttle"]["RateLimit"], {"Ref": "ClientRequestsPerSecond"})
        self.assertEqual(plan["ApiStages"], [{"ApiId": {"Ref": "Api"}, "Stage": {"Ref": "Api.Stage"}}])

    def test_calls_need_the_gateways_key_exactly_if_there_is_a_quota(self):
        asked = [{"Fn::If": ["HasUsagePlan", {"gatewayKey": []}, {"bearerAuth": []}]}]
        for where, operation in operations().items():
            self.assertEqual(operation["security"], [] if where == ("get", "/openapi.json") else asked, where)
        key = API["components"]["securitySchemes"]["gatewayKey"]
        self.assertEqual((key["type"], key["in"], key["name"]), ("apiKey", "header", "x-api-key"))
        # The condition changes the API without changing its text; only with this does SAM deploy the change.
        self.assertIs(properties("Api")["AlwaysDeploy"], True)

    def test_the_api_is_throttled_and_logs_neither_keys_nor_code(self):
        api = properties("Api")
        (settings,) = api["MethodSettings"]
        self.assertEqual((settings["ResourcePath"], settings["HttpMethod"]), ("/*", "*"))
        self.assertIn("ThrottlingRateLimit", settings)
        self.assertIs(settings["DataTraceEnabled"], False)
        names = {api["Name"], API["info"]["title"], properties("Alarms")["Parameters"]["ApiName"]}
        self.assertEqual(len(names), 1, "the alarms watch another API")
        line = api["AccessLogSetting"]["Format"]
        self.assertLessEqual({"requestId", "status", "route"}, set(json.loads(line)))
        self.assertNotRegex(line, "header|body|[Aa]uthorization")
        self.assertEqual(api["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"], "infra/openapi.yaml")

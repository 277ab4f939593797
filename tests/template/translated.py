"""The template as SAM translates it, in every combination of parameters: what CloudFormation and API Gateway would refuse."""

import graphlib
import json
import re
import unittest

import jsonschema
from translate import COMBINATIONS, Scope, flat, read, references, translated

# Words of JSON Schema draft 4, which API Gateway's models are written in, and `nullable`, which it drops.
DRAFT_4 = {"$ref", "type", "properties", "required", "items", "enum", "description", "format", "minimum", "maximum", "minLength",
           "maxLength", "minItems", "maxItems", "pattern", "additionalProperties", "allOf", "oneOf", "anyOf", "default", "nullable"}
STAYS = {"Bucket", "GatewayRole", "GatewayAccount"}
RESOURCES = {name: flat(parameters)["Resources"] for name, parameters in COMBINATIONS.items()}


def nulls(node, path=""):
    """Where a value is null, which CloudFormation refuses anywhere in a template."""
    if node is None:
        yield path
    elif isinstance(node, dict):
        for key, each in node.items():
            yield from nulls(each, f"{path}/{key}")
    elif isinstance(node, list):
        for number, each in enumerate(node):
            yield from nulls(each, f"{path}/{number}")


def schemas(node):
    """A schema and all schemas in it."""
    yield node
    for each in (*node.get("properties", {}).values(), *node.get("allOf", ()), *node.get("oneOf", ()), *node.get("anyOf", ())):
        yield from schemas(each)
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from schemas(node[key])


def before(resources, name):
    """All resources that must exist before one."""
    found, waiting = set(), [name]
    while waiting:
        for each in references(resources[waiting.pop()]):
            if each in resources and each not in found:
                found.add(each)
                waiting.append(each)
    return found


class Template(unittest.TestCase):
    def test_every_condition_is_tried_both_ways(self):
        scopes = [Scope(read("template.yaml"), parameters) for parameters in COMBINATIONS.values()]
        for condition in read("template.yaml")["Conditions"]:
            self.assertEqual({scope.holds(condition) for scope in scopes}, {True, False}, condition)

    def test_there_is_no_null(self):
        for name, parameters in COMBINATIONS.items():
            self.assertEqual(list(nulls(translated(parameters))), [], name)
        for path in ("template.yaml", "infra/network.yaml", "infra/image.yaml", "infra/alarms.yaml", "infra/firewall.yaml", "infra/local.yaml"):
            self.assertEqual(list(nulls(read(path))), [], path)

    def test_every_reference_has_a_target(self):
        for combination, resources in RESOURCES.items():
            for name, resource in resources.items():
                for target in references(resource):
                    self.assertTrue(target in resources or target.startswith("AWS::"), f"{combination}: {name} refers to {target}")

    def test_there_is_an_order_to_make_the_resources_in(self):
        for combination, resources in RESOURCES.items():
            order = graphlib.TopologicalSorter({name: set(references(each)) & set(resources) for name, each in resources.items()})
            self.assertEqual(set(order.static_order()), set(resources), combination)

    def test_the_role_for_access_logs_comes_after_an_api_and_before_the_stage(self):
        for combination, resources in RESOURCES.items():
            (stage,) = (name for name, each in resources.items() if each["Type"] == "AWS::ApiGateway::Stage")
            if "GatewayAccount" in resources:
                self.assertIn("Api", before(resources, "GatewayAccount"), combination)
                self.assertIn("GatewayAccount", before(resources, stage), combination)

    def test_the_bucket_and_the_role_for_access_logs_outlive_the_stack(self):
        for combination, resources in RESOURCES.items():
            kept = {name for name, each in resources.items() if each.get("DeletionPolicy") == "Retain"}
            self.assertEqual(kept, STAYS & set(resources), combination)
            self.assertTrue(all(resources[name]["UpdateReplacePolicy"] == "Retain" for name in kept), combination)

    def test_it_fits_into_a_template(self):
        for combination, resources in RESOURCES.items():
            self.assertLess(len(resources), 500, combination)
            self.assertLess(len(json.dumps(resources)), 1_000_000, combination)


class Alarms(unittest.TestCase):
    def test_the_one_on_concurrency_is_raised_at_what_is_reserved(self):
        for given, number in (({}, 100), ({"ExecuteConcurrency": 40}, 40), ({"InterpreterConcurrency": 800}, 100),
                              ({"ExecuteConcurrency": 0, "InterpreterConcurrency": 200}, 200), ({"ExecuteConcurrency": 0}, 500),
                              ({"ExecuteConcurrency": 0, "InterpreterConcurrency": 200, "Isolation": "shared"}, 500)):
            alarm = flat({"S3PrefixListId": "pl-1a2b3c"} | given)["Resources"]["AlarmsCodeConcurrency"]["Properties"]
            self.assertEqual((alarm["MetricName"], int(alarm["Threshold"])), ("ConcurrentExecutions", number), given)


class Rules(unittest.TestCase):
    """What CloudFormation refuses before it changes anything, because it could not be made or would not start."""

    def refused(self, **parameters):
        scope = Scope(read("template.yaml"), {"S3PrefixListId": "pl-1a2b3c"} | parameters)
        rules = [each for each in scope.template["Rules"].values() if scope.truth(each["RuleCondition"])]
        return " ".join(each["AssertDescription"] for rule in rules for each in rule["Assertions"] if not scope.truth(each["Assert"]))

    def test_what_deployments_set_is_taken(self):
        for name, parameters in COMBINATIONS.items():
            self.assertEqual(self.refused(**parameters), "", name)

    def test_parameters_without_which_others_mean_nothing_are_required(self):
        self.assertIn("S3PrefixListId is required", self.refused(S3PrefixListId=""))
        self.assertIn("ImageUri is required", self.refused(Packages="full"))
        self.assertIn("only when Isolation is dedicated", self.refused(Packages="full", ImageUri="x", Isolation="shared"))
        self.assertIn("JwtAudience is required", self.refused(JwtIssuer="https://id.example.com"))

    def test_no_parameter_of_tokens_is_taken_without_their_issuer(self):
        others = {name for name in read("template.yaml")["Parameters"] if name.startswith("Jwt")} - {"JwtIssuer"}
        self.assertEqual(others, {"JwtAudience", "JwtKeys", "JwtOrgClaim"})
        for name in others:
            self.assertIn("need JwtIssuer", self.refused(**{name: "x"}), name)
            self.assertEqual(self.refused(JwtIssuer="https://id.example.com", **({"JwtAudience": "x"} | {name: "x"})), "", name)


class Models(unittest.TestCase):
    def bodies(self):
        return [resources["Api"]["Properties"]["Body"] for resources in RESOURCES.values()]

    def test_their_names_are_alphanumeric_and_their_schemas_are_of_draft_4(self):
        for body in self.bodies():
            for name, model in body["components"]["schemas"].items():
                self.assertRegex(name, re.compile(r"^[A-Za-z0-9]+$"))
                jsonschema.Draft4Validator.check_schema(model)
                for schema in schemas(model):
                    self.assertLessEqual(set(schema), DRAFT_4, name)

    def test_the_gateway_validates_no_body(self):
        # It drops `nullable` when it makes models, so it would refuse a null that the function takes.
        for body in self.bodies():
            self.assertNotIn("request-validator", json.dumps(body))


if __name__ == "__main__":
    unittest.main()

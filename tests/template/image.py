"""Packages=full: the function from an image is the one from the layer, but for what an image is."""

import unittest

from load import RESOURCES, TEMPLATE, load, properties

STACK = properties("InterpreterImage")
IMAGE = load("infra/image.yaml")
FROM_IMAGE = IMAGE["Resources"]["InterpreterFunction"]["Properties"]
# What only one of them has: a zip and a layer, or an image.
OF_A_ZIP = {"CodeUri", "Layers", "Description"}
OF_AN_IMAGE = {"Code", "PackageType", "Description"}
# The same condition, which is a parameter's in both.
CONDITIONS = {"ReservesConcurrency": "ReservesForInterpreter"}
# Other names of the same property.
RENAMED = {"TracingConfig": "Tracing"}


def resolved(value):
    """A value of the nested stack, with the parameters that template.yaml passes."""
    if isinstance(value, dict) and set(value) == {"Ref"}:
        return STACK["Parameters"].get(value["Ref"], value)
    if isinstance(value, dict) and set(value) == {"If"}:
        condition, *values = value["If"]
        return {"If": [CONDITIONS[condition], *map(resolved, values)]}
    if isinstance(value, dict):
        return {name: resolved(each) for name, each in value.items()}
    return [resolved(each) for each in value] if isinstance(value, list) else value


class Image(unittest.TestCase):
    def test_its_conditions_are_those_of_the_main_template(self):
        for own, outer in CONDITIONS.items():
            ((_, tests),) = IMAGE["Conditions"][own].items()
            self.assertEqual({"Not": [{"Equals": [resolved(each) for each in tests[0]["Equals"]]}]}, TEMPLATE["Conditions"][outer])

    def test_it_has_the_properties_of_the_function_from_the_layer(self):
        of_layer = {**TEMPLATE["Globals"]["Function"], **properties("InterpreterFunction")}
        wanted = {name: value for name, value in of_layer.items() if name not in OF_A_ZIP | {"Runtime", "Handler"}}
        wanted["Tracing"] = {"Mode": wanted["Tracing"]}
        found = {RENAMED.get(name, name): resolved(value) for name, value in FROM_IMAGE.items() if name not in OF_AN_IMAGE}
        self.assertEqual(found, wanted)

    def test_one_of_both_is_deployed_and_only_for_dedicated_isolation(self):
        conditions = TEMPLATE["Conditions"]
        self.assertEqual(RESOURCES["InterpreterFunction"]["Condition"], "DedicatedFromLayer")
        self.assertEqual(RESOURCES["InterpreterImage"]["Condition"], "DedicatedFromImage")
        for condition, source in (("DedicatedFromLayer", "FromLayer"), ("DedicatedFromImage", "FromImage")):
            self.assertEqual(conditions[condition], {"And": [{"Condition": "Dedicated"}, {"Condition": source}]})
        self.assertEqual(conditions["FromLayer"], {"Not": [{"Condition": "FromImage"}]})

    def test_no_function_of_the_main_template_is_an_image(self):
        # `sam deploy` would ask for an image repository, also with Packages=core.
        for name, resource in RESOURCES.items():
            self.assertNotIn("PackageType", resource.get("Properties", {}), name)


if __name__ == "__main__":
    unittest.main()

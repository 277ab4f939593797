"""Event sources besides the API: the job queue, asynchronous invocations and their destinations, events of the bucket."""

import re
import unittest

from load import ALARMS, RESOURCES, TEMPLATE, as_list, name_of, of_type, properties

PARAMETERS = TEMPLATE["Parameters"]
CONDITIONS = TEMPLATE["Conditions"]
JOBS = ("Jobs", "DeadJobs", "JobSource")
NO_VALUE = {"Ref": "AWS::NoValue"}
# Statements of the ExecuteRole that depend on a condition, which a parameter sets.
OPTIONAL = {"TakeJobs": "HasJobs", "TellSuccess": "TellsSuccess", "TellFailure": "TellsFailure"}


def number(value, **parameters):
    """A number of the template, with the parameters of its `!Sub` filled in."""
    if isinstance(value, dict):
        value = re.sub(r"\$\{(\w+)\}", lambda found: str(parameters[found[1]]), value["Sub"])
    return int(value)


class Jobs(unittest.TestCase):
    def test_there_is_no_queue_by_default(self):
        self.assertEqual((PARAMETERS["JobQueue"]["Default"], CONDITIONS["HasJobs"]), ("none", {"Equals": [{"Ref": "JobQueue"}, "create"]}))
        self.assertEqual(set(of_type("AWS::SQS::Queue")) | set(of_type("AWS::Lambda::EventSourceMapping")), set(JOBS))
        for name in JOBS:
            self.assertEqual(RESOURCES[name]["Condition"], "HasJobs")
        self.assertEqual(TEMPLATE["Outputs"]["JobQueueUrl"]["Condition"], "HasJobs")
        self.assertFalse(of_type("AWS::SQS::QueuePolicy"), "another principal may send to it")

    def test_the_queues_are_encrypted(self):
        for name in ("Jobs", "DeadJobs"):
            self.assertIs(properties(name)["SqsManagedSseEnabled"], True)

    def test_the_visibility_timeout_outlasts_a_batch(self):
        limit = PARAMETERS["FunctionSeconds"]
        for seconds in (limit["MinValue"], limit["Default"], limit["MaxValue"]):
            visibility = number(properties("Jobs")["VisibilityTimeout"], FunctionSeconds=seconds)
            self.assertTrue(6 * seconds <= visibility <= 43200, f"{visibility} s for a function of {seconds} s")

    def test_a_job_that_keeps_failing_goes_to_a_dead_letter_queue_with_an_alarm(self):
        redrive = properties("Jobs")["RedrivePolicy"]
        self.assertEqual(redrive["deadLetterTargetArn"], {"GetAtt": "DeadJobs.Arn"})
        self.assertTrue(2 <= redrive["maxReceiveCount"] <= 10)
        self.assertGreaterEqual(properties("DeadJobs")["MessageRetentionPeriod"], properties("Jobs")["MessageRetentionPeriod"])
        given = properties("Alarms")["Parameters"]["DeadJobs"]
        self.assertEqual(given, {"If": ["HasJobs", {"GetAtt": "DeadJobs.QueueName"}, ""]})
        alarm = ALARMS["Resources"]["JobsDied"]
        self.assertEqual((alarm["Condition"], alarm["Properties"]["Threshold"]), ("HasDeadJobs", 1))

    def test_only_failed_jobs_of_a_batch_are_retried_and_concurrency_is_limited(self):
        source = properties("JobSource")
        self.assertEqual(source["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertEqual((source["BatchSize"], source["ScalingConfig"]), (10, {"MaximumConcurrency": {"Ref": "JobConcurrency"}}))
        self.assertEqual((source["FunctionName"], source["EventSourceArn"]), ({"Ref": "ExecuteFunction"}, {"GetAtt": "Jobs.Arn"}))
        self.assertLess(PARAMETERS["JobConcurrency"]["Default"], PARAMETERS["ExecuteConcurrency"]["Default"])


class Asynchronous(unittest.TestCase):
    def test_a_failed_invocation_is_retried_and_reported(self):
        calls = properties("AsynchronousCalls")
        self.assertEqual((calls["FunctionName"], calls["Qualifier"]), ({"Ref": "ExecuteFunction"}, "$LATEST"))
        self.assertEqual((calls["MaximumRetryAttempts"], calls["MaximumEventAgeInSeconds"]), (2, 3600))
        for end in ("Success", "Failure"):
            destination = {"If": [f"Tells{end}", {"Destination": {"Ref": f"Async{end}QueueArn"}}, NO_VALUE]}
            self.assertEqual(calls["DestinationConfig"][f"On{end}"], destination)

    def test_a_late_warm_up_is_dropped(self):
        self.assertEqual(set(of_type("AWS::Lambda::EventInvokeConfig")), {"AsynchronousCalls", "WarmUps"})
        warm_ups = properties("WarmUps")
        either = {"If": ["FromImage", {"GetAtt": "InterpreterImage.Outputs.Name"}, {"Ref": "InterpreterFunction"}]}
        self.assertEqual((warm_ups["FunctionName"], warm_ups["Qualifier"]), (either, "$LATEST"))
        self.assertEqual((warm_ups["MaximumRetryAttempts"], warm_ups["MaximumEventAgeInSeconds"]), (0, 60))
        self.assertNotIn("DestinationConfig", warm_ups)
        self.assertEqual(RESOURCES["WarmUps"]["Condition"], "Dedicated")

    def test_a_destination_is_a_single_queue(self):
        for end in ("Success", "Failure"):
            parameter = PARAMETERS[f"Async{end}QueueArn"]
            self.assertEqual(parameter["Default"], "")
            allowed = re.compile(parameter["AllowedPattern"])
            self.assertTrue(allowed.match("") and allowed.match("arn:aws:sqs:us-east-1:123456789012:results"))
            for other in ("*", "arn:aws:sqs:us-east-1:123456789012:*", "arn:aws:lambda:us-east-1:123456789012:function:f"):
                self.assertFalse(allowed.match(other), other)

    def test_optional_permissions_depend_on_their_parameters(self):
        (policy,) = properties("ExecuteRole")["Policies"]
        found = {each["If"][1]["Sid"]: each["If"] for each in policy["PolicyDocument"]["Statement"] if "If" in each}
        self.assertEqual({sid: condition for sid, (condition, *_) in found.items()}, OPTIONAL)
        for condition, statement, otherwise in found.values():
            self.assertEqual(otherwise, NO_VALUE)
            self.assertNotIn("*", [name_of(each) for each in as_list(statement["Resource"])])

    def test_no_caller_is_trusted_without_a_token_by_default(self):
        self.assertEqual(PARAMETERS["TrustedOrg"]["Default"], "")
        variables = properties("ExecuteFunction")["Environment"]["Variables"]
        self.assertEqual(variables["TRUSTED_ORG"], {"Ref": "TrustedOrg"})


class Bucket(unittest.TestCase):
    def test_its_events_go_to_eventbridge_and_invoke_no_function(self):
        configuration = properties("Bucket")["NotificationConfiguration"]
        self.assertEqual(configuration, {"EventBridgeConfiguration": {"EventBridgeEnabled": True}})
        self.assertFalse(of_type("AWS::Events::Rule"), "a rule for the bucket that invokes the function would loop")

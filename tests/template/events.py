"""What reaches the function besides the API: jobs, asynchronous invocations and what they end in, the bucket's own events."""

import re
import unittest

from load import ALARMS, RESOURCES, TEMPLATE, as_list, name_of, of_type, properties

PARAMETERS = TEMPLATE["Parameters"]
CONDITIONS = TEMPLATE["Conditions"]
JOBS = ("Jobs", "DeadJobs", "JobSource")
NO_VALUE = {"Ref": "AWS::NoValue"}
# What only a deployment that asks for it allows: the statement of the ExecuteRole, and under which condition.
OPTIONAL = {"TakeJobs": "HasJobs", "TellSuccess": "TellsSuccess", "TellFailure": "TellsFailure"}


def number(value, **parameters):
    """A number of the template, its `!Sub` filled in."""
    if isinstance(value, dict):
        value = re.sub(r"\$\{(\w+)\}", lambda found: str(parameters[found[1]]), value["Sub"])
    return int(value)


class Jobs(unittest.TestCase):
    def test_there_is_no_queue_unless_one_is_asked_for(self):
        self.assertEqual((PARAMETERS["JobQueue"]["Default"], CONDITIONS["HasJobs"]), ("none", {"Equals": [{"Ref": "JobQueue"}, "create"]}))
        self.assertEqual(set(of_type("AWS::SQS::Queue")) | set(of_type("AWS::Lambda::EventSourceMapping")), set(JOBS))
        for name in JOBS:
            self.assertEqual(RESOURCES[name]["Condition"], "HasJobs")
        self.assertEqual(TEMPLATE["Outputs"]["JobQueueUrl"]["Condition"], "HasJobs")
        self.assertFalse(of_type("AWS::SQS::QueuePolicy"), "somebody else may send to it")

    def test_the_queues_are_encrypted(self):
        for name in ("Jobs", "DeadJobs"):
            self.assertIs(properties(name)["SqsManagedSseEnabled"], True)

    def test_a_job_is_hidden_long_enough_for_its_batch(self):
        limit = PARAMETERS["FunctionSeconds"]
        for seconds in (limit["MinValue"], limit["Default"], limit["MaxValue"]):
            visibility = number(properties("Jobs")["VisibilityTimeout"], FunctionSeconds=seconds)
            self.assertTrue(6 * seconds <= visibility <= 43200, f"{visibility} s for a function of {seconds} s")

    def test_a_job_that_fails_again_and_again_ends_where_an_alarm_sees_it(self):
        redrive = properties("Jobs")["RedrivePolicy"]
        self.assertEqual(redrive["deadLetterTargetArn"], {"GetAtt": "DeadJobs.Arn"})
        self.assertTrue(2 <= redrive["maxReceiveCount"] <= 10)
        self.assertGreaterEqual(properties("DeadJobs")["MessageRetentionPeriod"], properties("Jobs")["MessageRetentionPeriod"])
        given = properties("Alarms")["Parameters"]["DeadJobs"]
        self.assertEqual(given, {"If": ["HasJobs", {"GetAtt": "DeadJobs.QueueName"}, ""]})
        alarm = ALARMS["Resources"]["JobsDied"]
        self.assertEqual((alarm["Condition"], alarm["Properties"]["Threshold"]), ("HasDeadJobs", 1))

    def test_only_failed_jobs_of_a_batch_come_back_and_few_run_at_once(self):
        source = properties("JobSource")
        self.assertEqual(source["FunctionResponseTypes"], ["ReportBatchItemFailures"])
        self.assertEqual((source["BatchSize"], source["ScalingConfig"]), (10, {"MaximumConcurrency": {"Ref": "JobConcurrency"}}))
        self.assertEqual((source["FunctionName"], source["EventSourceArn"]), ({"Ref": "ExecuteFunction"}, {"GetAtt": "Jobs.Arn"}))
        self.assertLess(PARAMETERS["JobConcurrency"]["Default"], PARAMETERS["ExecuteConcurrency"]["Default"])


class Asynchronous(unittest.TestCase):
    def test_a_failure_is_tried_again_and_told(self):
        (calls,) = of_type("AWS::Lambda::EventInvokeConfig").values()
        calls = calls["Properties"]
        self.assertEqual((calls["FunctionName"], calls["Qualifier"]), ({"Ref": "ExecuteFunction"}, "$LATEST"))
        self.assertEqual((calls["MaximumRetryAttempts"], calls["MaximumEventAgeInSeconds"]), (2, 3600))
        for end in ("Success", "Failure"):
            told = {"If": [f"Tells{end}", {"Destination": {"Ref": f"Async{end}QueueArn"}}, NO_VALUE]}
            self.assertEqual(calls["DestinationConfig"][f"On{end}"], told)

    def test_a_destination_is_one_queue_and_nothing_else(self):
        for end in ("Success", "Failure"):
            parameter = PARAMETERS[f"Async{end}QueueArn"]
            self.assertEqual(parameter["Default"], "")
            allowed = re.compile(parameter["AllowedPattern"])
            self.assertTrue(allowed.match("") and allowed.match("arn:aws:sqs:us-east-1:123456789012:results"))
            for other in ("*", "arn:aws:sqs:us-east-1:123456789012:*", "arn:aws:lambda:us-east-1:123456789012:function:f"):
                self.assertFalse(allowed.match(other), other)

    def test_a_permission_is_there_only_with_what_it_is_for(self):
        (policy,) = properties("ExecuteRole")["Policies"]
        found = {each["If"][1]["Sid"]: each["If"] for each in policy["PolicyDocument"]["Statement"] if "If" in each}
        self.assertEqual({sid: condition for sid, (condition, *_) in found.items()}, OPTIONAL)
        for condition, statement, otherwise in found.values():
            self.assertEqual(otherwise, NO_VALUE)
            self.assertNotIn("*", [name_of(each) for each in as_list(statement["Resource"])])

    def test_nobody_is_trusted_without_a_token_by_default(self):
        self.assertEqual(PARAMETERS["TrustedOrg"]["Default"], "")
        variables = properties("ExecuteFunction")["Environment"]["Variables"]
        self.assertEqual(variables["TRUSTED_ORG"], {"Ref": "TrustedOrg"})


class Bucket(unittest.TestCase):
    def test_its_events_go_to_eventbridge_and_invoke_nothing(self):
        told = properties("Bucket")["NotificationConfiguration"]
        self.assertEqual(told, {"EventBridgeConfiguration": {"EventBridgeEnabled": True}})
        self.assertFalse(of_type("AWS::Events::Rule"), "a rule for the bucket that invokes the function would never end")

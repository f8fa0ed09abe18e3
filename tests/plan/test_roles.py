"""What holds for every role: who may assume it, how it is named, and how far it reaches."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.planned import Planned, as_list

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

# With the number of functions that pass a role in each.
SCENARIOS = {
    "own_key": 1,
    "own_role": 1,
    "enterprise": 1,
    "overrides": 1,
    "locked_down": 1,
    "longest_names": 1,
    "verified image_bounding_box": 2,
    "verified own_role": 2,
    "verified text_single_label_classification": 2,
    "both engines": 2,
    "label_studio": 0,
    "label_studio verified": 0,
}

# Actions that know no resources, with the place that says so.
ALLOWED_ON_EVERYTHING = {
    # Service Authorization Reference, CloudWatch: no resource type.
    "cloudwatch:PutMetricData",
    # Step Functions guide, "Using CloudWatch Logs": log delivery actions take no resources.
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    # Service Authorization Reference, EC2: descriptions know no resource type.
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    # Service Authorization Reference, X-Ray: no resource type.
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


# Where the module writes a policy.
POLICY_ATTRIBUTES = {
    "aws_iam_role": "assume_role_policy",
    "aws_iam_role_policy": "policy",
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
}
# IAM takes no wildcard for the service, and no fewer than six parts.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
WHOLE_ARN = re.compile(r"arn:aws:[a-z0-9-]+:[^:]*:[^:]*:.+")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_only_listed_actions_are_allowed_on_every_resource(
    plan: Callable[[str], Planned], scenario: str
) -> None:
    planned = plan(scenario)
    for address in planned.of_type("aws_iam_role_policy"):
        for sid, statement in planned.statements(address).items():
            assert "NotAction" not in statement
            assert "NotResource" not in statement
            actions = as_list(statement["Action"])
            assert "*" not in actions, (address, sid)
            if statement["Effect"] == "Allow" and "*" in as_list(statement["Resource"]):
                assert set(actions) <= ALLOWED_ON_EVERYTHING, (address, sid)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_resource_is_a_whole_arn(plan: Callable[[str], Planned], scenario: str) -> None:
    planned = plan(scenario)
    partial = {
        (address, resource)
        for kind, attribute in POLICY_ATTRIBUTES.items()
        for address, values in planned.of_type(kind).items()
        if values.get(attribute)
        for statement in json.loads(values[attribute])["Statement"]
        for resource in as_list(statement.get("Resource", []))
        if resource != "*" and not WHOLE_ARN.fullmatch(resource)
    }
    assert partial == set()


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:sqs:*",
        "arn:aws:sqs:us-east-1:123456789012",
        "arn:aws:s*:us-east-1:123456789012:intake",
        "arn:*:sqs:us-east-1:123456789012:intake",
        "intake",
    ],
)
def test_a_resource_that_is_no_whole_arn_is_found(resource: str) -> None:
    assert not WHOLE_ARN.fullmatch(resource)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_role_is_passed_to_sagemaker_only(plan: Callable[[str], Planned], scenario: str) -> None:
    planned = plan(scenario)
    passing = [
        statement
        for address in planned.of_type("aws_iam_role_policy")
        for statement in planned.statements(address).values()
        if "iam:PassRole" in as_list(statement["Action"])
    ]
    assert len(passing) == SCENARIOS[scenario]
    for statement in passing:
        assert statement["Condition"] == {
            "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
        }
        assert as_list(statement["Resource"]) == [planned.outputs["ground_truth_role_arn"]]


def test_services_assume_roles_for_this_account_only(plan: Callable[[str], Planned]) -> None:
    seen = set()
    for values in plan("own_key").of_type("aws_iam_role").values():
        (statement,) = json.loads(values["assume_role_policy"])["Statement"]
        service = statement["Principal"]["Service"]
        seen.add(service)
        # Lambda takes a role from the function's own account only.
        expected = None
        if service != "lambda.amazonaws.com":
            # Whether SageMaker sets the account is not documented.
            operator = "StringEqualsIfExists" if service.startswith("sagemaker") else "StringEquals"
            expected = {operator: {"aws:SourceAccount": "123456789012"}}
        assert statement.get("Condition") == expected, values["name"]
    services = ("lambda", "sagemaker", "scheduler", "states")
    assert seen == {f"{service}.amazonaws.com" for service in services}


def test_every_role_has_the_path_and_the_boundary(plan: Callable[[str], Planned]) -> None:
    roles = plan("enterprise").of_type("aws_iam_role")
    assert len(roles) == 13
    for values in roles.values():
        assert values["path"] == "/labeling/"
        assert values["permissions_boundary"] == "arn:aws:iam::123456789012:policy/boundary"


@pytest.mark.parametrize(
    "scenario", ["longest_names", "verified longest_names", "label_studio longest_names"]
)
def test_the_longest_names_fit(plan: Callable[[str], Planned], scenario: str) -> None:
    planned = plan(scenario)
    limits = {
        "aws_iam_role": ("name", 64),
        "aws_lambda_function": ("function_name", 64),
        "aws_s3_bucket": ("bucket", 63),
        "aws_scheduler_schedule": ("name", 64),
        "aws_sqs_queue": ("name", 80),
        "aws_sfn_state_machine": ("name", 80),
        "aws_cloudwatch_event_rule": ("name", 64),
        "aws_sagemaker_feature_group": ("feature_group_name", 64),
    }
    for kind, (attribute, limit) in limits.items():
        for address, values in planned.of_type(kind).items():
            assert len(values[attribute]) <= limit, address


def test_an_existing_role_is_used_and_none_is_created(plan: Callable[[str], Planned]) -> None:
    planned = plan("own_role")
    labeling = "arn:aws:iam::123456789012:role/labeling"
    assert not [name for name in planned.of_type("aws_iam_role") if "ground_truth" in name]
    job = json.loads(planned.environment("start_labeling_job")["LABELING_JOB"])
    assert job["role_arn"] == labeling
    policy = planned.statements('module.storage.aws_s3_bucket_policy.this["upload"]')
    readers = policy["DenyOtherReaders"]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]
    assert labeling in readers

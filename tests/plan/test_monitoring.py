"""Alarms watch what can go wrong, the topic takes them, and the names are published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned

pytestmark = pytest.mark.terraform


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


@pytest.mark.parametrize(
    ("alarm", "namespace", "metric", "dimensions"),
    [
        (
            "accounting-mismatch",
            "GroundTruthLabeling",
            "AccountingMismatch",
            {"Pipeline": "digits"},
        ),
        (
            "dead-letter",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": "digits-dead-letter"},
        ),
        (
            "failed-executions",
            "AWS/States",
            "ExecutionsFailed",
            {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:digits"},
        ),
        (
            "job-state-lost",
            "AWS/Events",
            "InvocationsFailedToBeSentToDlq",
            {"RuleName": "digits-job-state"},
        ),
        ("job-state-rule", "AWS/Events", "FailedInvocations", {"RuleName": "digits-job-state"}),
        (
            "oldest-message",
            "AWS/SQS",
            "ApproximateAgeOfOldestMessage",
            {"QueueName": "digits-intake"},
        ),
        ("probe-mode", "GroundTruthLabeling", "ProbeMode", {"Pipeline": "digits"}),
        (
            "timed-out-executions",
            "AWS/States",
            "ExecutionsTimedOut",
            {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:digits"},
        ),
        (
            "undelivered",
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": "digits-undelivered"},
        ),
        (
            "upload-lost",
            "AWS/Events",
            "InvocationsFailedToBeSentToDlq",
            {"RuleName": "digits-upload"},
        ),
        ("upload-rule", "AWS/Events", "FailedInvocations", {"RuleName": "digits-upload"}),
    ],
)
def test_an_alarm_watches(
    own_key: Planned, alarm: str, namespace: str, metric: str, dimensions: dict[str, str]
) -> None:
    planned = own_key.resources[f'module.monitoring.aws_cloudwatch_metric_alarm.this["{alarm}"]']
    assert planned["alarm_name"] == f"digits-{alarm}"
    assert planned["namespace"] == namespace
    assert planned["metric_name"] == metric
    assert planned["dimensions"] == dimensions
    assert planned["treat_missing_data"] == "notBreaching"
    assert planned["actions_enabled"] is not False
    # A sum over counts, and of a level the highest: the lowest would hide what came and went.
    level = metric.startswith("Approximate") or metric == "ProbeMode"
    assert planned["statistic"] == ("Maximum" if level else "Sum")
    assert planned["comparison_operator"] == "GreaterThanOrEqualToThreshold"


def test_every_alarm_notifies_the_pipelines_own_topic_at_its_rise_and_its_end(
    own_key: Planned,
) -> None:
    configured = own_key.expressions("monitoring", "aws_cloudwatch_metric_alarm.this")
    for actions in ("alarm_actions", "ok_actions"):
        assert "aws_sns_topic.this.arn" in configured[actions]["references"]


def test_alarms_of_this_account_alone_publish_and_only_over_tls(own_key: Planned) -> None:
    policy = own_key.statements("module.monitoring.aws_sns_topic_policy.this")
    publish = policy["AlarmNotifications"]
    assert publish["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert publish["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012"},
        "ArnLike": {"aws:SourceArn": "arn:aws:cloudwatch:us-east-1:123456789012:alarm:digits-*"},
    }
    assert policy["DenyInsecureTransport"]["Effect"] == "Deny"


def test_the_names_are_published_as_parameters(own_key: Planned) -> None:
    parameters = own_key.of_type("aws_ssm_parameter").values()
    assert {values["name"] for values in parameters} == {
        "/digits/alarm-names",
        "/digits/dead-letter-queue-url",
        "/digits/feature-group-name",
        "/digits/function-names",
        "/digits/key-statements",
        "/digits/ledger-table-name",
        "/digits/output-bucket-name",
        "/digits/resources",
        "/digits/state-machine-arn",
        "/digits/task-type",
        "/digits/undelivered-queue-url",
        "/digits/upload-bucket-name",
        "/digits/upload-queue-url",
    }
    assert {values["type"] for values in parameters} == {"String"}

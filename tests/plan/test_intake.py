"""Uploads reach the intake queue, and items that fail end in the dead-letter queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.planned import Planned, as_list

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

QUEUES = "arn:aws:sqs:us-east-1:123456789012:digits"
RULES = "arn:aws:events:us-east-1:123456789012:rule/digits"


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


def test_a_dead_letter_outlives_its_stay_in_the_intake_queue(own_key: Planned) -> None:
    queues = {values["name"]: values for values in own_key.of_type("aws_sqs_queue").values()}
    intake = queues["digits-intake"]["message_retention_seconds"]
    assert queues["digits-dead-letter"]["message_retention_seconds"] > intake
    assert queues["digits-undelivered"]["message_retention_seconds"] == 1209600


def test_a_message_stays_invisible_for_longer_than_its_consumer_runs(own_key: Planned) -> None:
    consumer = own_key.resources['module.function["poll_queue"].aws_lambda_function.this']
    intake = own_key.resources["module.intake.aws_sqs_queue.intake"]
    assert intake["visibility_timeout_seconds"] > consumer["timeout"]


def test_only_the_intake_queue_feeds_the_dead_letter_queue(own_key: Planned) -> None:
    redrive = own_key.resources["module.intake.aws_sqs_queue_redrive_policy.intake"]
    policy = json.loads(redrive["redrive_policy"])
    assert policy == {"deadLetterTargetArn": f"{QUEUES}-dead-letter", "maxReceiveCount": 1000}
    allow = own_key.resources["module.intake.aws_sqs_queue_redrive_allow_policy.dead_letter"]
    assert json.loads(allow["redrive_allow_policy"]) == {
        "redrivePermission": "byQueue",
        "sourceQueueArns": [f"{QUEUES}-intake"],
    }


@pytest.mark.parametrize("queue", ["dead_letter", "intake", "undelivered"])
def test_every_queue_refuses_requests_without_tls(own_key: Planned, queue: str) -> None:
    denial = own_key.statements(f"module.intake.aws_sqs_queue_policy.{queue}")[
        "DenyInsecureTransport"
    ]
    assert denial["Effect"] == "Deny"
    assert denial["Action"] == "sqs:*"
    assert denial["Resource"] == f"{QUEUES}-{queue.replace('_', '-')}"
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(
    ("queue", "rules"),
    [
        ("dead_letter", []),
        ("intake", [f"{RULES}-upload"]),
        ("undelivered", [f"{RULES}-job-state", f"{RULES}-upload"]),
    ],
)
def test_a_queue_takes_events_of_its_own_rules_only(
    own_key: Planned, queue: str, rules: list[str]
) -> None:
    policy = own_key.statements(f"module.intake.aws_sqs_queue_policy.{queue}")
    allowed = {sid: each for sid, each in policy.items() if each["Effect"] == "Allow"}
    assert set(allowed) == ({"EventDelivery"} if rules else set())
    for statement in allowed.values():
        assert statement["Action"] == "sqs:SendMessage"
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert as_list(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == rules
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": "123456789012"}


def test_the_rule_sees_uploads_only_and_keeps_what_it_cannot_deliver(own_key: Planned) -> None:
    rule = own_key.resources["module.intake.aws_cloudwatch_event_rule.upload"]
    assert json.loads(rule["event_pattern"]) == {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": ["digits-123456789012-us-east-1-upload"]}},
    }
    target = own_key.resources["module.intake.aws_cloudwatch_event_target.upload"]
    assert len(target["dead_letter_config"]) == 1
    assert target["input_transformer"] == []
    configured = own_key.expressions("intake", "aws_cloudwatch_event_target.upload")
    assert "aws_sqs_queue.intake.arn" in configured["arn"]["references"]
    assert "aws_sqs_queue.dead_letter.arn" not in configured["arn"]["references"]
    (kept,) = configured["dead_letter_config"]
    assert kept["arn"]["references"][0] == "aws_sqs_queue.undelivered.arn"


def test_the_ledger_survives_mistakes(own_key: Planned) -> None:
    (table,) = own_key.of_type("aws_dynamodb_table").values()
    assert table["deletion_protection_enabled"] is True
    assert table["point_in_time_recovery"][0]["enabled"] is True
    assert table["billing_mode"] == "PAY_PER_REQUEST"
    assert table["hash_key"] == "pk"
    assert table["ttl"] == [{"attribute_name": "expires_at", "enabled": True}]


def test_patterns_of_ignored_keys_are_published(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("extra_features")
    patterns = ["*.xmp", "drafts/*"]
    published = planned.of_type("aws_ssm_parameter").values()
    (parameter,) = [each for each in published if each["name"].endswith("/ignored-keys")]
    assert json.loads(parameter["value"]) == patterns

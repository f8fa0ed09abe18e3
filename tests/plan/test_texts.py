"""Uploaded texts are split on their way to the intake queue; images are not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import KEY_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

ACCOUNT = "123456789012"
QUEUES = f"arn:aws:sqs:us-east-1:{ACCOUNT}:digits"
RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/digits-upload"
SPLITTER = 'module.function["split_text"].aws_lambda_function.this'
ROLE = f"arn:aws:iam::{ACCOUNT}:role/digits-split-text-us-east-1"


@pytest.fixture(scope="session")
def text(plan: Callable[[str], Planned]) -> Planned:
    return plan("text")


@pytest.fixture(scope="session")
def image(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


def test_only_texts_are_split(text: Planned, image: Planned) -> None:
    added = set(text.resources) - set(image.resources)
    assert {address for address in added if not address.startswith("module.function[")} == {
        "module.intake.aws_lambda_function_event_invoke_config.splitter[0]",
        "module.intake.aws_lambda_permission.splitter[0]",
        'aws_ssm_parameter.published["splitter-function-name"]',
    }
    assert {address.split('"')[1] for address in added if address.startswith("module.f")} == {
        "split_text"
    }
    removed = set(image.resources) - set(text.resources)
    assert removed == {"module.storage.aws_s3_bucket_cors_configuration.upload[0]"}


def test_the_splitter_has_time_for_a_large_file(text: Planned) -> None:
    splitter = text.resources[SPLITTER]
    assert splitter["handler"] == "labeling_lambdas.handlers.split_text.handler"
    assert (splitter["timeout"], splitter["memory_size"]) == (900, 512)


def test_the_splitter_reads_uploads_and_writes_to_two_queues(text: Planned) -> None:
    statements = text.function_statements("split_text")
    granted = {
        (action, resource)
        for sid, statement in statements.items()
        if sid not in ("Key", "Log")
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    uploads = f"arn:aws:s3:::digits-{ACCOUNT}-us-east-1-upload/*"
    assert granted == {
        ("s3:GetObjectVersion", uploads),
        ("sqs:SendMessage", f"{QUEUES}-intake"),
        ("sqs:SendMessage", f"{QUEUES}-undelivered"),
    }
    key = statements["Key"]
    assert as_list(key["Action"]) == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert key["Resource"] == KEY_ARN
    services = as_list(key["Condition"]["StringEquals"]["kms:ViaService"])
    assert services == ["s3.us-east-1.amazonaws.com", "sqs.us-east-1.amazonaws.com"]


def test_the_upload_bucket_lets_the_splitter_read(text: Planned, image: Planned) -> None:
    def readers(planned: Planned) -> list[str]:
        policy = planned.statements('module.storage.aws_s3_bucket_policy.this["upload"]')
        condition = policy["DenyOtherReaders"]["Condition"]
        return as_list(condition["ArnNotLike"]["aws:PrincipalArn"])

    assert set(readers(text)) - set(readers(image)) == {ROLE}
    policy = text.statements('module.storage.aws_s3_bucket_policy.this["upload"]')
    assert ROLE not in json.dumps(policy["DenyOtherWriters"])


def test_the_rule_calls_the_splitter_and_nothing_else_may(text: Planned) -> None:
    permission = text.resources["module.intake.aws_lambda_permission.splitter[0]"]
    assert permission["function_name"] == "digits-split-text"
    assert permission["principal"] == "events.amazonaws.com"
    assert permission["source_arn"] == RULE
    intake = text.statements("module.intake.aws_sqs_queue_policy.intake")
    assert set(intake) == {"DenyInsecureTransport"}


def test_what_the_splitter_gives_up_is_kept_and_raises_an_alarm(text: Planned) -> None:
    config = text.resources["module.intake.aws_lambda_function_event_invoke_config.splitter[0]"]
    assert config["function_name"] == "digits-split-text"
    assert config["maximum_retry_attempts"] == 2
    assert len(config["destination_config"][0]["on_failure"]) == 1
    target = text.resources["module.intake.aws_cloudwatch_event_target.upload"]
    assert len(target["dead_letter_config"]) == 1
    alarm = text.resources['module.monitoring.aws_cloudwatch_metric_alarm.this["undelivered"]']
    assert alarm["dimensions"] == {"QueueName": "digits-undelivered"}
    assert alarm["threshold"] == 1


def test_the_key_serves_the_splitter(plan: Callable[[str], Planned]) -> None:
    required = json.dumps(plan("text").outputs["required_key_policy_json"])
    assert ROLE in required
    assert "digits-split-text" in required.replace(ROLE, "")

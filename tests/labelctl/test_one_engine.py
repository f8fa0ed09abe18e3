"""``labelctl doctor`` of a pipeline of which only one engine is deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from labelctl.doctor.checks import Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import CHECKS
from labelctl.doctor.function_uses import STEP_USES, function_uses
from labelctl.doctor.smoke_label import announcement
from labelctl.pipeline import Pipeline
from labeling_lambdas.domain.task_types import task_type

if TYPE_CHECKING:
    from labelctl.connection import Connection

#: Checks that have nothing to look at.
OF_GROUND_TRUTH = {"ground_truth", "job_state_rule", "labeling_role", "work_teams", "worker_files"}
#: As ssm_parameters.tf publishes it without a work team.
RESOURCES = {
    "jobs": {"label": None, "verify": None},
    "kms_key_arn": "arn:aws:kms:eu-north-1:123456789012:key/1",
    "label_studio": {
        "schedule": "digits-label-studio",
        "token_secret_arn": "arn:aws:secretsmanager:eu-north-1:123456789012:secret:token-AbCdEf",
        "token_secret_kms_key_arn": None,
        "url": "https://label-studio.example.org",
    },
    "package_sha256": "digest",
    "rules": {"upload": "digits-upload"},
    "schedule": {"enabled": True, "name": "digits"},
    "version": "0.1.0",
}
PARAMETERS = {
    "/digits/alarm-names": '["digits-label-studio"]',
    "/digits/feature-group-name": "digits",
    "/digits/function-names": '{"stop_job": "digits-stop-job"}',
    "/digits/key-statements": "{}",
    "/digits/output-bucket-name": "digits-output",
    "/digits/resources": json.dumps(RESOURCES),
}


@dataclass(frozen=True)
class ParametersOnly:
    """A connection that answers with the parameters. A call of another service fails."""

    partition: str = "aws"

    def client(self, service: str) -> Any:
        assert service == "ssm"
        return self

    def get_parameters(self, Names: list[str]) -> Any:  # noqa: N803 - boto3's name
        return {"Parameters": [{"Name": name, "Value": PARAMETERS[name]} for name in Names]}


@pytest.fixture
def subject() -> Subject:
    connection = cast("Connection", ParametersOnly())
    pipeline = Pipeline(
        name="digits",
        task_type=task_type("image_single_label_classification"),
        splitter="",
        ledger_table="digits-ledger",
        upload_bucket="digits-upload",
        intake_url="https://sqs.eu-north-1.amazonaws.com/123456789012/digits-intake",
        dead_letter_url="https://sqs.eu-north-1.amazonaws.com/123456789012/digits-dead-letter",
        undelivered_url="https://sqs.eu-north-1.amazonaws.com/123456789012/digits-undelivered",
        state_machine_arn="arn:aws:states:eu-north-1:123456789012:stateMachine:digits",
    )
    return Subject(connection, pipeline, find_deployed(connection, "digits"), datetime.now(UTC))


def test_checks_of_label_studio_find_nothing_and_call_nothing_without_it(subject: Subject) -> None:
    without = replace(subject, deployed=replace(subject.deployed, label_studio=None))
    checks = [check for check in CHECKS if check.name.startswith("label_studio")]
    assert len(checks) == 3
    assert [list(check.problems(without)) for check in checks] == [[]] * len(checks)


def test_checks_of_ground_truth_find_nothing_and_call_nothing(subject: Subject) -> None:
    checks = [check for check in CHECKS if check.name in OF_GROUND_TRUTH]
    assert len(checks) == len(OF_GROUND_TRUTH)
    assert [list(check.problems(subject)) for check in checks] == [[]] * len(checks)


def test_no_function_must_be_allowed_anything_of_ground_truth(subject: Subject) -> None:
    uses = {use for step in STEP_USES for use in function_uses(subject, step)}
    jobs = "arn:aws:s3:::digits-output/labeling-jobs/doctor"
    assert ("s3:PutObject", jobs) in {(use.action, use.resource) for use in uses}
    assert not {use.action for use in uses if "LabelingJob" in use.action}
    assert not {use.resource for use in uses if "/ground-truth/" in use.resource}


def test_the_announcement_names_no_fee_of_ground_truth(subject: Subject) -> None:
    text = announcement(subject)
    assert "people in Label Studio" in text
    assert "$" not in text

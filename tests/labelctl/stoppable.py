"""A pipeline with a schedule, and runs whose labeling jobs are in progress."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.labelctl.test_one_engine import PARAMETERS, RESOURCES
from tests.sandbox.resources import control, make_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.labelctl.stage import Operated


def publish(operated: Operated, *, enabled: bool, jobs: Mapping[str, Any] | None = None) -> None:
    """Publish what the module publishes for this pipeline."""
    given = {key.rpartition("/")[2]: value for key, value in PARAMETERS.items()}
    state = {"enabled": enabled, "name": operated.name}
    resources = {**RESOURCES, "kms_key_arn": operated.key_arn, "schedule": state}
    resources["jobs"] = jobs or RESOURCES["jobs"]
    operated.parameters(
        **{
            **given,
            "resources": json.dumps(resources),
            "output-bucket-name": operated.output,
        }
    )


def schedule(operated: Operated, state: str = "ENABLED") -> None:
    """Create the schedule, or replace it by one in a state."""
    publish(operated, enabled=True)
    client, role = operated.client("scheduler"), f"{operated.name}-schedule"
    described: dict[str, Any] = {
        "Name": operated.name,
        "Description": "Starts the pipeline.",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "KmsKeyArn": operated.key_arn,
        "ScheduleExpression": "cron(0 12 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "State": state,
        "Target": {
            "Arn": operated.machine_arn,
            "RoleArn": f"arn:aws:iam::{operated.sandbox.account}:role/{role}",
            "Input": '{"started_by": "schedule"}',
            "RetryPolicy": {"MaximumEventAgeInSeconds": 600, "MaximumRetryAttempts": 7},
        },
    }
    try:
        client.update_schedule(**described)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        make_role(operated.sandbox, role, "scheduler.amazonaws.com")
        client.create_schedule(**described)


def begun_run(operated: Operated, name: str = "one") -> dict[str, Any]:
    """Open a run whose workers never finish its job, with an execution that waits for it."""
    control(operated.sandbox, "POST", "workforce", {"delay_seconds": 1e6})
    operated.prepare_ground_truth()
    operated.client("stepfunctions").start_execution(
        stateMachineArn=operated.machine_arn, name=f"{operated.name}-{name}"
    )
    operated.announce([operated.upload(f"{uuid.uuid4().hex}.png")])
    run = operated.poll(execution=name)
    operated.start(run, execution_arn=operated.execution(name))
    return run

"""A fresh pipeline in the sandbox for each test of a function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.handlers.pipeline import Pipeline, new_pipeline
from tests.sandbox.resources import make_key, make_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox

#: An execution that hands the token of its state to a queue, or waits where it is given none.
_DEFINITION = {
    "StartAt": "Token?",
    "States": {
        "Token?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.queue", "IsPresent": True, "Next": "WaitForToken"}],
            "Default": "Wait",
        },
        "WaitForToken": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl.$": "$.queue",
                "MessageBody": {"token.$": "$$.Task.Token"},
            },
            "End": True,
        },
        "Wait": {"Type": "Wait", "Seconds": 3600, "End": True},
    },
}


@pytest.fixture(scope="session")
def ground_truth_role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "handlers-ground-truth", "sagemaker.amazonaws.com")


@pytest.fixture(scope="session")
def state_machine(sandbox: Sandbox) -> str:
    role = make_role(sandbox, "handlers-states", "states.amazonaws.com")
    created = sandbox.client("stepfunctions").create_state_machine(
        name="handlers-waiting",
        definition=json.dumps(_DEFINITION),
        roleArn=role,
        encryptionConfiguration={
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kmsKeyId": make_key(sandbox),
        },
    )
    return str(created["stateMachineArn"])


@pytest.fixture
def pipeline(
    sandbox: Sandbox,
    _functions_here: None,
    ground_truth_role: str,
    state_machine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    made = new_pipeline(sandbox, monkeypatch, ground_truth_role, state_machine)
    yield made
    made.end()

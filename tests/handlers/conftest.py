"""A fresh pipeline for each test of a function."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.handlers.pipeline import Pipeline, new_pipeline
from tests.handlers.places import AccountPlace, SandboxPlace
from tests.sandbox.resources import control, make_key, make_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox
    from tests.handlers.places import Place

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
def _sandbox_place(sandbox: Sandbox) -> SandboxPlace:
    key = make_key(sandbox)
    created = sandbox.client("stepfunctions").create_state_machine(
        name="handlers-waiting",
        definition=json.dumps(_DEFINITION),
        roleArn=make_role(sandbox, "handlers-states", "states.amazonaws.com"),
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key},
    )
    role = make_role(sandbox, "handlers-ground-truth", "sagemaker.amazonaws.com")
    return SandboxPlace(sandbox, key, role, str(created["stateMachineArn"]))


@pytest.fixture
def sandbox_place(
    _functions_in_sandbox: None, _sandbox_place: SandboxPlace
) -> Iterator[SandboxPlace]:
    control(_sandbox_place.sandbox, "POST", "workforce", {"reset": True})
    yield _sandbox_place
    control(_sandbox_place.sandbox, "POST", "workforce", {"reset": True})


@pytest.fixture
def account_place() -> AccountPlace:
    return AccountPlace()


@pytest.fixture
def pipeline(
    request: pytest.FixtureRequest, _functions_here: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pipeline]:
    """A pipeline in the process; in the sandbox for a test that is marked so."""
    place: Place = request.getfixturevalue(f"{getattr(request, 'param', 'account')}_place")
    made = new_pipeline(place, monkeypatch)
    yield made
    made.end()

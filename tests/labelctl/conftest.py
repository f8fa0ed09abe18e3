"""A fresh pipeline with an operator for each test."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.handlers.places import SandboxPlace
from tests.labelctl.stage import Operated
from tests.sandbox.resources import control, make_key, make_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox


@pytest.fixture(scope="session")
def place(sandbox: Sandbox) -> SandboxPlace:
    key = make_key(sandbox)
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    created = sandbox.client("stepfunctions").create_state_machine(
        name="labelctl-waiting",
        definition=json.dumps(wait),
        roleArn=make_role(sandbox, "labelctl-states", "states.amazonaws.com"),
        encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": key},
    )
    role = make_role(sandbox, "labelctl-ground-truth", "sagemaker.amazonaws.com")
    return SandboxPlace(sandbox, key, role, str(created["stateMachineArn"]))


@pytest.fixture
def operated(
    place: SandboxPlace, _functions_in_sandbox: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Operated]:
    made = Operated(place, f"p{uuid.uuid4().hex[:12]}", monkeypatch)
    made.create().publish()
    yield made
    made.end()
    control(place.sandbox, "POST", "workforce", {"reset": True})

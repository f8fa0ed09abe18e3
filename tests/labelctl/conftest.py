"""A fresh pipeline with an operator for each test."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.labelctl.stage import Operated
from tests.sandbox.resources import make_key, make_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox


@pytest.fixture(scope="session")
def service_role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "labelctl-ground-truth", "sagemaker.amazonaws.com")


@pytest.fixture(scope="session")
def waiting_machine(sandbox: Sandbox) -> str:
    role = make_role(sandbox, "labelctl-states", "states.amazonaws.com")
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    created = sandbox.client("stepfunctions").create_state_machine(
        name="labelctl-waiting",
        definition=json.dumps(wait),
        roleArn=role,
        encryptionConfiguration={
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kmsKeyId": make_key(sandbox),
        },
    )
    return str(created["stateMachineArn"])


@pytest.fixture
def operated(
    sandbox: Sandbox,
    _functions_here: None,
    service_role: str,
    waiting_machine: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Operated]:
    made = Operated(
        sandbox,
        f"p{uuid.uuid4().hex[:12]}",
        make_key(sandbox),
        service_role,
        waiting_machine,
        monkeypatch,
    )
    made.create().publish()
    yield made
    made.end()

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from labeling_faults.state_machine import definition as definitions
from tests.statemachine.sandbox_process import sandbox_process
from tests.statemachine.script import script_server
from tests.statemachine.workflow import Runner, Workflow, deploy

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

ACCOUNT = "123456789012"
REGION = "us-east-1"
JOB_NAME = "digits"


class Rendering(Protocol):
    """Renders the definition for the tests' deployment."""

    def __call__(self, **replaced_locals: Hashable) -> str:
        """Return the definition, JSON text, with these locals replaced."""
        ...


@pytest.fixture(scope="session")
def rendering() -> Rendering:
    """Render the definition, with locals replaced if need be."""
    return functools.partial(definitions.rendered, JOB_NAME, ACCOUNT, REGION)


@pytest.fixture(scope="session")
def definition_text(rendering: Rendering) -> str:
    return rendering()


@pytest.fixture(scope="session")
def verifying_text(rendering: Rendering) -> str:
    """The definition of a workflow that has its labels verified."""
    return rendering(verification_enabled=True)


@pytest.fixture(scope="session")
def definition(definition_text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(definition_text)
    return parsed


@pytest.fixture(scope="session")
def workflow() -> Iterator[Workflow]:
    with sandbox_process() as sandbox, script_server() as server:
        deployed = deploy(sandbox, server, lambda step: f"{JOB_NAME}-{step.replace('_', '-')}")
        server.answer_token = deployed.answer
        yield deployed


@pytest.fixture(scope="session")
def run(workflow: Workflow, definition_text: str) -> Runner:
    """The workflow as it is deployed."""
    return Runner(workflow, workflow.create(JOB_NAME, definition_text))


@pytest.fixture(scope="session")
def run_impatiently(workflow: Workflow, rendering: Rendering) -> Runner:
    """The same, but for a labeling job that is waited for one second only: the least there is."""
    impatient = rendering(labeling_timeout_seconds=1)
    return Runner(workflow, workflow.create(f"{JOB_NAME}-impatient", impatient))


@pytest.fixture(scope="session")
def run_verifying(workflow: Workflow, verifying_text: str) -> Runner:
    """The workflow with verification."""
    return Runner(workflow, workflow.create(f"{JOB_NAME}-verifying", verifying_text))


@pytest.fixture(scope="session")
def run_verifying_impatiently(workflow: Workflow, rendering: Rendering) -> Runner:
    """The same, but for jobs that are waited for one second only."""
    impatient = rendering(verification_enabled=True, labeling_timeout_seconds=1)
    return Runner(workflow, workflow.create(f"{JOB_NAME}-verifying-impatient", impatient))

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.deployment import planned
from tests.statemachine.sandbox_process import sandbox_process
from tests.statemachine.script import script_server
from tests.statemachine.workflow import Runner, Workflow, deploy

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB_NAME = "digits"
LONGEST_JOB_SECONDS = 30 * 86400


def impatient_definition(text: str) -> str:
    """Return a definition in which the states that wait for a job give up after a second."""
    definition = json.loads(text)
    patient = [
        state
        for state in definition["States"].values()
        if state.get("TimeoutSeconds", 0) > LONGEST_JOB_SECONDS
    ]
    assert patient
    for state in patient:
        state["TimeoutSeconds"] = 1
    return json.dumps(definition)


@pytest.fixture(scope="session")
def definition_text() -> str:
    return planned().state_machine.definition


@pytest.fixture(scope="session")
def verifying_text() -> str:
    """The definition of a workflow that has its labels verified."""
    return planned(verified=True).state_machine.definition


@pytest.fixture(scope="session")
def large_text() -> str:
    """The definition of a workflow whose runs may claim so much that several pollers claim it."""
    return planned(large_runs=True).state_machine.definition


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
def run_large(workflow: Workflow, large_text: str) -> Runner:
    """The workflow with several pollers."""
    return Runner(workflow, workflow.create(f"{JOB_NAME}-large", large_text))


@pytest.fixture(scope="session")
def run_impatiently(workflow: Workflow, definition_text: str) -> Runner:
    """The same, but for a labeling job that is waited for one second only: the least there is."""
    impatient = impatient_definition(definition_text)
    return Runner(workflow, workflow.create(f"{JOB_NAME}-impatient", impatient))


@pytest.fixture(scope="session")
def run_verifying(workflow: Workflow, verifying_text: str) -> Runner:
    """The workflow with verification."""
    return Runner(workflow, workflow.create(f"{JOB_NAME}-verifying", verifying_text))


@pytest.fixture(scope="session")
def run_verifying_impatiently(workflow: Workflow, verifying_text: str) -> Runner:
    """The same, but for jobs that are waited for one second only."""
    impatient = impatient_definition(verifying_text)
    return Runner(workflow, workflow.create(f"{JOB_NAME}-verifying-impatient", impatient))

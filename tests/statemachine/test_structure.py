"""What must hold for the definition as a whole, whichever way an execution takes."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.deployment import planned
from labeling_lambdas import errors
from labeling_lambdas.domain.outcomes import Outcome
from tests.statemachine.workflow import STEPS, VERIFYING_STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.statemachine.workflow import Workflow

State = dict[str, Any]

INVOKE = "arn:aws:states:::lambda:invoke"
STARTING = {"StartLabelingJob", "StartVerificationJob"}
STOPPING = {"StopJob", "StopVerificationJob"}
WAITING = STARTING | STOPPING
DAY_SECONDS = 86_400


@pytest.fixture(scope="session", params=["labeling", "verifying", "large runs"])
def definition_text(request: pytest.FixtureRequest) -> str:
    """The definition, without and with verification, and with several pollers."""
    verified, large_runs = request.param == "verifying", request.param == "large runs"
    return planned(verified=verified, large_runs=large_runs).state_machine.definition


@pytest.fixture(scope="session")
def definition(definition_text: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(definition_text)
    return parsed


@pytest.fixture(scope="session")
def verifying(definition: dict[str, Any]) -> bool:
    return "StartVerificationJob" in definition["States"]


@pytest.fixture(scope="session")
def states(definition: dict[str, Any]) -> dict[str, State]:
    """All states, those inside of a Map too."""
    return dict(_states(definition))


@pytest.fixture(scope="session")
def tasks(states: dict[str, State]) -> dict[str, State]:
    return {name: state for name, state in states.items() if state["Type"] == "Task"}


def _machines(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from _machines(state["ItemProcessor"])


def _states(definition: dict[str, Any]) -> Iterator[tuple[str, State]]:
    for machine in _machines(definition):
        yield from machine["States"].items()


def _targets(state: State) -> list[str]:
    rules = [*state.get("Catch", []), *state.get("Choices", [])]
    direct = [state[key] for key in ("Next", "Default") if key in state]
    return [*direct, *(rule["Next"] for rule in rules)]


def _reachable(machine: dict[str, Any], start: list[str]) -> set[str]:
    found: set[str] = set()
    while start:
        name = start.pop()
        if name not in found:
            found.add(name)
            start = [*start, *_targets(machine["States"][name])]
    return found


def test_step_functions_accepts_the_definition(workflow: Workflow, definition_text: str) -> None:
    validated = workflow.client.validate_state_machine_definition(definition=definition_text)
    assert (validated["result"], validated["diagnostics"]) == ("OK", [])


def test_every_state_is_reachable_and_every_target_exists(definition: dict[str, Any]) -> None:
    for machine in _machines(definition):
        for name, state in machine["States"].items():
            assert set(_targets(state)) <= set(machine["States"]), name
        assert _reachable(machine, [machine["StartAt"]]) == set(machine["States"])


def test_every_path_reaches_an_end(definition: dict[str, Any]) -> None:
    for machine in _machines(definition):
        ends = {
            name
            for name, state in machine["States"].items()
            if state["Type"] in ("Succeed", "Fail") or state.get("End")
        }
        for name in machine["States"]:
            assert ends & _reachable(machine, [name]), name


def test_no_state_waits_and_then_polls(
    definition: dict[str, Any], states: dict[str, State]
) -> None:
    assert "Wait" not in {state["Type"] for state in states.values()}
    loops = {
        frozenset(
            other
            for other in _reachable(machine, _targets(machine["States"][name]))
            if name in _reachable(machine, _targets(machine["States"][other]))
        )
        for machine in _machines(definition)
        for name in machine["States"]
        if name in _reachable(machine, _targets(machine["States"][name]))
    }
    assert loops == {
        frozenset(loop)
        for loop in (
            ("PollQueue", "MoreToPoll?"),
            ("ClaimShare", "MoreToClaim?"),
            ("ReturnItems", "MoreToReturn?"),
        )
        if set(loop) <= set(states)
    }


def test_every_task_is_repeated_and_its_failure_is_caught(
    definition: dict[str, Any], tasks: dict[str, State]
) -> None:
    assert {name for name, task in tasks.items() if "Retry" not in task} == set()
    uncaught = {name for name, task in tasks.items() if "Catch" not in task}
    # An error of a poller is caught by the Map that it is in.
    assert uncaught - {"ClaimShare"} == {"ResumeRun"}
    drain = definition["States"].get("DrainQueue")
    assert drain is None or _targets(drain) == ["PollQueue", "RunLeftOpen"]
    assert set(_targets(definition["States"]["ResumeRun"])) == {"PollQueue"}


def test_rules_for_all_errors_come_last(tasks: dict[str, State]) -> None:
    for name, task in tasks.items():
        for rules in (task["Retry"], task.get("Catch", [{"ErrorEquals": ["States.ALL"]}])):
            assert rules[-1]["ErrorEquals"] == ["States.ALL"], name
            others = [error for rule in rules[:-1] for error in rule["ErrorEquals"]]
            assert "States.ALL" not in others, name
            assert len(others) == len(set(others)), name


def test_the_errors_that_are_named_exist(tasks: dict[str, State]) -> None:
    known = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    known |= {"States.ALL", "States.Timeout"}
    for name, task in tasks.items():
        rules = [*task["Retry"], *task.get("Catch", [])]
        assert {error for rule in rules for error in rule["ErrorEquals"]} <= known, name


@pytest.mark.parametrize("error", ["SettingsError", "RunTakenOverError", "RunNotFoundError"])
def test_permanent_errors_are_not_retried(tasks: dict[str, State], error: str) -> None:
    for name, task in tasks.items():
        rule = next(rule for rule in task["Retry"] if error in rule["ErrorEquals"])
        assert rule["MaxAttempts"] == 0, name


def test_every_step_is_called_by_its_state(tasks: dict[str, State], *, verifying: bool) -> None:
    steps = VERIFYING_STEPS if verifying else STEPS
    called = {task["Parameters"]["FunctionName"] for task in tasks.values()}
    prefix = "arn:aws:lambda:us-east-1:123456789012:function:digits-"
    assert called == {prefix + step.replace("_", "-") for step in steps}
    for name, task in tasks.items():
        waits = ".waitForTaskToken" if name in WAITING else ""
        assert task["Resource"] == INVOKE + waits
        assert ("$$.Task.Token" in json.dumps(task)) == (name in WAITING)


def test_waiting_ends_some_time_but_not_before_ground_truth_ends_the_job(
    tasks: dict[str, State],
) -> None:
    # Ground Truth ends a labeling job after 30 days.
    for name in STARTING & set(tasks):
        assert tasks[name]["TimeoutSeconds"] > 30 * DAY_SECONDS
    for name in STOPPING & set(tasks):
        assert 0 < tasks[name]["TimeoutSeconds"] <= DAY_SECONDS


def test_every_outcome_but_an_open_run_has_a_choice(
    states: dict[str, State], *, verifying: bool
) -> None:
    choices = states["Outcome?"]["Choices"]
    chosen = {choice["StringEquals"] for choice in choices}
    without = (
        {Outcome.LEFT_OPEN} if verifying else {Outcome.LEFT_OPEN, Outcome.VERIFICATION_JOB_FAILED}
    )
    assert chosen == {outcome.value for outcome in Outcome} - {each.value for each in without}
    assert states["Outcome?"]["Default"] == "RunLeftOpen"


def test_a_failed_execution_has_the_name_of_its_state(states: dict[str, State]) -> None:
    failures = {name: state for name, state in states.items() if state["Type"] == "Fail"}
    assert failures
    for name, state in failures.items():
        assert state["Error"] == name
        assert state["Cause"].endswith(".")

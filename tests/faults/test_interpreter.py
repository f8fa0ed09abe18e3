"""The interpreter does what the sandbox's does, and refuses what it would do otherwise."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_faults.state_machine import definition
from labeling_faults.state_machine.definition import UnknownDefinitionError
from tests.faults.scripted import ScriptedExecutions
from tests.statemachine.script import Acts, Answers, Raises, Returns
from tests.statemachine.test_pollers import told
from tests.statemachine.usual_run import (
    RESUME,
    USUAL,
    finished,
    job_ended,
    planned,
    polled,
    returned_up_to,
    usual,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.statemachine.workflow import Runner

THROTTLED = Raises("LabelingJobThrottledError")
EVENTS_OF_THE_USUAL_RUN = 58

SCRIPTS: dict[str, tuple[Acts, dict[str, str]]] = {
    "usual": (USUAL, {}),
    "resumed": (USUAL, RESUME),
    "resume refused": (usual(recover_runs=Raises("RunAliveError")), RESUME),
    "nothing received": (usual(poll_queue=polled(received=0, claimed=0)), {}),
    "nothing claimed": (
        usual(poll_queue=polled(claimed=0), finish_run=finished("queue_empty")),
        {},
    ),
    "three polls": (usual(poll_queue=[polled(more=True), polled(more=True), polled()]), {}),
    "recovery fails": (usual(recover_runs=Raises("SettingsError")), {}),
    "poll fails": (usual(poll_queue=Raises("ClientError")), {}),
    "poll out of time": (usual(poll_queue=[*[Raises("OutOfTimeError")] * 20, polled()]), {}),
    "taken over": (usual(start_labeling_job=Raises("RunTakenOverError")), {}),
    "throttled twice": (usual(start_labeling_job=[THROTTLED, THROTTLED, Answers(job_ended())]), {}),
    "throttled for good": (usual(start_labeling_job=THROTTLED), {}),
    "answered later": (usual(start_labeling_job=Answers(job_ended(), when="later")), {}),
    "refused": (
        usual(
            start_labeling_job=Raises("LabelingJobRefusedError"),
            stop_job=Answers(job_ended("NotCreated"), when="later"),
            finish_run=finished("labeling_job_failed"),
        ),
        {},
    ),
    "stop fails": (
        usual(start_labeling_job=Raises("SettingsError"), stop_job=Raises("ClientError")),
        {},
    ),
    "no plan": (usual(plan_results=Raises("ClientError")), {}),
    "no shards": (usual(plan_results=planned(shards=0)), {}),
    "five shards": (usual(plan_results=planned(shards=5)), {}),
    "a shard fails": (usual(update_feature_store=Raises("ClientError")), {}),
    "returned in three calls": (
        usual(
            plan_results=planned(return_shards=7),
            return_items=[
                returned_up_to(2, more=True),
                returned_up_to(5, more=True),
                returned_up_to(7),
            ],
        ),
        {},
    ),
    "return fails": (usual(return_items=Raises("ClientError")), {}),
    "mismatch": (usual(finish_run=finished("accounting_mismatch")), {}),
    "unknown outcome": (usual(finish_run=Returns({"run_id": "r", "outcome": "new"})), {}),
    "finish fails": (usual(finish_run=Raises("RunTakenOverError")), {}),
}


LARGE_SCRIPTS: dict[str, Callable[[], Acts]] = {
    "usual": usual,
    "called again": lambda: usual(poll_queue=told(4, [polled(more=True), polled()])),
    "a poller fails": lambda: usual(poll_queue=told(1, [Raises("RunTakenOverError")])),
}


@pytest.mark.parametrize("name", LARGE_SCRIPTS)
def test_several_pollers_go_as_in_the_sandbox(
    run_large: Runner, large_text: str, name: str
) -> None:
    theirs = run_large(LARGE_SCRIPTS[name]())
    ours = ScriptedExecutions(large_text, LARGE_SCRIPTS[name]()).run()
    assert ours.execution.ending == theirs.ending
    if theirs.ending == "SUCCEEDED":
        assert sorted(ours.states) == sorted(theirs.states)
        assert sorted(ours.steps) == sorted(theirs.steps)
        assert ours.events == len(theirs.history)


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_execution_goes_as_in_the_sandbox(run: Runner, definition_text: str, name: str) -> None:
    acts, state_input = SCRIPTS[name]
    theirs = run(acts, state_input)
    ours = ScriptedExecutions(definition_text, acts).run(state_input)
    assert ours.states == theirs.states
    assert ours.execution.ending == theirs.ending
    assert sorted(ours.steps) == sorted(theirs.steps)
    if theirs.ending == "SUCCEEDED":
        assert ours.execution.output == theirs.output
        assert ours.events == len(theirs.history)


def test_the_usual_run_has_as_many_events_as_in_step_functions(definition_text: str) -> None:
    assert ScriptedExecutions(definition_text, USUAL).run().events == EVENTS_OF_THE_USUAL_RUN


def test_a_state_that_is_never_answered_times_out_and_its_token_is_stale(
    definition_text: str,
) -> None:
    acts = usual(start_labeling_job=Returns("created"), finish_run=finished("labeling_job_failed"))
    stage = ScriptedExecutions(definition_text, acts)
    played = stage.run()
    assert played.steps[2:4] == ["start_labeling_job", "stop_job"]
    (started,) = [it.event for it in played.script.calls if it.step == "start_labeling_job"]
    assert stage.refusal_of(started["task_token"]) == "TaskTimedOut"
    assert stage.refusal_of("somebody else's") == "InvalidToken"


def test_what_is_too_large_for_a_state_fails_the_execution(definition_text: str) -> None:
    large = Returns({**planned().value, "much": "x" * 262_144})
    assert ScriptedExecutions(
        definition_text, usual(plan_results=large)
    ).run().execution.ending == ("States.DataLimitExceeded")


def _set(path: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(states: dict[str, Any]) -> None:
        *names, last = path.split(".")
        place = states
        for name in names:
            place = place[name]
        place[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _set("PollQueue.HeartbeatSeconds", 5),
        _set("PollQueue.InputPath", "$.run"),
        _set("NewRun.Type", "Parallel"),
        _set("UpdateFeatureStore.ToleratedFailureCount", 1),
        _set("UpdateFeatureStore.ItemProcessor.ProcessorConfig", {"Mode": "DISTRIBUTED"}),
        _set("PollQueue.Resource", "arn:aws:states:::sqs:sendMessage"),
    ],
)
def test_what_the_interpreter_does_not_know_is_an_error(
    definition_text: str, change: Callable[[dict[str, Any]], None]
) -> None:
    whole = copy.deepcopy(json.loads(definition_text))
    change(whole["States"])
    with pytest.raises(UnknownDefinitionError, match="not known to the interpreter"):
        definition.read(json.dumps(whole))

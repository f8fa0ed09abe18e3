"""What a step may not return: both interpreters end as Step Functions documents it.

A path that leads nowhere is `States.Runtime`, more than 262,144 bytes are
`States.DataLimitExceeded`, and neither is repeated or caught by `States.ALL`.
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.scripted import ScriptedExecutions
from tests.statemachine.script import Answers, Raises, Returns
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
    from collections.abc import Iterator

    from tests.statemachine.script import Act, Acts, Event, Reply
    from tests.statemachine.workflow import Ended, Runner

SUCCEEDED = "SUCCEEDED"
RUNTIME = "States.Runtime"
TOO_LARGE = "States.DataLimitExceeded"

LIMIT_BYTES = 262_144
# Room for the braces, the name and what else stands in a state's data.
FILLING = "x" * (LIMIT_BYTES - 1_000)

REFUSED = Raises("LabelingJobRefusedError")
RESUMED = Returns({"run_id": RESUME["resume_run"], "resumed": True})
RETURNING_STEPS: dict[str, Act] = {
    "poll_queue": polled(),
    "plan_results": planned(),
    "return_items": returned_up_to(1),
    "finish_run": finished("succeeded"),
}
# A step that returns nothing, and how the execution ends: where no path leads into the result, it
# goes on.
NOTHING: dict[str, tuple[Acts, dict[str, str], str]] = {
    "recover_runs": (usual(recover_runs=Returns(None)), {}, SUCCEEDED),
    "recover_runs, of a named run": (usual(recover_runs=Returns(None)), RESUME, RUNTIME),
    "poll_queue": (usual(poll_queue=Returns(None)), {}, RUNTIME),
    "start_labeling_job": (usual(start_labeling_job=Answers(None)), {}, SUCCEEDED),
    "stop_job": (usual(start_labeling_job=REFUSED, stop_job=Answers(None)), {}, SUCCEEDED),
    "plan_results": (usual(plan_results=Returns(None)), {}, RUNTIME),
    "update_feature_store": (usual(update_feature_store=Returns(None)), {}, SUCCEEDED),
    "return_items": (usual(return_items=Returns(None)), {}, RUNTIME),
    "finish_run": (usual(finish_run=Returns(None)), {}, RUNTIME),
}


def _with(act: Act, **more: Any) -> Act:
    def changed(event: Event) -> Reply:
        reply = act(event) if callable(act) else act
        assert isinstance(reply, Returns | Answers)
        return type(reply)({**reply.value, **more})

    return changed


def _without(act: Act, field: str) -> Act:
    def changed(event: Event) -> Reply:
        reply = act(event) if callable(act) else act
        assert isinstance(reply, Returns)
        return Returns({name: value for name, value in reply.value.items() if name != field})

    return changed


def _incomplete() -> Iterator[tuple[str, Acts, dict[str, str]]]:
    """Yield a script for each field of a result that a path of the definition leads to."""
    read = {
        "poll_queue": ("run_id", "generation", "resumed", "received", "claimed", "more"),
        "plan_results": ("folder", "shards", "return_shards"),
        "return_items": ("folder", "return_shards", "position", "more"),
        "finish_run": ("outcome",),
    }
    for step, fields in read.items():
        for field in fields:
            act = _without(RETURNING_STEPS[step], field)
            yield f"{step}, {field}", usual(**{step: act}), {}
    for field in ("run_id", "resumed"):
        acts = usual(recover_runs=_without(RESUMED, field))
        yield f"recover_runs, {field}", acts, RESUME


INCOMPLETE = {name: (acts, state_input) for name, acts, state_input in _incomplete()}

# Each step returns more than a state may hold. A job's answer is within the limit of the answer,
# but not within that of the state that it becomes a part of.
LARGE: dict[str, tuple[Acts, dict[str, str]]] = {
    "recover_runs": (usual(recover_runs=Returns({"alive": [FILLING, FILLING]})), {}),
    "recover_runs, of a named run": (
        usual(recover_runs=_with(RESUMED, much=[FILLING, FILLING])),
        RESUME,
    ),
    **{
        step: (usual(**{step: _with(act, much=[FILLING, FILLING])}), {})
        for step, act in RETURNING_STEPS.items()
    },
    "update_feature_store": (usual(update_feature_store=Returns([FILLING, FILLING])), {}),
    "update_feature_store, all shards together": (
        usual(plan_results=planned(shards=2), update_feature_store=Returns(FILLING)),
        {},
    ),
    "start_labeling_job": (
        usual(start_labeling_job=Answers({**job_ended(), "much": FILLING + "x" * 600})),
        {},
    ),
    "stop_job": (
        usual(
            start_labeling_job=REFUSED,
            stop_job=Answers({**job_ended("Stopped"), "much": FILLING + "x" * 600}),
        ),
        {},
    ),
}


def _ending(
    run: Runner, definition_text: str, acts: Acts, state_input: dict[str, str]
) -> tuple[str, Ended]:
    """Play a script in both interpreters; return how it ends in both."""
    theirs = run(acts, state_input)
    ours = ScriptedExecutions(definition_text, acts).run(state_input)
    assert ours.states == theirs.states
    assert ours.execution.ending == theirs.ending
    assert sorted(ours.steps) == sorted(theirs.steps)
    return theirs.ending, theirs


def _step_of(name: str) -> str:
    return name.split(",", maxsplit=1)[0]


@pytest.mark.parametrize("name", NOTHING)
def test_a_step_that_returns_nothing(run: Runner, definition_text: str, name: str) -> None:
    acts, state_input, expected = NOTHING[name]
    ending, played = _ending(run, definition_text, acts, state_input)
    assert ending == expected
    assert played.steps.count(_step_of(name)) == 1


@pytest.mark.parametrize("name", INCOMPLETE)
def test_a_step_that_leaves_out_a_field_ends_the_execution(
    run: Runner, definition_text: str, name: str
) -> None:
    acts, state_input = INCOMPLETE[name]
    ending, played = _ending(run, definition_text, acts, state_input)
    assert ending == RUNTIME
    assert played.steps.count(_step_of(name)) == 1


@pytest.mark.parametrize("name", LARGE)
def test_a_step_that_returns_too_much_ends_the_execution(
    run: Runner, definition_text: str, name: str
) -> None:
    acts, state_input = LARGE[name]
    ending, played = _ending(run, definition_text, acts, state_input)
    assert ending == TOO_LARGE
    assert "finish_run" not in played.steps or name == "finish_run"


def test_every_step_has_its_scripts() -> None:
    steps = set(USUAL) - {"start_verification_job"}
    for scripts in (NOTHING, LARGE):
        assert {_step_of(name) for name in scripts} == steps

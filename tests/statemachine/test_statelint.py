"""The definition before statelint, which reads the States Language's specification on its own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from statelint.linter import Linter

from labeling_deployment.deployment import planned

if TYPE_CHECKING:
    from collections.abc import Callable

# The specification asks for "a number which is the multiplier", and for 1.0 at least; statelint
# takes no whole number for one.
WHOLE_BACKOFF_RATE = re.compile(r".*\.BackoffRate is [1-9]\d* but should be a Float")


def problems(definition: dict[str, Any]) -> list[str]:
    """Return what statelint says, but for whole rates."""
    found = [str(problem) for problem in Linter.validate(definition)]
    return [problem for problem in found if not WHOLE_BACKOFF_RATE.fullmatch(problem)]


@pytest.mark.parametrize("large_runs", [False, True])
@pytest.mark.parametrize("verified", [False, True])
def test_statelint_finds_nothing(*, verified: bool, large_runs: bool) -> None:
    deployment = planned(verified=verified, large_runs=large_runs)
    definition = json.loads(deployment.state_machine.definition)
    assert problems(definition) == []
    for state in definition["States"].values():
        for retrier in state.get("Retry", []):
            assert retrier.get("BackoffRate", 1) >= 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda states: states["PollQueue"].update(Next="Nowhere"),
            'No state found named "Nowhere"',
        ),
        (lambda states: states["PollQueue"].update(Timeout=5), 'Field "Timeout" not allowed'),
        (lambda states: states["PollQueue"].update(ResultPath="run"), "should be a Reference Path"),
        (
            lambda states: states["PollQueue"].update(ResultSelector={"more.$": "Payload"}),
            "is not a JSONPath",
        ),
        (
            lambda states: states["PollQueue"]["Retry"][0].update(MaxAttempts=-1),
            "MaxAttempts is -1",
        ),
        (
            lambda states: states["PollQueue"]["Retry"][-1].update(BackoffRate=0.5),
            "BackoffRate is 0.5",
        ),
        (
            lambda states: states["StartLabelingJob"]["Catch"].reverse(),
            "States.ALL can only appear in the last element",
        ),
        (
            lambda states: states["MoreToPoll?"]["Choices"][0].update(BooleanEqual=True),
            'Field "BooleanEqual" not allowed',
        ),
        (
            lambda states: states["UpdateFeatureStore"]["ItemProcessor"].update(StartAt="Nowhere"),
            "StartAt value Nowhere not found",
        ),
    ],
)
def test_a_broken_definition_is_found(
    definition_text: str, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    definition = json.loads(definition_text)
    change(definition["States"])
    assert told in "\n".join(problems(definition))

"""The examination of a pipeline: every check, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.doctor import intake, label_studio, labeling, security, workflow
from labelctl.doctor.checks import Problem, Result, State
from labelctl.error_messages import LabelctlError, explained

if TYPE_CHECKING:
    from collections.abc import Callable

    from labelctl.doctor.checks import Check, Subject

CHECKS: tuple[Check, ...] = (
    *labeling.CHECKS,
    *label_studio.CHECKS,
    *intake.CHECKS,
    *workflow.CHECKS,
    *security.CHECKS,
)


@dataclass(frozen=True, slots=True)
class Examination:
    """The results of every check of a pipeline.

    Attributes:
        pipeline: Name of the pipeline.
        results: The results, in the order of the checks.
    """

    pipeline: str
    results: tuple[Result, ...]

    def count(self, state: State) -> int:
        """Return how many checks have a state."""
        return sum(result.state is state for result in self.results)

    @property
    def passed(self) -> bool:
        """Whether every check was made and none failed; warnings are allowed."""
        return not (self.count(State.FAILED) or self.count(State.NOT_CHECKED))

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "schema": "labelctl-doctor/1",
            "pipeline": self.pipeline,
            "passed": self.passed,
            "counts": {state.value: self.count(state) for state in State},
            "checks": [result.fields() for result in self.results],
        }


def examine(subject: Subject, progress: Callable[[str], None]) -> Examination:
    """Make every check.

    Args:
        subject: What the checks look at.
        progress: Called with the name of each check before it is made.
    """
    results = []
    for check in CHECKS:
        progress(check.name)
        results.append(_result(check, subject))
    return Examination(subject.pipeline.name, tuple(results))


def _result(check: Check, subject: Subject) -> Result:
    problems: list[Problem] = []
    try:
        with explained(subject.connection):
            # What was found before an error stays.
            for problem in check.problems(subject):
                problems.append(problem)
    except LabelctlError as error:
        problems.append(
            Problem(str(error), "allow it, or use other credentials", State.NOT_CHECKED)
        )
    return Result(check, tuple(problems))

"""What a check is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from labelctl.connection import Client, Connection
    from labelctl.doctor.deployed import Deployed
    from labelctl.pipeline import Pipeline


class State(StrEnum):
    """The state of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        cause: What is wrong.
        fix: What to do.
        state: ``WARNING`` if the pipeline works in spite of it.
    """

    cause: str
    fix: str
    state: State = State.FAILED


def warning(cause: str, fix: str) -> Problem:
    """Return a problem in spite of which the pipeline works."""
    return Problem(cause, fix, State.WARNING)


@dataclass(frozen=True, slots=True)
class Subject:
    """What the checks look at.

    Attributes:
        connection: The connection to AWS.
        pipeline: The resources that every command uses.
        deployed: What the module has deployed beside them.
        now: The current time.
    """

    connection: Connection
    pipeline: Pipeline
    deployed: Deployed
    now: datetime

    def client(self, service: str) -> Client:
        """Return the client of a service."""
        return self.connection.client(service)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the pipeline's account and region."""
        _, partition, _, region, account, _ = self.pipeline.state_machine_arn.split(":", 5)
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def bucket_arn(self, path: str) -> str:
        """Return the ARN of a bucket, or of an object by its bucket and key."""
        return f"arn:{self.connection.partition}:s3:::{path}"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        name: Name for ``--json``.
        title: What is true if nothing is wrong.
        problems: Yields what is wrong.
    """

    name: str
    title: str
    problems: Callable[[Subject], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a check.

    Attributes:
        check: The check.
        problems: What is wrong; empty if nothing is.
    """

    check: Check
    problems: tuple[Problem, ...] = ()

    @property
    def state(self) -> State:
        """The worst state of the problems."""
        return max((problem.state for problem in self.problems), key=_SEVERITY, default=State.OK)

    def fields(self) -> dict[str, Any]:
        """Return the result as JSON-ready fields."""
        return {
            "check": self.check.name,
            "state": self.state.value,
            "problems": [
                {"state": problem.state.value, "cause": problem.cause, "fix": problem.fix}
                for problem in self.problems
            ],
        }


_SEVERITY = [State.OK, State.WARNING, State.NOT_CHECKED, State.FAILED].index

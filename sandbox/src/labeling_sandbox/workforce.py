"""The simulated workers: a seed decides what they answer, so each run of a test sees the same."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from labeling_sandbox import control
from labeling_sandbox.output_lines import EXPIRED_REASON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_sandbox.server import Sandbox

FAILED_REASON = "ClientError: The data object could not be shown to the workers."


@dataclass(frozen=True)
class Workforce:
    """How the workers behave.

    Attributes:
        truth: The right class name of each object, by its ``s3://`` URI. Workers guess where it is
            silent.
        error_rate: Share of single answers that are wrong.
        failure_rate: Share of objects that fail in a job.
        expiry_rate: Share of objects that expire in a job.
        delay_seconds: How long a job is InProgress before its last object is done, before
            ``time_scale``.
        item_delay_seconds: How long each object takes in addition, before ``time_scale``.
        seed: What the random choices start from, together with the job's name and the object's id.
    """

    truth: Mapping[str, str] = field(default_factory=dict)
    error_rate: float = 0.0
    failure_rate: float = 0.0
    expiry_rate: float = 0.0
    delay_seconds: float = 0.0
    item_delay_seconds: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse rates that are no rates.

        Raises:
            ValueError: A rate is outside 0 to 1, or the two that exclude each other exceed 1
                together.
        """
        for rate in (self.error_rate, self.failure_rate, self.expiry_rate):
            if not 0 <= rate <= 1:
                message = f"a rate is between 0 and 1, not {rate}"
                raise ValueError(message)
        if self.failure_rate + self.expiry_rate > 1:
            message = "failure_rate and expiry_rate exceed 1 together"
            raise ValueError(message)


@dataclass(frozen=True)
class Task:
    """One object of one job.

    Attributes:
        job_name: The labeling job.
        line: The input line.
        categories: The names of the label categories, in the order of their indexes.
        workers: How many workers see the object.
    """

    job_name: str
    line: Mapping[str, Any]
    categories: Sequence[str]
    workers: int

    @property
    def item(self) -> str:
        """What identifies the object in the seed: its id, else what it refers to."""
        line = self.line
        return str(line.get("item-id") or line.get("source-ref") or line.get("source"))


@dataclass(frozen=True)
class Answer:
    """The consolidated label of an object.

    Attributes:
        value: What the output line holds under the label attribute.
        details: What the task type adds to the metadata.
    """

    value: Any
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Failure:
    """An object that got no label.

    Attributes:
        reason: The failure reason of its output line.
    """

    reason: str


Outcome = Answer | Failure


class TaskType(Protocol):
    """How workers label one kind of task and how their answers are made one."""

    def label(self, task: Task, workforce: Workforce, choice: random.Random) -> Answer:
        """Label one object.

        Args:
            task: The object.
            workforce: How the workers behave.
            choice: The source of every random choice.
        """
        ...


@dataclass(frozen=True)
class SingleLabelClassification:
    """One class for each object, decided by majority.

    Attributes:
        metadata_type: The ``type`` in the output line's metadata.
    """

    metadata_type: str

    def label(self, task: Task, workforce: Workforce, choice: random.Random) -> Answer:
        """See `TaskType`."""
        right = workforce.truth.get(str(task.line.get("source-ref")))
        votes = Counter(
            self._vote(right, task.categories, workforce.error_rate, choice)
            for _ in range(task.workers)
        )
        winner, count = min(votes.items(), key=lambda vote: (-vote[1], vote[0]))
        details = {
            "class-name": task.categories[winner],
            # Ground Truth has nothing to compare with when one worker answers, and says 0.
            "confidence": 0 if task.workers == 1 else round(count / task.workers, 2),
            "type": self.metadata_type,
        }
        return Answer(winner, details)

    @staticmethod
    def _vote(
        right: str | None, categories: Sequence[str], error_rate: float, choice: random.Random
    ) -> int:
        if right not in categories:
            return choice.randrange(len(categories))
        index = categories.index(right)
        if choice.random() >= error_rate:
            return index
        return choice.choice([other for other in range(len(categories)) if other != index])


TASK_TYPES: dict[str, TaskType] = {
    "ImageMultiClass": SingleLabelClassification("groundtruth/image-classification"),
}
"""The task types that the workers know, by the suffix of the functions ``PRE-`` and ``ACS-``."""

_workforce = Workforce()


def work_on(task: Task, task_type: TaskType, workforce: Workforce) -> Outcome:
    """Let the workers work on one object.

    The outcome depends on the seed, the job and the object alone: an object that failed in one job
    can be labeled in the next.

    Args:
        task: The object.
        task_type: How it is labeled.
        workforce: How the workers behave.

    Returns:
        The label, or why there is none.
    """
    seed = f"{workforce.seed}/{task.job_name.lower()}/{task.item}"
    choice = random.Random(seed)  # noqa: S311 - a simulation, not a secret
    lot = choice.random()
    if lot < workforce.failure_rate:
        return Failure(FAILED_REASON)
    if lot < workforce.failure_rate + workforce.expiry_rate:
        return Failure(EXPIRED_REASON)
    return task_type.label(task, workforce, choice)


def current() -> Workforce:
    """Return how the workers of the next job behave."""
    return _workforce


def install(sandbox: Sandbox) -> None:  # noqa: ARG001 - the signature of every seam
    """Register ``POST /sandbox/workforce``."""
    control.route("workforce", "POST", _configure)


def _configure(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
    global _workforce  # noqa: PLW0603 - one process holds one sandbox
    reset = body.pop("reset", False)
    try:
        _workforce = replace(Workforce() if reset else _workforce, **body)
    except (TypeError, ValueError) as error:
        raise control.ControlError(str(error)) from error
    shown = asdict(_workforce)
    shown["truth"] = len(_workforce.truth)
    return shown

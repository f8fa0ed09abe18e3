"""The simulated workers. A seed determines their answers, so that test runs are repeatable."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from labeling_sandbox.base import control
from labeling_sandbox.ground_truth.answers.task import Failure, Outcome, Task
from labeling_sandbox.ground_truth.output_lines import EXPIRED_REASON

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.task import Labeler
    from labeling_sandbox.server import Sandbox

FAILED_REASON = "ClientError: The data object could not be shown to the workers."


@dataclass(frozen=True)
class Workforce:
    """How the workers behave.

    Attributes:
        truth: The right label of each object, by the ``s3://`` URI of a picture or by the text
            itself, in the form that the task type's labeler documents. Without a truth, workers
            guess classes and mark nothing.
        error_rate: Share of single answers that are wrong.
        members: How many workers the team has, of whom each object is shown to as many as the job
            asks for; 0 for no more than these.
        error_rates: The error rate of single workers, by their number from 0 on.
        label_error_rate: Share of objects that all workers label alike and wrongly, so that the
            share of wrong labels is known for every task type and number of workers.
        failure_rate: Share of objects that fail in a job.
        expiry_rate: Share of objects that expire in a job.
        expiring: Objects that expire in each labeling job, named as in ``truth``.
        accept_wrong_rate: Share of the wrong labels that a reviewer accepts.
        reject_right_rate: Share of the right labels that a reviewer rejects.
        accepted_category: The category that accepts a label; None for the first of a job.
        comments: What reviewers write to a rejection, one of these; nothing if there are none.
        delay_seconds: How long a job is InProgress before its last object is done, before
            ``time_scale``.
        item_delay_seconds: How long each object takes in addition, before ``time_scale``.
        seed: What the random choices start from, together with the job's name and the object's id.
    """

    truth: Mapping[str, Any] = field(default_factory=dict)
    error_rate: float = 0.0
    members: int = 0
    error_rates: Mapping[str, float] = field(default_factory=dict)
    label_error_rate: float = 0.0
    accept_wrong_rate: float = 0.0
    reject_right_rate: float = 0.0
    accepted_category: str | None = None
    comments: Sequence[str] = ()
    failure_rate: float = 0.0
    expiry_rate: float = 0.0
    expiring: Sequence[str] = ()
    delay_seconds: float = 0.0
    item_delay_seconds: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject invalid rates.

        Raises:
            ValueError: A rate is outside 0 to 1, or the two that exclude each other exceed 1
                together.
        """
        for rate in (
            self.error_rate,
            *self.error_rates.values(),
            self.label_error_rate,
            self.accept_wrong_rate,
            self.reject_right_rate,
            self.failure_rate,
            self.expiry_rate,
        ):
            if not 0 <= rate <= 1:
                message = f"a rate is between 0 and 1, not {rate}"
                raise ValueError(message)
        if self.failure_rate + self.expiry_rate > 1:
            message = "failure_rate and expiry_rate exceed 1 together"
            raise ValueError(message)

    def error_rate_of(self, member: int) -> float:
        """Return the share of a worker's answers that are wrong."""
        return self.error_rates.get(str(member), self.error_rate)


_workforce = Workforce()


def work_on(task: Task, labeler: Labeler, workforce: Workforce) -> Outcome:
    """Let the workers work on one object.

    The outcome depends on the seed, the job and the object alone: an object that failed in one job
    can be labeled in the next.

    Args:
        task: The object.
        labeler: How it is labeled.
        workforce: How the workers behave.

    Returns:
        The label, or why there is none.

    Raises:
        ValueError: The truth does not have the form of the task type.
    """
    if task.subject in workforce.expiring:
        return Failure(EXPIRED_REASON)
    choice = choices(workforce, task.job_name, task.item)
    failure = random_failure(workforce, choice)
    if failure is not None:
        return failure
    truth = workforce.truth.get(task.subject)
    # No number is drawn without a rate, so that a seed means the same as before there was one.
    if truth is not None and workforce.label_error_rate:
        if choice.random() < workforce.label_error_rate:
            truth = labeler.mistaken(task, truth, choice)
        return labeler.label(task, truth, [0.0] * task.workers, choice)
    rates = [workforce.error_rate_of(member) for member in team_of(task, workforce)]
    return labeler.label(task, truth, rates, choice)


def team_of(task: Task, workforce: Workforce) -> list[int]:
    """Return the numbers of the workers who see an object in a job."""
    # Apart from the answers, so that a seed means the same whatever the size of the team.
    choice = random.Random(f"{workforce.seed}/{task.job_name.lower()}/{task.item}/team")  # noqa: S311
    return choice.sample(range(max(workforce.members, task.workers)), task.workers)


def choices(workforce: Workforce, job_name: str, item: str) -> random.Random:
    """Return the source of every random choice about one object in one job."""
    seed = f"{workforce.seed}/{job_name.lower()}/{item}"
    return random.Random(seed)  # noqa: S311 - a simulation, not a secret


def random_failure(workforce: Workforce, choice: random.Random) -> Failure | None:
    """Return how an object fails or expires in a job, None if it does not."""
    lot = choice.random()
    if lot < workforce.failure_rate:
        return Failure(FAILED_REASON)
    if lot < workforce.failure_rate + workforce.expiry_rate:
        return Failure(EXPIRED_REASON)
    return None


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

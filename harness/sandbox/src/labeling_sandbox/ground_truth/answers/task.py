"""One object of a labeling job, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence

    from labeling_sandbox.ground_truth.image_files import ImageSize


@dataclass(frozen=True)
class Category:
    """One label that workers can choose.

    Attributes:
        name: The label.
        short_name: What the interface for named entities shows instead; None if there is none.
    """

    name: str
    short_name: str | None = None


@dataclass(frozen=True)
class Task:
    """One object of one job.

    Attributes:
        job_name: The labeling job.
        line: The input line.
        categories: The label categories, in the order of their indexes.
        workers: How many workers see the object.
        size: The size of the picture, None if the task is about something else.
    """

    job_name: str
    line: Mapping[str, Any]
    categories: Sequence[Category]
    workers: int
    size: ImageSize | None = None

    @property
    def item(self) -> str:
        """What identifies the object in the seed: its id, else what it refers to."""
        return str(self.line.get("item-id") or self.subject)

    @property
    def subject(self) -> str:
        """What the workers see: the picture's ``s3://`` URI or the text."""
        return str(self.line.get("source-ref") or self.line.get("source"))

    def index(self, name: object) -> int:
        """Return the index of a category.

        Raises:
            ValueError: No category has this name.
        """
        for index, category in enumerate(self.categories):
            if category.name == name:
                return index
        message = f"the truth names {name!r}, which is no category of the job"
        raise ValueError(message)

    def other_category(self, index: int, choice: random.Random) -> int | None:
        """Return the index of another category, None if there is no other."""
        others = [other for other in range(len(self.categories)) if other != index]
        return choice.choice(others) if others else None

    def agreement(self, votes: float) -> float:
        """Return the share of the workers who agree, as a confidence.

        Ground Truth has nothing to compare with when one worker answers, and says 0.
        """
        return 0 if self.workers == 1 else round(votes / self.workers, 2)


@dataclass(frozen=True)
class Answer:
    """The consolidated label of an object.

    Attributes:
        value: What the output line holds under the label attribute.
        details: What the task type adds to the metadata.
        mask: The PNG file whose address becomes the value, for tasks that end in a picture.
        given: What each worker answered, as the element of the worker template returns it.
    """

    value: Any
    details: Mapping[str, Any]
    mask: bytes | None = None
    given: Sequence[Mapping[str, Any]] = field(default=(), compare=False)


@dataclass(frozen=True)
class Failure:
    """An object that got no label.

    Attributes:
        reason: The failure reason of its output line.
    """

    reason: str


Outcome = Answer | Failure


class Labeler(Protocol):
    """How workers label one kind of task and how their answers are made one."""

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """Label one object.

        Args:
            task: The object.
            truth: The right answer in the form of the task type; None lets the workers guess.
            error_rates: For each worker the share of single answers that are wrong.
            choice: The source of every random choice.

        Raises:
            ValueError: The truth does not have the form of the task type.
        """
        ...

    def mistaken(self, task: Task, truth: Any, choice: random.Random) -> Any:  # noqa: ANN401
        """Return a truth with one mistake in it, in the same form.

        Args:
            task: The object.
            truth: The right answer, which has the form of the task type.
            choice: The source of every random choice.
        """
        ...

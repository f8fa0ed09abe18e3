"""One class, or any number of classes, for an image or a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.ground_truth.answers.task import Answer, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence


@dataclass(frozen=True)
class SingleLabelClassification:
    """One class for each object, decided by majority. The truth is the class name.

    Attributes:
        metadata_type: The ``type`` in the output line's metadata.
    """

    metadata_type: str

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """See `Labeler`."""
        right = None if truth is None else task.index(truth)
        answers = [self._vote(task, right, rate, choice) for rate in error_rates]
        votes = Counter(answers)
        winner, count = min(votes.items(), key=lambda vote: (-vote[1], vote[0]))
        details = {
            "class-name": task.categories[winner].name,
            "confidence": task.agreement(count),
            "type": self.metadata_type,
        }
        given = [{"label": task.categories[index].name} for index in answers]
        return Answer(winner, details, given=given)

    def mistaken(self, task: Task, truth: str, choice: random.Random) -> str:
        """See `Labeler`; where there is only one class, nobody can choose another."""
        wrong = task.other_category(task.index(truth), choice)
        return truth if wrong is None else task.categories[wrong].name

    @staticmethod
    def _vote(task: Task, right: int | None, error_rate: float, choice: random.Random) -> int:
        if right is None:
            return choice.randrange(len(task.categories))
        wrong = task.other_category(right, choice) if choice.random() < error_rate else None
        return right if wrong is None else wrong


@dataclass(frozen=True)
class MultiLabelClassification:
    """Every class that at least one worker chose. The truth is the list of class names.

    Attributes:
        metadata_type: The ``type`` in the output line's metadata.
    """

    metadata_type: str

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """See `Labeler`."""
        right = None if truth is None else self._right(task, truth)
        answers = [self._vote(task, right, rate, choice) for rate in error_rates]
        votes = Counter(index for answer in answers for index in answer)
        chosen = sorted(votes, key=lambda index: (-votes[index], index))
        details = {
            "class-map": {str(index): task.categories[index].name for index in chosen},
            "confidence-map": {str(index): task.agreement(votes[index]) for index in chosen},
            "type": self.metadata_type,
        }
        given = [
            {"labels": [task.categories[index].name for index in sorted(answer)]}
            for answer in answers
        ]
        return Answer(chosen, details, given=given)

    def mistaken(self, task: Task, truth: list[str], choice: random.Random) -> list[str]:
        """See `Labeler`: one class too many or one too few."""
        return sorted(set(truth) ^ {choice.choice(task.categories).name})

    @staticmethod
    def _right(task: Task, truth: object) -> set[int]:
        if not isinstance(truth, list):
            message = f"the truth of {task.item} is not a list of class names"
            raise ValueError(message)  # noqa: TRY004 - what a caller sent, not a call of ours
        return {task.index(name) for name in truth}

    @staticmethod
    def _vote(
        task: Task, right: set[int] | None, error_rate: float, choice: random.Random
    ) -> set[int]:
        if right is None:
            return {index for index in range(len(task.categories)) if choice.random() < 1 / 2}
        if choice.random() >= error_rate:
            return right
        # A mistake is one class too many or one too few.
        return right ^ {choice.randrange(len(task.categories))}

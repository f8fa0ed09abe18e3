"""What several people agree on who labeled the same object."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    Marked = TypeVar("Marked", bound=Hashable)


def is_majority(votes: int, people: int) -> bool:
    """Return whether more than half of the people agree."""
    return 2 * votes > people


def share(votes: float, people: int) -> float:
    """Return the share of the people who agree, as a confidence between 0 and 1.

    Ground Truth has nobody to compare with when one person answers, and writes 0.
    """
    return round(votes / people, 2) if people > 1 else 0.0


def plurality(answers: Sequence[int]) -> tuple[int, int]:
    """Return the class that most people chose, and how many did.

    Args:
        answers: The index of the class that each person chose, at least one. Of several classes
            with as many votes the first one counts.
    """
    votes = Counter(answers)
    return min(votes.items(), key=lambda vote: (-vote[1], vote[0]))


def agreed(answers: Sequence[Collection[Marked]]) -> dict[Marked, int]:
    """Return what more than half of the people chose or marked alike, and how many did.

    Args:
        answers: What each person chose or marked.
    """
    votes = Counter(found for answer in answers for found in set(answer))
    return {found: count for found, count in votes.items() if is_majority(count, len(answers))}

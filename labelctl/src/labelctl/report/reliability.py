"""Krippendorff's alpha: how far people agree beyond what chance alone would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import jaccard_distance

if TYPE_CHECKING:
    from collections.abc import Sequence


def alpha(objects: Sequence[Sequence[tuple[str, frozenset[str]]]]) -> float | None:
    """Return the measure: 1 if all agree always, 0 if they agree as often as by chance.

    Args:
        objects: For each object the names of people with the classes that they chose. One class
            differs from another; sets of classes differ by what they do not share.

    Returns:
        The measure; None without two people who answered the same object, and if everybody chose
        the same always, as then nobody knows whether they look.
    """
    compared = [answers for answers in objects if len(answers) > 1]
    if len({chosen for answers in compared for _, chosen in answers}) <= 1:
        return None
    rows = [
        (person, number, chosen)
        for number, answers in enumerate(compared)
        for person, chosen in answers
    ]
    return float(AnnotationTask(rows, distance=_distance).alpha())


def _distance(one: frozenset[str], other: frozenset[str]) -> float:
    # Two empty sets are the same, and have no union to divide by.
    return float(jaccard_distance(one, other)) if one != other else 0.0

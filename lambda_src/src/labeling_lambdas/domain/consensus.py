"""Verification of the task types that AWS cannot verify: task and consensus.

Both events and answers: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-custom-templates.html
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.labels import named, read_label
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.verification import comments_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from labeling_lambdas.domain.task_types import TaskType
    from labeling_lambdas.domain.verification_settings import Verification

#: Names of the form elements in the worker templates.
_CHOICE = "verification"
_COMMENT = "comment"

#: Content occurs as an object, as JSON, and as JSON within a JSON string.
_MOST_DECODINGS = 3


@dataclass(frozen=True, slots=True)
class Review:
    """One reviewer's answer about a label.

    Attributes:
        category: The category chosen.
        comment: A comment, empty for none.
    """

    category: str
    comment: str = field(default="", repr=False)


def task_input(
    line: Mapping[str, Any], *, task_type: TaskType, attribute: str, verification: Verification
) -> dict[str, Any]:
    """Return what the worker template shows for a labeled line.

    Args:
        line: A line of the verification manifest.
        task_type: Decides the shape of the label.
        attribute: Label attribute name of the labeling job.
        verification: Names the categories.

    Raises:
        UnreadableLineError: If the line has no label of the task type's shape.
    """
    item = str(line.get(ITEM_ID_KEY, ""))
    label = read_label(item, line, task_type=task_type.name, attribute=attribute, labels=None)
    source = line[task_type.manifest_key]
    return {
        "taskObject": source,
        "labels": list(verification.categories or ()),
        "given": list(dict.fromkeys(label.names)),
        "segments": _segments(source, line[attribute])
        if task_type.name == "named_entity_recognition"
        else [],
    }


def _segments(text: str, value: Mapping[str, Any]) -> list[dict[str, str]]:
    """Split a text at the boundaries of its entities, which may overlap."""
    entities = value["annotations"]["entities"]
    place = _place_in_utf16 if _counts_utf16(text, entities) else _place
    spans = [
        (entity["label"], *(place(text, int(named(entity, offset))) for offset in _OFFSETS))
        for entity in entities
    ]
    borders = sorted({0, len(text), *(border for _, *ends in spans for border in ends)})
    return [
        {
            "text": text[start:end],
            "label": ", ".join(
                dict.fromkeys(name for name, first, last in spans if first <= start and end <= last)
            ),
        }
        for start, end in itertools.pairwise(borders)
    ]


def _place(text: str, offset: int) -> int:
    return min(offset, len(text))


def _place_in_utf16(text: str, offset: int) -> int:
    """Return the index of an offset that counts characters beyond U+FFFF twice, as browsers do."""
    before = text.encode("utf-16-le", "surrogatepass")[: 2 * offset]
    return len(before.decode("utf-16-le", "ignore"))


def _counts_utf16(text: str, entities: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether offsets count UTF-16 units, judging by the entities that contain their text.

    AWS does not document the unit. If no entity contains its text, offsets are assumed to count
    characters.
    """
    marked = [entity for entity in entities if isinstance(entity.get("text"), str)]

    def fits(place: Callable[[str, int], int]) -> bool:
        return all(
            text[slice(*(place(text, int(named(entity, name))) for name in _OFFSETS))]
            == entity["text"]
            for entity in marked
        )

    return bool(marked) and not fits(_place) and fits(_place_in_utf16)


_OFFSETS = ("start-offset", "end-offset")


def read_review(content: object, categories: Iterable[str] | None) -> Review | None:
    """Read one reviewer's answer.

    Args:
        content: An object, or a JSON string of one.
        categories: The categories that can be chosen; None if unknown.

    Returns:
        The review, or None if it cannot be read.
    """
    answer = _decoded(content)
    if not isinstance(answer, dict):
        return None
    choice = answer.get(_CHOICE)
    category = choice.get("label") if isinstance(choice, dict) else choice
    if not isinstance(category, str) or not category:
        return None
    if categories is not None and category not in categories:
        return None
    comment = answer.get(_COMMENT)
    return Review(category, comment if isinstance(comment, str) else "")


def _decoded(content: object) -> object:
    for _ in range(_MOST_DECODINGS):
        if not isinstance(content, str):
            return content
        try:
            content = json.loads(content)
        except (ValueError, RecursionError):
            return None
    return content


def consensus(reviews: Sequence[Review], verification: Verification) -> dict[str, Any]:
    """Return the consensus of several reviewers about a label.

    A label is accepted if more than half of the reviewers accept it, so a tie rejects it. The
    category of a rejected label is the one that most of the other reviewers chose, or the first of
    these on a tie.

    Args:
        reviews: The reviews, at least one.
        verification: Names the accepting category, and all categories in order.
    """
    votes = Counter(review.category for review in reviews)
    accepted = 2 * votes[verification.accepted_category] > len(reviews)
    order = {name: place for place, name in enumerate(verification.categories or ())}
    others = sorted(
        (name for name in votes if name != verification.accepted_category),
        key=lambda name: (-votes[name], order.get(name, len(order)), name),
    )
    return {
        "class-name": verification.accepted_category if accepted else others[0],
        "accepted": accepted,
        "votes": dict(votes),
        "comments": list(comments_of([review.comment for review in reviews])),
    }

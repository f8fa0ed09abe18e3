"""The answers of people that count, found among Label Studio's annotations of a task.

https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The editor offers relations between regions in every configuration; they belong to no control.
_RELATION = "relation"


class UnusableAnswerError(Exception):
    """An answer that gives no label. The message does not contain the answer."""


class Answer(NamedTuple):
    """The answer that counts of one person.

    Attributes:
        number: Label Studio's number of the annotation.
        given_at: When it was given, in UTC.
        results: What the person chose, drew or marked.
        person: Number of the person's account.
        seconds: How long the person worked on it; None if Label Studio does not say.
    """

    number: int
    given_at: datetime
    results: tuple[Mapping[str, Any], ...]
    person: str
    seconds: float | None


class Answers(NamedTuple):
    """What people did with a task.

    Attributes:
        given: The answers that count, in the order of the annotations.
        skipped: How many people declined the task.
    """

    given: tuple[Answer, ...]
    skipped: int


def counted(annotations: Iterable[Mapping[str, Any]]) -> Answers:
    """Return the answers that count: of each person the newest one, if it is not a skip.

    Args:
        annotations: A task's annotations, as Label Studio returns them.

    Raises:
        UnusableAnswerError: If an annotation is not of Label Studio's form.
    """
    newest: dict[Any, Mapping[str, Any]] = {}
    try:
        for annotation in sorted(annotations, key=_age):
            newest[_person(annotation)] = annotation
        given = [_answer(found) for found in newest.values() if not found["was_cancelled"]]
    except (KeyError, TypeError, ValueError) as error:
        message = "an annotation lacks a field, or has one of another form"
        raise UnusableAnswerError(message) from error
    return Answers(tuple(sorted(given)), len(newest) - len(given))


def _age(annotation: Mapping[str, Any]) -> tuple[datetime, int]:
    return _moment(annotation["created_at"]), int(annotation["id"])


def _answer(annotation: Mapping[str, Any]) -> Answer:
    results = [dict(result) for result in annotation["result"]]
    results = [result for result in results if result.get("type") != _RELATION]
    return Answer(
        int(annotation["id"]),
        _moment(annotation["created_at"]),
        tuple(results),
        str(_person(annotation)),
        _seconds(annotation.get("lead_time")),
    )


def _person(annotation: Mapping[str, Any]) -> Any:  # noqa: ANN401 - null for a deleted account
    person = annotation["completed_by"]
    return person["id"] if isinstance(person, dict) else person


def _seconds(value: object) -> float | None:
    """Return seconds that Label Studio counted; its API takes anything as such."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return round(value, 3) if math.isfinite(value) and value >= 0 else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

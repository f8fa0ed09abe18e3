"""What a person chose, drew or marked, read from an answer.

Annotations can also be written through Label Studio's API, which takes results that name no
control or class of the configuration, so that everything in them is checked.
https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeGuard

from labeling_lambdas.domain.label_studio.answers import UnusableAnswerError
from labeling_lambdas.domain.label_studio.boxes import Box
from labeling_lambdas.domain.label_studio.controls import COMMENT, CONTROLS, LABEL, VERDICT
from labeling_lambdas.domain.label_studio.masks import paint
from labeling_lambdas.domain.label_studio.run_lengths import opacity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labeling_lambdas.domain.label_studio.answers import Answer
    from labeling_lambdas.domain.task_types import TaskType

#: Pixels of a mask: 200 MB of run lengths while it is read.
_MOST_PIXELS = 50_000_000


class Span(NamedTuple):
    """A piece of a text, in Unicode characters.

    Attributes:
        start: Its first character.
        end: The character after its last one.
        category: Index of the class.
    """

    start: int
    end: int
    category: int


class _Reader:
    """Reads one answer.

    Attributes:
        answer: The answer.
        labels: The classes, in order.
        kind: The type of the results that it may have.
    """

    def __init__(self, answer: Answer, task_type: TaskType, labels: Sequence[str]) -> None:
        self.answer = answer
        self.labels = labels
        self.kind = CONTROLS[task_type.name].result_type

    def reject(self, what: str) -> NoReturn:
        message = f"annotation {self.answer.number} {what}"
        raise UnusableAnswerError(message)

    def values(self) -> Iterator[tuple[list[int], Mapping[str, Any], Mapping[str, Any]]]:
        """Yield classes, value and the whole of each result."""
        for result in self.answer.results:
            if (result.get("from_name"), result.get("type")) != (LABEL, self.kind):
                self.reject("names a control that the configuration does not have")
            value = result.get("value")
            names = value.get(self.kind) if isinstance(value, dict) else None
            if not isinstance(value, dict) or not isinstance(names, list):
                self.reject("has a result without a value")
            if not all(name in self.labels for name in names):
                self.reject("names a class that is not one of the labels")
            yield [self.labels.index(name) for name in names], value, result

    def regions(self) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        """Yield class, value and the whole of each result that has exactly one class."""
        for categories, value, result in self.values():
            if len(categories) != 1:
                self.reject("has a region without exactly one class")
            if result.get("image_rotation"):
                self.reject("was drawn on a turned picture")
            yield categories[0], value, result

    def number(self, value: Mapping[str, Any], name: str) -> float:
        found = value.get(name)
        if (
            not isinstance(found, int | float)
            or isinstance(found, bool)
            or not math.isfinite(found)
        ):
            self.reject(f"has a region without {name}")
        return float(found)


def classes(answer: Answer, task_type: TaskType, labels: Sequence[str]) -> set[int]:
    """Return the indexes of the classes that a person chose.

    Raises:
        UnusableAnswerError: If the answer is not of the task type's form.
    """
    reader = _Reader(answer, task_type, labels)
    chosen = {category for categories, _, _ in reader.values() for category in categories}
    if len(chosen) != 1 and not CONTROLS[task_type.name].may_be_empty:
        reader.reject("does not choose exactly one class")
    return chosen


def drawn_on(answers: Iterable[Answer]) -> tuple[int, int] | None:
    """Return width and height of the picture that people drew on, None if nobody drew anything.

    Raises:
        UnusableAnswerError: If it had more than one size.
    """
    sizes = {
        (result["original_width"], result.get("original_height"))
        for answer in answers
        for result in answer.results
        if "original_width" in result
    }
    if not sizes:
        return None
    width, height = sizes.pop()
    if sizes or not (_is_count(width) and _is_count(height) and width and height):
        message = "the regions are not of one picture"
        raise UnusableAnswerError(message)
    return width, height


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def boxes(
    answer: Answer, task_type: TaskType, labels: Sequence[str], size: tuple[int, int]
) -> list[Box]:
    """Return the boxes that a person drew, as far as they are in the picture.

    Args:
        answer: The answer.
        task_type: The task type.
        labels: The classes, in order.
        size: Width and height of the picture.

    Raises:
        UnusableAnswerError: If the answer is not of the task type's form.
    """
    reader = _Reader(answer, task_type, labels)
    found = []
    for category, value, _ in reader.regions():
        if value.get("rotation"):
            reader.reject("has a turned box")
        # Label Studio counts in percent of the picture.
        left, top, width, height = (
            reader.number(value, name) * length / 100
            for name, length in zip(("x", "y", "width", "height"), size * 2, strict=True)
        )
        right, bottom = min(left + width, size[0]), min(top + height, size[1])
        left, top = max(left, 0), max(top, 0)
        if left >= right or top >= bottom:
            reader.reject("has a box without an area, or outside of the picture")
        found.append(Box(category, left, top, right, bottom))
    return found


def mask(
    answer: Answer, task_type: TaskType, labels: Sequence[str], size: tuple[int, int]
) -> bytes:
    """Return the mask that a person painted; see `boxes`.

    Raises:
        UnusableAnswerError: If the answer is not of the task type's form, or the picture is too
            large.
    """
    reader = _Reader(answer, task_type, labels)
    pixels = size[0] * size[1]
    if pixels > _MOST_PIXELS:
        reader.reject(f"paints more than {_MOST_PIXELS} pixels")
    painted = bytearray(pixels)
    for category, value, _ in reader.regions():
        try:
            layer = opacity(bytes(value["rle"]), pixels)
        except (KeyError, TypeError, ValueError):
            reader.reject("has run lengths that do not fit the picture")
        paint(painted, layer, category + 1)
    return bytes(painted)


def spans(answer: Answer, task_type: TaskType, labels: Sequence[str], text: str) -> set[Span]:
    """Return the spans that a person marked; see `boxes`.

    Label Studio counts Unicode characters. What it repeats of the text shows whether it does.

    Args:
        answer: The answer.
        task_type: The task type.
        labels: The classes, in order.
        text: The text.

    Raises:
        UnusableAnswerError: If the answer is not of the task type's form.
    """
    reader = _Reader(answer, task_type, labels)
    found = set()
    for category, value, _ in reader.regions():
        start, end = value.get("start"), value.get("end")
        if not (_is_count(start) and _is_count(end) and start < end <= len(text)):
            reader.reject("has a span that is not in the text")
        if "text" in value and _visible(str(value["text"])) != _visible(text[start:end]):
            reader.reject("has a span at another place than its text")
        found.add(Span(start, end, category))
    return found


def _visible(text: str) -> str:
    """Return a text without white space, which browsers change, and line ends that are written."""
    return "".join(text.replace("\\n", "").split())


def judgement(answer: Answer, categories: Sequence[str]) -> tuple[str, str]:
    """Return category and comment of a reviewer's answer; the comment is empty for none.

    Raises:
        UnusableAnswerError: If the answer is not exactly one of the categories.
    """
    chosen = [name for value in _of(answer, VERDICT) for name in value.get("choices") or ()]
    comments = [text for value in _of(answer, COMMENT) for text in _texts(value.get("text"))]
    if len(chosen) != 1 or chosen[0] not in categories:
        message = f"annotation {answer.number} does not choose exactly one of the categories"
        raise UnusableAnswerError(message)
    return chosen[0], " ".join(comments)


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [text for text in found if isinstance(text, str)]


def _of(answer: Answer, control: str) -> Iterator[Mapping[str, Any]]:
    known = {LABEL, VERDICT, COMMENT}
    for result in answer.results:
        if result.get("from_name") not in known or not isinstance(result.get("value"), dict):
            message = f"annotation {answer.number} names a control that the configuration lacks"
            raise UnusableAnswerError(message)
        if result["from_name"] == control:
            yield result["value"]

"""Boxes around objects in an image."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median_low
from typing import TYPE_CHECKING, Any

from labeling_sandbox.ground_truth.answers.task import Answer, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from labeling_sandbox.ground_truth.image_files import ImageSize

_EDGES = ("left", "top", "width", "height")
#: Two boxes that share half of their common area mark the same object.
_SAME_THING = 0.5


@dataclass(frozen=True)
class Box:
    """A box; lengths in pixels.

    Attributes:
        category: Index of the class.
        left: Distance from the left edge of the image.
        top: Distance from its upper edge.
        width: Width.
        height: Height.
    """

    category: int
    left: int
    top: int
    width: int
    height: int


def parse(task: Task, entry: Mapping[str, Any]) -> Box:
    """Read a box of the truth.

    Args:
        task: The object.
        entry: ``class``, ``left``, ``top``, ``width`` and ``height``.

    Raises:
        ValueError: Something is missing, or is no number, or the class is unknown.
    """
    try:
        edges = {name: int(entry[name]) for name in _EDGES}
        return Box(task.index(entry["class"]), **edges)
    except (KeyError, TypeError) as error:
        message = f"the truth of {task.item} has a box without {error}"
        raise ValueError(message) from error


def overlap(one: Box, other: Box) -> float:
    """Return what two boxes share of what they cover together, 0 to 1."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.width * one.height + other.width * other.height - shared)


class BoundingBoxes:
    """Boxes that more than half of the workers drew. The truth is a list of boxes.

    Boxes of different workers are taken for one if they name the same class and overlap by half;
    the median of their edges counts, as extremes are mistakes.
    """

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """See `Labeler`."""
        if task.size is None or not isinstance(truth, list | None):
            message = f"the truth of {task.item} is not a list of boxes of an image"
            raise ValueError(message)
        right = [parse(task, entry) for entry in truth or ()]
        groups: list[list[Box]] = []
        answers = [list(_draw(task, right, rate, choice)) for rate in error_rates]
        for drawn in answers:
            _sort_in(groups, drawn)
        agreed = [group for group in groups if len(group) * 2 > task.workers]
        agreed.sort(key=lambda group: (_middle(group).left, _middle(group).top))
        given = [_given(task, task.size, drawn) for drawn in answers]
        return replace(self._answer(task, task.size, agreed), given=given)

    def mistaken(
        self, task: Task, truth: list[dict[str, Any]], choice: random.Random
    ) -> list[dict[str, Any]]:
        """See `Labeler`: one box is missed, misnamed or misplaced; where none is, one is drawn."""
        if not truth:
            return [invented(task, choice)]
        place = choice.randrange(len(truth))
        changed = _draw(task, [parse(task, truth[place])], 1.0, choice)
        return [*truth[:place], *(_entry(task, box) for box in changed), *truth[place + 1 :]]

    @staticmethod
    def _answer(task: Task, size: ImageSize, agreed: Sequence[Sequence[Box]]) -> Answer:
        boxes = [_middle(group) for group in agreed]
        value = {
            "image_size": [{"width": size.width, "height": size.height, "depth": size.channels}],
            "annotations": [
                {"class_id": box.category, **{name: getattr(box, name) for name in _EDGES}}
                for box in boxes
            ],
        }
        used = sorted({box.category for box in boxes})
        details = {
            "objects": [{"confidence": task.agreement(len(group))} for group in agreed],
            "class-map": {str(index): task.categories[index].name for index in used},
            "type": "groundtruth/object-detection",
        }
        return Answer(value, details)


def invented(task: Task, choice: random.Random) -> dict[str, Any]:
    """Return a made-up box in the upper left corner."""
    width, height = (task.size.width, task.size.height) if task.size else (1, 1)
    box = Box(choice.randrange(len(task.categories)), 0, 0, width // 4 + 1, height // 4 + 1)
    return _entry(task, box)


def _entry(task: Task, box: Box) -> dict[str, Any]:
    """Write a box as the truth does; the inverse of `parse`."""
    edges = {name: getattr(box, name) for name in _EDGES}
    return {"class": task.categories[box.category].name, **edges}


def _given(task: Task, size: ImageSize, drawn: Iterable[Box]) -> dict[str, Any]:
    return {
        "boundingBoxes": [
            {
                "label": task.categories[box.category].name,
                **{name: getattr(box, name) for name in _EDGES},
            }
            for box in drawn
        ],
        "inputImageProperties": {"height": size.height, "width": size.width},
    }


def _draw(
    task: Task, right: Iterable[Box], error_rate: float, choice: random.Random
) -> Iterator[Box]:
    for box in right:
        if choice.random() >= error_rate:
            yield box
            continue
        mistake = choice.choice(("missed", "misnamed", "misplaced"))
        other = task.other_category(box.category, choice)
        if mistake == "misnamed" and other is not None:
            yield replace(box, category=other)
        elif mistake == "misplaced":
            yield replace(box, left=box.left + max(box.width // 4, 1))


def _sort_in(groups: list[list[Box]], drawn: Iterable[Box]) -> None:
    known = list(groups)
    for box in drawn:
        for group in known:
            first = group[0]
            if first.category == box.category and overlap(first, box) >= _SAME_THING:
                group.append(box)
                known.remove(group)  # One worker draws one box of each thing.
                break
        else:
            groups.append([box])


def _middle(group: Sequence[Box]) -> Box:
    edges = {name: median_low(getattr(box, name) for box in group) for name in _EDGES}
    return Box(group[0].category, **edges)

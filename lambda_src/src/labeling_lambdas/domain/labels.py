"""Labels, read from the format of each task type.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import html
import math
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: Index in the color map, and class, of the unpainted pixels of a mask. A class of this name at any
#: other index is one of the user's labels.
_BACKGROUND = ("0", "BACKGROUND")


class UnreadableLineError(Exception):
    """An output line in an unknown format. The message does not contain the label."""


class Label(NamedTuple):
    """The label of an item.

    Attributes:
        name: The class name; for task types with any number of classes, a JSON array of the
            distinct names, sorted.
        names: The class names, one for each labeled object.
        value: The label attribute together with its metadata, as Ground Truth wrote them.
        confidence: Between 0 and 1, None if the service returned none; see docs/records.md.
        created_at: When the label was created, ISO-8601 with milliseconds and a literal ``Z``.
    """

    name: str
    names: tuple[str, ...]
    value: dict[str, Any]
    confidence: float | None
    created_at: str


class _Answer(NamedTuple):
    """The fields that the reader of a task type extracts from a label.

    Attributes:
        names: Class names, one for each labeled object.
        confidences: The values in place of the confidences.
        single: Whether an item has exactly one class.
    """

    names: list[str]
    confidences: Iterable[object]
    single: bool = False

    @property
    def name(self) -> str:
        return self.names[0] if self.single else compact_json(sorted(set(self.names)))


class _ShapeError(Exception):
    """An invalid label. The message does not contain the label."""


def read_label(
    item: str,
    line: Mapping[str, Any],
    *,
    task_type: str,
    attribute: str,
    labels: frozenset[str] | None,
) -> Label:
    """Read the label of a labeled output line.

    Args:
        item: The item, for error messages.
        line: The output line.
        task_type: Name of the task type, which determines the format of the label.
        attribute: The job's label attribute name, a key of the line.
        labels: The labels that workers could choose; None if unknown.

    Raises:
        UnreadableLineError: If the task type does not have labels of this format, or the class is
            not one of the labels.
    """
    try:
        metadata = _mapping(line.get(f"{attribute}-metadata"), "the metadata")
        answer = _READERS[task_type](line[attribute], metadata)
        answer = answer._replace(names=[_among(name, labels) for name in answer.names])
        return Label(
            name=answer.name,
            names=tuple(answer.names),
            value={attribute: line[attribute], f"{attribute}-metadata": metadata},
            confidence=_mean(answer.confidences),
            created_at=_event_time(metadata),
        )
    except _ShapeError as problem:
        message = f"item {item}: {problem}"
        raise UnreadableLineError(message) from None


def _among(name: str, labels: frozenset[str] | None) -> str:
    """Return the label that matches a class name.

    A worker page may escape a name for HTML, or return it in another case or Unicode normal form.
    The name matches the label that is equal apart from these differences, if exactly one is.
    """
    if labels is None or name in labels:
        return name
    plain = _plain(name)
    alike = [label for label in labels if _plain(label) == plain]
    if len(alike) != 1:
        message = "a class name is not among the labels"
        raise _ShapeError(message)
    return alike[0]


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", html.unescape(name)).casefold().strip()


def _single_class(value: object, metadata: Mapping[str, Any]) -> _Answer:
    # The name counts, not the index: reordering the labels changes what an index means.
    _index(value)
    return _Answer(
        [_name(named(metadata, "class-name"))], [named(metadata, "confidence")], single=True
    )


def _several_classes(value: object, metadata: Mapping[str, Any]) -> _Answer:
    classes = [_index(index) for index in _list(value, "the label")]
    confidences = named(metadata, "confidence-map")
    # AWS's sample has confidences of classes that were not chosen, and lacks some of chosen ones.
    known = confidences if isinstance(confidences, dict) else {}
    return _Answer(_mapped(classes, metadata), [known.get(index) for index in classes])


def _boxes(value: object, metadata: Mapping[str, Any]) -> _Answer:
    boxes = [
        _mapping(box, "a box")
        for box in _list(_mapping(value, "the label").get("annotations"), "annotations")
    ]
    for box in boxes:
        if not all(_is_number(box.get(side)) for side in ("left", "top", "width", "height")):
            message = "a box has no left, top, width or height"
            raise _ShapeError(message)
    classes = [_index(named(box, "class-id")) for box in boxes]
    return _Answer(_mapped(classes, metadata), _confidences(metadata.get("objects")))


def _mask(value: object, metadata: Mapping[str, Any]) -> _Answer:
    if not isinstance(value, str) or not value.startswith("s3://"):
        message = "the label is not the address of a mask"
        raise _ShapeError(message)
    colors = _mapping(named(metadata, "internal-color-map"), "internal-color-map")
    entries = {place: _mapping(entry, "a colour") for place, entry in colors.items()}
    painted = [
        entry
        for place, entry in entries.items()
        if (place, _name(named(entry, "class-name"))) != _BACKGROUND
    ]
    return _Answer([_name(named(entry, "class-name")) for entry in painted], _confidences(painted))


def _spans(value: object, metadata: Mapping[str, Any]) -> _Answer:
    annotations = _mapping(_mapping(value, "the label").get("annotations"), "annotations")
    entities = [
        _mapping(entity, "an entity") for entity in _list(annotations.get("entities"), "entities")
    ]
    for entity in entities:
        start, end = named(entity, "start-offset"), named(entity, "end-offset")
        if not (_is_count(start) and _is_count(end) and start <= end):
            message = "an entity has no startOffset or endOffset"
            raise _ShapeError(message)
    names = [_name(entity.get("label")) for entity in entities]
    return _Answer(names, _confidences(metadata.get("entities")))


#: By task type.
_READERS: Mapping[str, Callable[[object, Mapping[str, Any]], _Answer]] = {
    "image_bounding_box": _boxes,
    "image_multi_label_classification": _several_classes,
    "image_semantic_segmentation": _mask,
    "image_single_label_classification": _single_class,
    "named_entity_recognition": _spans,
    "text_multi_label_classification": _several_classes,
    "text_single_label_classification": _single_class,
}


def named(fields: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return a field, in any spelling of its name.

    Output lines and AWS's documentation spell the same name with hyphens, with underscores, and in
    camel case.

    Args:
        fields: The object that contains the field.
        name: The name, its words joined by hyphens.
    """
    first, *others = name.split("-")
    camel = first + "".join(word.capitalize() for word in others)
    for spelling in (name, name.replace("-", "_"), camel):
        if spelling in fields:
            return fields[spelling]
    return None


def _mapping(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"{what} is missing or not an object"
        raise _ShapeError(message)
    return value


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list):
        message = f"{what} is missing or not a list"
        raise _ShapeError(message)
    return value


def _name(value: object) -> str:
    if not isinstance(value, str) or not value:
        message = "a class has no class-name"
        raise _ShapeError(message)
    return value


def _index(value: object) -> str:
    # The documentation shows a class index as a string; real outputs have an integer.
    text = str(value) if _is_count(value) else value
    if not (isinstance(text, str) and text.isascii() and text.isdecimal()):
        message = "the label is not a class index"
        raise _ShapeError(message)
    return text


def _mapped(classes: list[str], metadata: Mapping[str, Any]) -> list[str]:
    if not classes:
        return []
    names = _mapping(named(metadata, "class-map"), "class-map")
    return [_name(names.get(index)) for index in classes]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _confidences(entries: object) -> list[object]:
    found = entries if isinstance(entries, list) else []
    return [entry.get("confidence") for entry in found if isinstance(entry, dict)]


def _mean(confidences: Iterable[object]) -> float | None:
    numbers = [
        float(number)
        for number in confidences
        if isinstance(number, int | float) and _is_number(number)
    ]
    if len(numbers) > 1:
        # Rounded, to remove digits that only result from the calculation.
        return round(math.fsum(numbers) / len(numbers), 6)
    return numbers[0] if numbers else None


def _event_time(metadata: Mapping[str, Any]) -> str:
    """Return a label's creation date in the format that Feature Store accepts.

    Ground Truth usually writes UTC without a time zone, with six, three or no fractional digits;
    ``+0000`` and the spelling ``creation_date`` also occur. Feature Store requires
    ``yyyy-MM-ddTHH:mm:ss.SSSZ`` with a literal Z.
    https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
    """
    try:
        moment = datetime.fromisoformat(str(named(metadata, "creation-date")))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        message = "creation-date is missing or not a date"
        raise _ShapeError(message) from None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

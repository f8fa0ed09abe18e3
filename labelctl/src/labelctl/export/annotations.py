"""The label of an item, as the formats write it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.export.choice import names_of
from labeling_lambdas.domain.labels import UnreadableLineError, named, read_label

if TYPE_CHECKING:
    from collections.abc import Mapping

_METADATA = "-metadata"
_BACKGROUND = ("0", "BACKGROUND")


@dataclass(frozen=True, slots=True)
class Box:
    """A box, in pixels from the upper left corner of the image."""

    name: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text, in characters; the end is exclusive."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Annotation:
    """A label.

    Attributes:
        names: The classes, each once, sorted.
        boxes: Boxes of an image.
        spans: Entities of a text.
        mask_uri: Address of a mask; empty if there is none.
        colors: The class of each colour of the mask, ``#rrggbb``; empty for the background.
        size: Width and height of the image that workers saw; None if unknown.
    """

    names: tuple[str, ...]
    boxes: tuple[Box, ...] = ()
    spans: tuple[Span, ...] = ()
    mask_uri: str = ""
    colors: Mapping[str, str] = field(default_factory=dict)
    size: tuple[int, int] | None = None


def read_annotation(
    fields: Mapping[str, Any], written: Mapping[str, Any], text: str | None
) -> Annotation:
    """Read the label of a record.

    Args:
        fields: The record's columns.
        written: The label attribute and its metadata, as Ground Truth wrote them.
        text: The text of the item, None for an image.

    Raises:
        UnreadableLineError: If the label has an unknown format.
    """
    task_type, names = str(fields["task_type"]), names_of(fields)
    attribute = next((key for key in written if f"{key}{_METADATA}" in written), "")
    if not attribute:
        message = f"item {fields['source_ref']}: there is no label attribute with metadata"
        raise UnreadableLineError(message)
    value, metadata = written[attribute], written[f"{attribute}{_METADATA}"]
    # The names that the record has are those of the labels, however the page returned them.
    each = read_label(
        str(fields["source_ref"]),
        written,
        task_type=task_type,
        attribute=attribute,
        labels=frozenset(names),
    ).names
    match task_type:
        case "image_bounding_box":
            boxes = tuple(
                Box(name, box["left"], box["top"], box["width"], box["height"])
                for name, box in zip(each, value["annotations"], strict=True)
            )
            return Annotation(tuple(names), boxes=boxes, size=_size(value))
        case "image_semantic_segmentation":
            colors = _colors(named(metadata, "internal-color-map"), list(each))
            return Annotation(tuple(names), mask_uri=value, colors=colors)
        case "named_entity_recognition":
            entities = value["annotations"]["entities"]
            spans = [
                _span(name, entity, text or "") for name, entity in zip(each, entities, strict=True)
            ]
            return Annotation(tuple(names), spans=tuple(sorted(spans, key=_place)))
        case _:
            return Annotation(tuple(names))


def _size(value: Mapping[str, Any]) -> tuple[int, int] | None:
    sizes = named(value, "image-size")
    if not sizes:
        return None
    return int(sizes[0]["width"]), int(sizes[0]["height"])


def _colors(entries: Mapping[str, Any], painted: list[str]) -> dict[str, str]:
    colors = {}
    for place, entry in entries.items():
        background = (place, named(entry, "class-name")) == _BACKGROUND
        colors[str(named(entry, "hex-color")).lower()] = "" if background else painted.pop(0)
    return colors


def _span(name: str, entity: Mapping[str, Any], text: str) -> Span:
    """Read an entity, whose offsets are characters, or UTF-16 units if only these fit its text."""
    start, end = int(named(entity, "start-offset")), int(named(entity, "end-offset"))
    marked = entity.get("text")
    units = text.encode("utf-16-le")
    if isinstance(marked, str) and text[start:end] != marked:
        of_units = units[2 * start : 2 * end].decode("utf-16-le", errors="replace")
        if of_units == marked:
            start = len(units[: 2 * start].decode("utf-16-le"))
            end = start + len(marked)
    return Span(name, start, end)


def _place(span: Span) -> tuple[int, int, str]:
    return span.start, span.end, span.name

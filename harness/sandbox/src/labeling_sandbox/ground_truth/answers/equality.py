"""Comparison of labels, as Ground Truth wrote them, with the truth, for reviewers and audits.

Each function takes the label's value, its metadata, the truth in the form that the task type's
labeler documents, and a function that reads an object by its ``s3://`` URI.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labeling_sandbox.ground_truth import image_files

Value = Any
Metadata = Mapping[str, Any]
Read = Callable[[str], bytes]
Equality = Callable[[Value, Metadata, Any, Read], bool]

_EDGES = ("left", "top", "width", "height")


def one_class(_value: Value, metadata: Metadata, truth: str, _read: Read) -> bool:
    """Tell whether the class is the right one."""
    return bool(metadata["class-name"] == truth)


def classes(value: Value, metadata: Metadata, truth: list[str], _read: Read) -> bool:
    """Tell whether the classes are all the right ones and no others."""
    return sorted(metadata["class-map"][str(index)] for index in value) == sorted(truth)


def boxes(value: Value, metadata: Metadata, truth: list[dict[str, Any]], _read: Read) -> bool:
    """Tell whether each box is drawn, named and placed as in the truth, and no other is there."""
    names = metadata["class-map"]
    found = [
        (names[str(box["class_id"])], *(box[edge] for edge in _EDGES))
        for box in value["annotations"]
    ]
    drawn = [(box["class"], *(box[edge] for edge in _EDGES)) for box in truth]
    return sorted(found) == sorted(drawn)


def mask(value: Value, metadata: Metadata, truth: dict[str, Any], read: Read) -> bool:
    """Tell whether each pixel is of the right class."""
    picture = image_files.pixels(read(value))
    names = {
        entry["hex-color"]: entry["class-name"] for entry in metadata["internal-color-map"].values()
    }
    meanings = [names.get(f"#{colour.hex()}") for colour in picture.palette]
    found = [[meanings[index] for index in row] for row in picture.rows]
    width, height = truth["size"]
    painted = [["BACKGROUND"] * width for _ in range(height)]
    for region in truth["regions"]:
        left, top, wide, high = (region["box"][edge] for edge in _EDGES)
        for row in painted[top : top + high]:
            row[left : left + wide] = [region["class"]] * wide
    return found == painted


def entities(value: Value, _metadata: Metadata, truth: list[dict[str, Any]], _read: Read) -> bool:
    """Tell whether each entity is marked and named as in the truth, and no other is there."""
    return _spans(value["annotations"]["entities"]) == _spans(truth)


def shown(
    task_object: object, given: list[str], segments: Sequence[Mapping[str, str]], truth: object
) -> bool:
    """Tell whether the label that a custom task shows equals the truth.

    Args:
        task_object: The text or the address of the picture.
        given: The names of the classes that are shown as the label.
        segments: The pieces of a text with the names that are shown at them, empty where there is
            none; an empty list for other labels.
        truth: The class, the classes, or the entities of the text.
    """
    if isinstance(truth, str):
        return given == [truth]
    if not isinstance(truth, list):
        message = f"no reviewer of a custom task can compare with {truth!r}"
        raise ValueError(message)  # noqa: TRY004 - what a caller sent, not a call of ours
    if segments or (truth and isinstance(truth[0], dict)):
        whole = "".join(str(piece.get("text")) for piece in segments)
        return whole == task_object and _marked(segments) == _spans(truth)
    return sorted(given) == sorted(truth)


def _marked(segments: Sequence[Mapping[str, str]]) -> list[tuple[int, int, str]]:
    found, position = [], 0
    for piece in segments:
        end = position + len(str(piece.get("text")))
        if piece.get("label"):
            found.append((position, end, piece["label"]))
        position = end
    return found


def _spans(marked: list[dict[str, Any]]) -> list[tuple[int, int, str]]:
    return sorted(
        (entity["startOffset"], entity["endOffset"], entity["label"]) for entity in marked
    )

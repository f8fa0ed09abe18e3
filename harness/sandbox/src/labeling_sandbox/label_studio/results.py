"""A truth as what a person submits who answers it, in the form of Label Studio's editor.

Truths are those of the workers of Ground Truth; see `labeling_sandbox.ground_truth.answers`.
https://labelstud.io/guide/export#Label-Studio-JSON-format-of-annotated-tasks
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.task import Task

Result = dict[str, Any]

_CHANNELS = 4
_SIZES = (3, 4, 8, 16)
_OPAQUE = 255


def one_class(_task: Task, truth: str) -> list[Result]:
    """Choose a class."""
    return [_result("choices", {"choices": [truth]})]


def classes(_task: Task, truth: Sequence[str]) -> list[Result]:
    """Choose any number of classes."""
    return [_result("choices", {"choices": list(truth)})] if truth else []


def boxes(task: Task, truth: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Draw boxes."""
    width, height = _size(task)
    found = []
    for box in truth:
        value = {
            "x": 100 * box["left"] / width,
            "y": 100 * box["top"] / height,
            "width": 100 * box["width"] / width,
            "height": 100 * box["height"] / height,
            "rotation": 0,
            "rectanglelabels": [box["class"]],
        }
        found.append(_on_picture(task, "rectanglelabels", value))
    return found


def regions(task: Task, truth: Mapping[str, Any]) -> list[Result]:
    """Paint regions, one after the other."""
    width, height = _size(task)
    found = []
    for region in truth["regions"]:
        box = region["box"]
        stroke = bytearray(width)
        stroke[box["left"] : box["left"] + box["width"]] = bytes([_OPAQUE]) * box["width"]
        rows = [bytes(width)] * height
        rows[box["top"] : box["top"] + box["height"]] = [bytes(stroke)] * box["height"]
        packed = list(_packed(b"".join(rows)[: width * height]))
        value = {"format": "rle", "rle": packed, "brushlabels": [region["class"]]}
        found.append(_on_picture(task, "brushlabels", value))
    return found


def entities(task: Task, truth: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Mark entities."""
    found = []
    for entity in truth:
        start, end = entity["startOffset"], entity["endOffset"]
        text = task.subject[start:end]
        value = {"start": start, "end": end, "text": text, "labels": [entity["label"]]}
        found.append(_result("labels", value))
    return found


def verdict(category: str, comment: str = "") -> list[Result]:
    """Judge a label."""
    found = [_result("choices", {"choices": [category]}, "verdict")]
    if comment:
        found.append(_result("textarea", {"text": [comment]}, "comment"))
    return found


def unusable() -> list[Result]:
    """Answer with a control that the project does not have, as any program with a token can."""
    return [_result("choices", {"choices": ["unknown"]}, "another-control")]


#: How a truth is answered, by task type.
ANSWERS: Mapping[str, Callable[[Task, Any], list[Result]]] = {
    "image_bounding_box": boxes,
    "image_multi_label_classification": classes,
    "image_semantic_segmentation": regions,
    "image_single_label_classification": one_class,
    "named_entity_recognition": entities,
    "text_multi_label_classification": classes,
    "text_single_label_classification": one_class,
}


def _result(kind: str, value: Mapping[str, Any], control: str = "label") -> Result:
    return {"from_name": control, "to_name": "source", "type": kind, "value": dict(value)}


def _on_picture(task: Task, kind: str, value: Mapping[str, Any]) -> Result:
    width, height = _size(task)
    size = {"original_width": width, "original_height": height, "image_rotation": 0}
    return {**_result(kind, value), **size}


def _size(task: Task) -> tuple[int, int]:
    if task.size is None:
        message = f"{task.item} is no picture, so nothing can be drawn on it"
        raise ValueError(message)
    return task.size.width, task.size.height


def _packed(opacity: bytes) -> bytes:
    """Return the run lengths of a painted region.

    https://www.npmjs.com/package/@thi.ng/rle-pack, as Label Studio's editor uses it: runs of equal
    values, of which a pixel has four.
    """
    bits = [f"{_CHANNELS * len(opacity):032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in _SIZES)]
    at = 0
    while at < len(opacity):
        end = at
        while end < len(opacity) and opacity[end] == opacity[at] and end - at < 1 << 14:
            end += 1
        bits.append(f"111{_CHANNELS * (end - at) - 1:016b}{opacity[at]:08b}")
        at = end
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, "big")

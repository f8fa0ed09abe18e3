"""How far the answer of a worker agrees with the label that was made of all answers.

One class agrees or does not. Of several classes it is the share of the classes in both among those
in either. Boxes and spans are paired one to one: boxes of a class that overlap by half, as where
Label Studio's answers are made a label, and spans that are equal; it is twice the number of pairs
as a share of all boxes or spans of both. Of masks it is the mean of intersection over union of the
classes in either, without the background. Where neither has anything, they agree.
"""

from __future__ import annotations

import base64
import binascii
import io
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from labeling_lambdas.domain.label_studio.boxes import SAME_OBJECT, Box, overlap
from labeling_lambdas.domain.labels import named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from labeling_lambdas.domain.labels import Label

    Read = Callable[[str], bytes]
    Pixels = dict[str, NDArray[np.bool_]]

#: By task type, what agreement means, in a sentence for people.
MEASURES = {
    "image_bounding_box": "boxes of a class that overlap by half, as a share of the boxes of both",
    "image_semantic_segmentation": "intersection over union, the mean of the classes",
    "named_entity_recognition": "equal spans, as a share of the spans of both",
    **dict.fromkeys(
        ("image_multi_label_classification", "text_multi_label_classification"),
        "classes in both, as a share of those in either",
    ),
    **dict.fromkeys(
        ("image_single_label_classification", "text_single_label_classification"),
        "the same class",
    ),
}


class IncomparableError(Exception):
    """An answer that is not of the task type's form, or a label that cannot be read."""


def classes_of(content: Mapping[str, Any]) -> frozenset[str]:
    """Return the classes that an answer chose.

    Raises:
        IncomparableError: If it chose none in the form of a class or of several.
    """
    element = _element(content, "label", "labels")
    names = [element["label"]] if "label" in element else element["labels"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        message = "an answer has no classes"
        raise IncomparableError(message)
    return frozenset(names)


def agreement(task_type: str, content: Mapping[str, Any], label: Label, read: Read) -> float:
    """Return how far an answer agrees with the label, between 0 and 1.

    Args:
        task_type: Name of the task type.
        content: The answer.
        label: The label of the object.
        read: Reads a mask by its address.

    Raises:
        IncomparableError: If either cannot be read.
    """
    (value, metadata) = label.value.values()
    try:
        match task_type:
            case "image_bounding_box":
                return _pairs(_boxes_of_answer(content), _boxes_of_label(value, label.names))
            case "image_semantic_segmentation":
                return _overlap(_mask_of_answer(content), _mask_of_label(value, metadata, read))
            case "named_entity_recognition":
                return _equal(_spans_of_answer(content), _spans_of_label(value, label.names))
            case _:
                return _shared(classes_of(content), frozenset(label.names))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = "an answer has another form"
        raise IncomparableError(message) from error


def _element(content: Mapping[str, Any], *members: str) -> Mapping[str, Any]:
    """Return the form's element that has one of some members, whatever a template named it."""
    for element in content.values():
        if isinstance(element, dict) and not element.keys().isdisjoint(members):
            return element
    message = f"an answer has no {members[0]}"
    raise IncomparableError(message)


def _shared(answer: frozenset[str], label: frozenset[str]) -> float:
    either = answer | label
    return len(answer & label) / len(either) if either else 1.0


def _equal(answer: frozenset[Any], label: frozenset[Any]) -> float:
    total = len(answer) + len(label)
    return 2 * len(answer & label) / total if total else 1.0


def _spans_of_answer(content: Mapping[str, Any]) -> frozenset[tuple[str, int, int]]:
    entities = _element(content, "entities")["entities"]
    return frozenset((each["label"], each["startOffset"], each["endOffset"]) for each in entities)


def _spans_of_label(
    value: Mapping[str, Any], names: tuple[str, ...]
) -> frozenset[tuple[str, int, int]]:
    entities = value["annotations"]["entities"]
    return frozenset(
        (name, named(each, "start-offset"), named(each, "end-offset"))
        for name, each in zip(names, entities, strict=True)
    )


Named = list[tuple[str, Box]]


def _box(fields: Mapping[str, Any]) -> Box:
    left, top = float(fields["left"]), float(fields["top"])
    return Box(0, left, top, left + float(fields["width"]), top + float(fields["height"]))


def _boxes_of_answer(content: Mapping[str, Any]) -> Named:
    boxes = _element(content, "boundingBoxes")["boundingBoxes"]
    return [(each["label"], _box(each)) for each in boxes]


def _boxes_of_label(value: Mapping[str, Any], names: tuple[str, ...]) -> Named:
    return [(name, _box(each)) for name, each in zip(names, value["annotations"], strict=True)]


def _pairs(answer: Named, label: Named) -> float:
    if not answer and not label:
        return 1.0
    overlaps = sorted(
        (
            (overlap(one[1], other[1]), place, others_place)
            for (place, one), (others_place, other) in itertools.product(
                enumerate(answer), enumerate(label)
            )
            if one[0] == other[0]
        ),
        reverse=True,
    )
    used: set[int] = set()
    used_of_label: set[int] = set()
    for shared, place, others_place in overlaps:
        if shared >= SAME_OBJECT and place not in used and others_place not in used_of_label:
            used.add(place)
            used_of_label.add(others_place)
    return 2 * len(used) / (len(answer) + len(label))


def _mask_of_answer(content: Mapping[str, Any]) -> Pixels:
    element = _element(content, "labeledImage", "labelMappings")
    if "labeledImage" not in element:
        return {}
    try:
        picture = base64.b64decode(element["labeledImage"]["pngImageData"], validate=True)
    except binascii.Error as error:
        message = "the mask of an answer is no picture"
        raise IncomparableError(message) from error
    colors = {name: entry["color"] for name, entry in element["labelMappings"].items()}
    return _painted(picture, colors)


def _mask_of_label(uri: str, metadata: Mapping[str, Any], read: Read) -> Pixels:
    entries = named(metadata, "internal-color-map").items()
    colors = {
        named(entry, "class-name"): named(entry, "hex-color")
        for place, entry in entries
        if (place, named(entry, "class-name")) != ("0", "BACKGROUND")
    }
    return _painted(read(uri), colors)


def _painted(picture: bytes, colors: Mapping[str, str]) -> Pixels:
    """Return the pixels of each class that a mask has."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            pixels = np.asarray(image.convert("RGB")).astype(np.uint32)
    except (UnidentifiedImageError, OSError) as error:
        message = "a mask is no picture"
        raise IncomparableError(message) from error
    codes = pixels[..., 0] << 16 | pixels[..., 1] << 8 | pixels[..., 2]
    found = {name: codes == int(color.removeprefix("#"), 16) for name, color in colors.items()}
    return {name: painted for name, painted in found.items() if painted.any()}


def _overlap(answer: Pixels, label: Pixels) -> float:
    shares = []
    for name in answer.keys() | label.keys():
        if name not in answer or name not in label:
            shares.append(0.0)
            continue
        one, other = answer[name], label[name]
        if one.shape != other.shape:
            message = "the masks have different sizes"
            raise IncomparableError(message)
        shares.append(float((one & other).sum() / (one | other).sum()))
    return sum(shares) / len(shares) if shares else 1.0

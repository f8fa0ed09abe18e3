"""A label as a prediction that reviewers see and cannot change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio import palette_png
from labeling_lambdas.domain.label_studio.controls import CONTROLS, LABEL, SOURCE
from labeling_lambdas.domain.label_studio.masks import BACKGROUND
from labeling_lambdas.domain.label_studio.run_lengths import pack
from labeling_lambdas.domain.labels import named, read_label
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeling_lambdas.domain.task_types import TaskType

#: Name of the predictions of a project, which the project shows to everyone.
GIVEN = "given"


def given_label(
    line: Mapping[str, Any],
    *,
    task_type: TaskType,
    attribute: str,
    read: Callable[[str], bytes],
) -> list[dict[str, Any]]:
    """Return the predictions of the task that shows a label to reviewers.

    Args:
        line: A line of the verification manifest.
        task_type: Decides the form of the label.
        attribute: Label attribute name of the labeling job.
        read: Reads a mask by its ``s3://`` URI.

    Raises:
        UnreadableLineError: If the line has no label of the task type's form.
        ValueError: If its mask is not a PNG file with a palette.
    """
    item = str(line.get(ITEM_ID_KEY, ""))
    label = read_label(item, line, task_type=task_type.name, attribute=attribute, labels=None)
    value, metadata = line[attribute], line[f"{attribute}-metadata"]
    kind = CONTROLS[task_type.name].result_type
    if kind == "rectanglelabels":
        found = _boxes(value, label.names)
    elif kind == "brushlabels":
        found = _regions(read(value), named(metadata, "internal-color-map"))
    elif kind == "labels":
        found = _spans(value, str(line[task_type.manifest_key]))
    else:
        found = iter([{"value": {"choices": list(label.names)}}] if label.names else [])
    results = [
        {"from_name": LABEL, "to_name": SOURCE, "type": kind, "readonly": True, **result}
        for result in found
    ]
    return [{"model_version": GIVEN, "result": results}]


def _boxes(value: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    size = named(value, "image-size")[0]
    width, height = size["width"], size["height"]
    for box, name in zip(value["annotations"], names, strict=True):
        yield {
            **_of_picture(width, height),
            "value": {
                "x": 100 * box["left"] / width,
                "y": 100 * box["top"] / height,
                "width": 100 * box["width"] / width,
                "height": 100 * box["height"] / height,
                "rotation": 0,
                "rectanglelabels": [name],
            },
        }


def _of_picture(width: int, height: int) -> dict[str, int]:
    return {"original_width": width, "original_height": height, "image_rotation": 0}


def _spans(value: Mapping[str, Any], text: str) -> Iterator[dict[str, Any]]:
    for entity in value["annotations"]["entities"]:
        start, end = (int(named(entity, name)) for name in ("start-offset", "end-offset"))
        marked = {"start": start, "end": end, "text": text[start:end], "labels": [entity["label"]]}
        yield {"value": marked}


def _regions(content: bytes, entries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    picture = palette_png.read(content)
    # The colour counts, not the index: it is what Ground Truth documents.
    names = {named(entry, "hex-color"): named(entry, "class-name") for entry in entries.values()}
    for index, colour in enumerate(picture.colours):
        name = names.get(f"#{colour.hex()}", BACKGROUND)
        if name == BACKGROUND or index not in picture.indexes:
            continue
        layer = picture.indexes.translate(bytes(255 * (value == index) for value in range(256)))
        region = {"format": "rle", "rle": list(pack(layer)), "brushlabels": [name]}
        yield {**_of_picture(picture.width, picture.height), "value": region}

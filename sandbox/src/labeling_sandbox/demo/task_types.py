"""The demos, one for each task type: their variables, their data and what a right label is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labeling_sandbox import image_files
from labeling_sandbox.demo import pictures, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.demo.data_set import DataSet

DEFAULT_TASK = "image_single_label_classification"
_EXAMPLES = Path("examples/tfvars")
_EDGES = ("left", "top", "width", "height")

Value = Any
Metadata = dict[str, Any]


@dataclass(frozen=True)
class DemoType:
    """The demo of one task type.

    Attributes:
        variables: The example that is deployed, below the module's folder.
        data: Makes the data from the folder of data and a number of items.
        says: Whether a label, as Ground Truth wrote it, says the truth: its value, its metadata,
            the truth, and a function that reads an object by its ``s3://`` URI.
    """

    variables: Path
    data: Callable[[Path, int | None], DataSet]
    says: Callable[[Value, Metadata, Any, Callable[[str], bytes]], bool]


def agrees(
    demo_type: DemoType,
    record: Mapping[str, str],
    label: str,
    truth: object,
    read: Callable[[str], bytes],
) -> bool:
    """Tell whether a record says the truth, in its short feature and in its long one.

    Args:
        demo_type: The demo.
        record: The feature record.
        label: What ``label`` must be.
        truth: What the workers were told.
        read: Reads an object by its ``s3://`` URI.
    """
    written = json.loads(record["label_json"])
    attribute = next(key for key in written if f"{key}-metadata" in written)
    metadata = written[f"{attribute}-metadata"]
    return record["label"] == label and demo_type.says(written[attribute], metadata, truth, read)


def _one_class(_value: Value, metadata: Metadata, truth: str, _read: object) -> bool:
    return bool(metadata["class-name"] == truth)


def _classes(value: Value, metadata: Metadata, truth: list[str], _read: object) -> bool:
    return sorted(metadata["class-map"][str(index)] for index in value) == sorted(truth)


def _boxes(value: Value, metadata: Metadata, truth: list[dict[str, Any]], _read: object) -> bool:
    names = metadata["class-map"]
    found = [
        (names[str(box["class_id"])], *(box[edge] for edge in _EDGES))
        for box in value["annotations"]
    ]
    drawn = [(box["class"], *(box[edge] for edge in _EDGES)) for box in truth]
    return sorted(found) == sorted(drawn)


def _mask(
    value: Value, metadata: Metadata, truth: dict[str, Any], read: Callable[[str], bytes]
) -> bool:
    mask = image_files.pixels(read(value))
    names = {
        entry["hex-color"]: entry["class-name"] for entry in metadata["internal-color-map"].values()
    }
    found = [[names[f"#{mask.palette[index].hex()}"] for index in row] for row in mask.rows]
    width, height = truth["size"]
    painted = [["BACKGROUND"] * width for _ in range(height)]
    for region in truth["regions"]:
        left, top, wide, high = (region["box"][edge] for edge in _EDGES)
        for row in painted[top : top + high]:
            row[left : left + wide] = [region["class"]] * wide
    return found == painted


def _entities(
    value: Value, _metadata: Metadata, truth: list[dict[str, Any]], _read: object
) -> bool:
    return bool(value["annotations"]["entities"] == truth)


DEMO_TYPES: Mapping[str, DemoType] = {
    DEFAULT_TASK: DemoType(_EXAMPLES / "minimal.tfvars", pictures.digits, _one_class),
    **{
        name: DemoType(_EXAMPLES / f"{name}.tfvars", data, says)
        for name, data, says in (
            ("image_multi_label_classification", pictures.canvases_with_classes, _classes),
            ("image_bounding_box", pictures.canvases_with_boxes, _boxes),
            ("image_semantic_segmentation", pictures.canvases_with_regions, _mask),
            ("text_single_label_classification", texts.messages_with_intents, _one_class),
            ("text_multi_label_classification", texts.messages_with_topics, _classes),
            ("named_entity_recognition", texts.sentences_with_names, _entities),
        )
    },
}

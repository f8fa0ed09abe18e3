"""The demos, one for each task type: their variables, their data and their correct labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labeling_sandbox.demo import pictures, texts
from labeling_sandbox.ground_truth.answers import equality
from labeling_sandbox.ground_truth.task_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.demo.data_set import DataSet
    from labeling_sandbox.ground_truth.answers.equality import Equality
    from labeling_sandbox.ground_truth.task_kinds import LabelingKind

DEFAULT_TASK = "image_single_label_classification"
_EXAMPLES = Path("examples/tfvars")


@dataclass(frozen=True)
class DemoType:
    """The demo of one task type.

    Attributes:
        variables: The example that is deployed, below the module's folder.
        data: Makes the data from the folder of data and a number of items.
        equals: Whether a label, as Ground Truth wrote it, equals the truth.
        kind: What the simulated workers know of it.
    """

    variables: Path
    data: Callable[[Path, int | None], DataSet]
    equals: Equality
    kind: LabelingKind


def matches_truth(
    demo_type: DemoType,
    record: Mapping[str, str],
    label: str,
    truth: object,
    read: Callable[[str], bytes],
) -> bool:
    """Tell whether a record equals the truth, in its short and in its long feature.

    Args:
        demo_type: The demo.
        record: The feature record.
        label: What ``label`` must be.
        truth: The truth that the workers were given.
        read: Reads an object by its ``s3://`` URI.
    """
    written = json.loads(record["label_json"])
    attribute = next(key for key in written if f"{key}-metadata" in written)
    metadata = written[f"{attribute}-metadata"]
    return record["label"] == label and demo_type.equals(written[attribute], metadata, truth, read)


DEMO_TYPES: Mapping[str, DemoType] = {
    name: DemoType(_EXAMPLES / variables, data, equals, KINDS[kind])
    for name, variables, data, equals, kind in (
        (
            DEFAULT_TASK,
            "minimal.tfvars",
            pictures.digits,
            equality.one_class,
            "ImageMultiClass",
        ),
        (
            "image_multi_label_classification",
            "image_multi_label_classification.tfvars",
            pictures.canvases_with_classes,
            equality.classes,
            "ImageMultiClassMultiLabel",
        ),
        (
            "image_bounding_box",
            "image_bounding_box.tfvars",
            pictures.canvases_with_boxes,
            equality.boxes,
            "BoundingBox",
        ),
        (
            "image_semantic_segmentation",
            "image_semantic_segmentation.tfvars",
            pictures.canvases_with_regions,
            equality.mask,
            "SemanticSegmentation",
        ),
        (
            "text_single_label_classification",
            "text_single_label_classification.tfvars",
            texts.messages_with_intents,
            equality.one_class,
            "TextMultiClass",
        ),
        (
            "text_multi_label_classification",
            "text_multi_label_classification.tfvars",
            texts.messages_with_topics,
            equality.classes,
            "TextMultiClassMultiLabel",
        ),
        (
            "named_entity_recognition",
            "named_entity_recognition.tfvars",
            texts.sentences_with_names,
            equality.entities,
            "NamedEntityRecognition",
        ),
    )
}

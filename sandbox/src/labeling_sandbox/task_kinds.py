"""What the simulated service knows of each task type.

Sources: API reference of CreateLabelingJobRequest (functions, category file), the developer guide's
pages on each task type (elements of the worker template) and on input data quotas (limits). The
module's own table of task types is not read: it is what is tested here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.answers.boxes import BoundingBoxes
from labeling_sandbox.answers.classification import (
    MultiLabelClassification,
    SingleLabelClassification,
)
from labeling_sandbox.answers.masks import SemanticSegmentation
from labeling_sandbox.answers.spans import NamedEntities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.answers.task import Labeler

_IMAGE, _TEXT = "source-ref", "source"


@dataclass(frozen=True)
class TaskKind:
    """One task type.

    Attributes:
        labeler: How workers label it.
        source_key: The key of a manifest line that holds what is labeled.
        element: The element that the worker template must hold, None for the service's own
            interface.
        element_name: The ``name`` of that element, under which consolidation finds the answers.
        min_labels: The least number of label categories.
        max_labels: The greatest number, None without a limit.
        max_objects: The greatest number of objects in a job.
        measures: Whether answers need the size of the picture.
        takes_instructions: Whether the category file holds the instructions.
    """

    labeler: Labeler
    source_key: str
    element: str | None
    element_name: str | None = None
    min_labels: int = 1
    max_labels: int | None = None
    max_objects: int = 100_000
    measures: bool = False
    takes_instructions: bool = False


KINDS: Mapping[str, TaskKind] = {
    "ImageMultiClass": TaskKind(
        SingleLabelClassification("groundtruth/image-classification"),
        _IMAGE,
        "crowd-image-classifier",
        "crowd-image-classifier",
        min_labels=2,
    ),
    "ImageMultiClassMultiLabel": TaskKind(
        MultiLabelClassification("groundtruth/image-classification-multilabel"),
        _IMAGE,
        "crowd-image-classifier-multi-select",
        "crowd-image-classifier-multi-select",
        min_labels=2,
        max_labels=50,
    ),
    "BoundingBox": TaskKind(
        BoundingBoxes(),
        _IMAGE,
        "crowd-bounding-box",
        "boundingBox",
        max_labels=50,
        measures=True,
    ),
    "SemanticSegmentation": TaskKind(
        SemanticSegmentation(),
        _IMAGE,
        "crowd-semantic-segmentation",
        "crowd-semantic-segmentation",
        max_objects=20_000,
        measures=True,
    ),
    "TextMultiClass": TaskKind(
        SingleLabelClassification("groundtruth/text-classification"),
        _TEXT,
        "crowd-classifier",
        "crowd-classifier",
        min_labels=2,
    ),
    "TextMultiClassMultiLabel": TaskKind(
        MultiLabelClassification("groundtruth/text-classification-multilabel"),
        _TEXT,
        "crowd-classifier-multi-select",
        "crowd-classifier-multi-select",
        min_labels=2,
        max_labels=50,
    ),
    "NamedEntityRecognition": TaskKind(NamedEntities(), _TEXT, None, takes_instructions=True),
}
"""The task types that the workers know, by the suffix of the functions ``PRE-`` and ``ACS-``."""

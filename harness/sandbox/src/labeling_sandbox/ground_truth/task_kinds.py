"""The properties of each task type in the simulated service.

Sources: API reference of CreateLabelingJobRequest (functions, category file), the developer guide's
pages on each task type (elements of the worker template) and on input data quotas (limits). The
module's table of task types is not read, because it is tested here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.ground_truth.answers import equality
from labeling_sandbox.ground_truth.answers.boxes import BoundingBoxes
from labeling_sandbox.ground_truth.answers.classification import (
    MultiLabelClassification,
    SingleLabelClassification,
)
from labeling_sandbox.ground_truth.answers.masks import SemanticSegmentation
from labeling_sandbox.ground_truth.answers.spans import NamedEntities

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.ground_truth.answers.equality import Equality
    from labeling_sandbox.ground_truth.answers.task import Labeler

_IMAGE, _TEXT = "source-ref", "source"


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One task type.

    Attributes:
        source_key: The key of a manifest line that holds what is worked on, None if both can.
        element: The element that the worker template must hold, None for the service's own
            interface and for templates that are a customer's affair.
        element_name: The ``name`` of that element, under which consolidation finds the answers.
        min_labels: The least number of label categories.
        max_labels: The greatest number, None without a limit.
        max_objects: The greatest number of objects in a job.
        measures: Whether answers need the size of the picture.
        takes_instructions: Whether the category file holds the instructions.
    """

    source_key: str | None = None
    element: str | None = None
    element_name: str | None = None
    min_labels: int = 1
    max_labels: int | None = None
    max_objects: int = 100_000
    measures: bool = False
    takes_instructions: bool = False

    @property
    def answer_name(self) -> str:
        """The name under which a worker's answer is kept."""
        return self.element_name or "crowd-entity-annotation"


@dataclass(frozen=True, kw_only=True)
class LabelingKind(TaskKind):
    """A task type whose workers label objects.

    Attributes:
        labeler: How they label.
    """

    source_key: str
    labeler: Labeler


@dataclass(frozen=True, kw_only=True)
class VerificationKind(TaskKind):
    """A task type whose workers judge the labels of an earlier job.

    Attributes:
        equals: Whether such a label equals the truth.
        metadata: What the metadata of such a label must hold.
        is_file: Whether such a label is the address of a file.
    """

    equals: Equality
    metadata: str
    is_file: bool = False


KINDS: Mapping[str, LabelingKind] = {
    "ImageMultiClass": LabelingKind(
        labeler=SingleLabelClassification("groundtruth/image-classification"),
        source_key=_IMAGE,
        element="crowd-image-classifier",
        element_name="crowd-image-classifier",
        min_labels=2,
    ),
    "ImageMultiClassMultiLabel": LabelingKind(
        labeler=MultiLabelClassification("groundtruth/image-classification-multilabel"),
        source_key=_IMAGE,
        element="crowd-image-classifier-multi-select",
        element_name="crowd-image-classifier-multi-select",
        min_labels=2,
        max_labels=50,
    ),
    "BoundingBox": LabelingKind(
        labeler=BoundingBoxes(),
        source_key=_IMAGE,
        element="crowd-bounding-box",
        element_name="boundingBox",
        max_labels=50,
        measures=True,
    ),
    "SemanticSegmentation": LabelingKind(
        labeler=SemanticSegmentation(),
        source_key=_IMAGE,
        element="crowd-semantic-segmentation",
        element_name="crowd-semantic-segmentation",
        max_objects=20_000,
        measures=True,
    ),
    "TextMultiClass": LabelingKind(
        labeler=SingleLabelClassification("groundtruth/text-classification"),
        source_key=_TEXT,
        element="crowd-classifier",
        element_name="crowd-classifier",
        min_labels=2,
    ),
    "TextMultiClassMultiLabel": LabelingKind(
        labeler=MultiLabelClassification("groundtruth/text-classification-multilabel"),
        source_key=_TEXT,
        element="crowd-classifier-multi-select",
        element_name="crowd-classifier-multi-select",
        min_labels=2,
        max_labels=50,
    ),
    "NamedEntityRecognition": LabelingKind(
        labeler=NamedEntities(), source_key=_TEXT, takes_instructions=True
    ),
}
"""The task types that the workers know, by the suffix of the functions ``PRE-`` and ``ACS-``."""

VERIFICATION_KINDS: Mapping[str, VerificationKind] = {
    "VerificationBoundingBox": VerificationKind(
        equals=equality.boxes,
        metadata="class-map",
        source_key=_IMAGE,
        element="crowd-image-classifier",
        element_name="crowd-image-classifier",
    ),
    "VerificationSemanticSegmentation": VerificationKind(
        equals=equality.mask,
        metadata="internal-color-map",
        is_file=True,
        source_key=_IMAGE,
        element="crowd-image-classifier",
        element_name="crowd-image-classifier",
        max_objects=20_000,
    ),
}
"""The verification that is built in; there is none for other task types."""

CUSTOM_KIND = TaskKind()
"""A custom labeling workflow: its functions and its template decide what it is about."""

"""What all formats have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from labelctl.export.folders import Folders

if TYPE_CHECKING:
    from labelctl.export.annotations import Annotation
    from labelctl.export.examples import TrainingSet

SINGLE = frozenset({"image_single_label_classification", "text_single_label_classification"})
MULTI = frozenset({"image_multi_label_classification", "text_multi_label_classification"})
BOXES, MASKS = "image_bounding_box", "image_semantic_segmentation"
ENTITIES = "named_entity_recognition"
ALL_TYPES = SINGLE | MULTI | {BOXES, MASKS, ENTITIES}


class Format(Folders, Protocol):
    """A format.

    Attributes:
        task_types: The task types that it can represent.
        has_images: Whether images can be beside its labels.
    """

    task_types: frozenset[str]
    has_images: bool

    def write(self, training_set: TrainingSet) -> None:
        """Write the labels."""
        ...


class Beside:
    """Images and masks in folders beside the labels, one for each side."""

    has_images = True

    def reason_against(self, annotation: Annotation) -> str:  # noqa: ARG002 - of the protocol
        """See `Format`."""
        return ""

    def image_folder(self, side: str) -> str:
        """See `Format`."""
        return f"images/{side}"

    def mask_folder(self, side: str) -> str | None:
        """See `Format`."""
        return f"masks/{side}"


class Sized(Beside):
    """A format whose boxes need the size of the image."""

    def reason_against(self, annotation: Annotation) -> str:
        """See `Format`."""
        return "" if annotation.mask_uri or annotation.size else "no_image_size"

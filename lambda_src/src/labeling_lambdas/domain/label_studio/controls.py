"""The parts of a label configuration that each task type uses.

Tags and the results that they give: https://labelstud.io/tags/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_lambdas.domain.task_types import TaskType

#: Names of the controls and of the object in a configuration, and so in the results.
LABEL = "label"
VERDICT = "verdict"
COMMENT = "comment"
SOURCE = "source"

#: Key of a task's data that names the item.
ITEM_KEY = "item_id"

#: PostgreSQL stores neither, and one of them makes Label Studio refuse a whole batch of tasks.
_UNSTORABLE = dict.fromkeys((0, *range(0xD800, 0xE000)), "\ufffd")


class Control(NamedTuple):
    """The control with which people label.

    Attributes:
        tag: Its tag.
        entry_tag: The tag of a class in it.
        result_type: The type of its results, which is also the key of the classes in their value.
        attributes: Further attributes of its tag.
        metadata_type: The ``type`` in the metadata of Ground Truth's labels of the task type.
        may_be_empty: Whether an answer without any result is an answer.
    """

    tag: str
    entry_tag: str
    result_type: str
    attributes: dict[str, str]
    metadata_type: str
    may_be_empty: bool = True


def _choices(choice: str, metadata_type: str) -> Control:
    one = choice == "single"
    attributes = {"choice": choice, **({"required": "true"} if one else {})}
    return Control("Choices", "Choice", "choices", attributes, metadata_type, may_be_empty=not one)


#: By task type.
CONTROLS: Mapping[str, Control] = {
    "image_bounding_box": Control(
        "RectangleLabels",
        "Label",
        "rectanglelabels",
        {"canRotate": "false"},
        "groundtruth/object-detection",
    ),
    "image_multi_label_classification": _choices(
        "multiple", "groundtruth/image-classification-multilabel"
    ),
    "image_semantic_segmentation": Control(
        "BrushLabels", "Label", "brushlabels", {}, "groundtruth/semantic-segmentation"
    ),
    "image_single_label_classification": _choices("single", "groundtruth/image-classification"),
    "named_entity_recognition": Control("Labels", "Label", "labels", {}, "groundtruth/text-span"),
    "text_multi_label_classification": _choices(
        "multiple", "groundtruth/text-classification-multilabel"
    ),
    "text_single_label_classification": _choices("single", "groundtruth/text-classification"),
}


def shows_text(task_type: TaskType) -> bool:
    """Return whether people label a text, and not an image."""
    return task_type.max_text_characters is not None


def source_key(task_type: TaskType) -> str:
    """Return the key of a task's data that holds the text, or the address of the image."""
    return "text" if shows_text(task_type) else "image"


def task_data(line: Mapping[str, Any], task_type: TaskType) -> dict[str, str]:
    """Return the data of the task for a line of the input manifest.

    Each character that Label Studio cannot store is replaced by one other, so that the offsets of
    spans stay the same.

    Args:
        line: The line.
        task_type: Decides what people see.
    """
    source = str(line[task_type.manifest_key]).translate(_UNSTORABLE)
    return {source_key(task_type): source, ITEM_KEY: str(line[ITEM_ID_KEY])}

"""The table of task types, shared with Terraform."""

from __future__ import annotations

import functools
import json
from importlib import resources
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.compact_json import fits_one_line
from labeling_lambdas.domain.reasons import Reason

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import ClaimedItem, SourceObject


class TaskType(NamedTuple):
    """The properties of a task type that the functions use.

    Attributes:
        name: For example ``image_single_label_classification``.
        manifest_key: Key of the source in a manifest line, ``source-ref`` or ``source``.
        extensions: Accepted file name endings, lower case with the dot.
        max_object_bytes: Largest object, in bytes.
        max_text_characters: Longest text of an item; None if items are not texts.
    """

    name: str
    manifest_key: str
    extensions: frozenset[str]
    max_object_bytes: int
    max_text_characters: int | None = None

    def suits(self, item: ClaimedItem) -> bool:
        """Return whether a claim is of the kind that the task type labels: an image, or a text."""
        return bool(item.text_id) == (self.max_text_characters is not None)

    def reason_to_reject(self, source: SourceObject) -> Reason | None:
        """Return why an uploaded object cannot be labeled, or None if it can."""
        if not fits_one_line(source.key):
            # Its record, which contains the key, could not be written after its label was paid for.
            return Reason.UNSUPPORTED_KEY
        if PurePosixPath(source.key).suffix.lower() not in self.extensions:
            return Reason.UNSUPPORTED_EXTENSION
        if source.size == 0:
            return Reason.EMPTY_OBJECT
        if source.size > self.max_object_bytes:
            is_text = self.max_text_characters is not None
            return Reason.FILE_TOO_LARGE if is_text else Reason.IMAGE_TOO_LARGE
        return None


@functools.cache
def task_type(name: str) -> TaskType:
    """Return a task type by its name.

    Raises:
        ValueError: If the table has no such task type.
    """
    text = resources.files("labeling_lambdas").joinpath("task_types.json").read_text("utf-8")
    table = json.loads(text)["task_types"]
    if name not in table:
        message = f"task type {name!r} is unknown; known are {', '.join(sorted(table))}"
        raise ValueError(message)
    row = table[name]
    return TaskType(
        name=name,
        manifest_key=row["manifest_key"],
        extensions=frozenset(row["extensions"]),
        max_object_bytes=int(row["max_object_bytes"]),
        max_text_characters=row["max_text_characters"],
    )

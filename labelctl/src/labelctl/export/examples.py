"""The items of a training set, as the formats write them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from labelctl.export.annotations import Annotation, read_annotation
from labelctl.export.sources import file_name, source_of
from labeling_lambdas.domain.labels import UnreadableLineError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from labelctl.export.folders import Folders
    from labelctl.export.workspace import Chosen, Workspace
    from labeling_lambdas.domain.items import SourceObject


@dataclass(frozen=True, slots=True)
class Example:
    """An item.

    Attributes:
        source: Its object, or the line of it.
        side: Its side of the split.
        fields: The record's columns.
        written: The label as Ground Truth wrote it, with its metadata.
        annotation: The label.
        text: What workers read; None for images.
        name: Name of the image's copy.
        image: Path of the copy below the target; None if there is none.
        mask: Path of the index mask below the target; None if there is none.
        size: Bytes of the object; None if its newest version is another one.
    """

    source: SourceObject
    side: str
    fields: Mapping[str, Any]
    written: Mapping[str, Any]
    annotation: Annotation
    text: str | None
    name: str
    image: str | None
    mask: str | None
    size: int | None

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What a format writes.

    Attributes:
        workspace: The folder.
        layout: The format.
        task_type: The task type of all items.
        sides: The sides of the split.
        classes: The classes of all items, sorted.
        texts: Whether items are texts.
        has_images: Whether images are beside the labels.
    """

    workspace: Workspace
    layout: Folders
    task_type: str
    sides: Sequence[str]
    classes: Sequence[str]
    texts: bool
    has_images: bool

    @property
    def folder(self) -> Path:
        """The folder to write to."""
        return self.workspace.folder

    def examples(self, side: str | None = None) -> Iterator[Example]:
        """Yield items in the order of their identifiers, with one in memory at a time.

        Args:
            side: Only this side; None for all.
        """
        for chosen in self.workspace.chosen(side):
            found = self.example(chosen)
            if found is not None:
                yield found

    def example(self, chosen: Chosen) -> Example | None:
        """Return an item; None if its label cannot be read, which leaves it out."""
        source = source_of(chosen.fields, texts=self.texts)
        try:
            written = _object(chosen.written or json.loads(chosen.fields["label_json"]))
            annotation = read_annotation(chosen.fields, written, chosen.content)
        except (UnreadableLineError, ValueError):
            self.leave_out(chosen.source_ref, "label_unreadable")
            return None
        name = file_name(source.key)
        mask_folder = self.layout.mask_folder(chosen.side) if annotation.mask_uri else None
        return Example(
            source=source,
            side=chosen.side,
            fields=chosen.fields,
            written=written,
            annotation=annotation,
            text=chosen.content,
            name=name,
            image=f"{self.layout.image_folder(chosen.side)}/{name}" if self.has_images else None,
            mask=f"{mask_folder}/{PurePosixPath(name).stem}.png" if mask_folder else None,
            size=chosen.size,
        )

    def leave_out(self, source_ref: str, reason: str) -> None:
        """Leave an item out, and keep the reason for the summary."""
        self.workspace.leave_out(source_ref, reason)


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = "a label is not an object"
        raise ValueError(message)  # noqa: TRY004 - of the value that was read
    return value

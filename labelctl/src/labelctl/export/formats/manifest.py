"""The augmented manifest of Ground Truth.

https://docs.aws.amazon.com/sagemaker/latest/dg/augmented-manifest.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from labelctl.export.formats.layout import ALL_TYPES, Beside
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from labelctl.export.examples import Example, TrainingSet


class AugmentedManifest(Beside):
    """Lines with the address or the text of an item, and its label as Ground Truth wrote it.

    Images and masks stay in their buckets: a line has their addresses.
    """

    name = FormatName.AUGMENTED_MANIFEST
    task_types = ALL_TYPES
    has_images = False

    def mask_folder(self, side: str) -> str | None:  # noqa: ARG002 - of the protocol
        """See `Format`."""
        return None

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        for side in training_set.sides:
            with (training_set.folder / f"{side}.manifest").open("w", encoding="utf-8") as file:
                for example in training_set.examples(side):
                    file.write(f"{json.dumps(_line(example), ensure_ascii=False)}\n")


def _line(example: Example) -> dict[str, Any]:
    if example.text is not None:
        return {"source": example.text, **example.written}
    return {"source-ref": example.source.uri, **example.written}

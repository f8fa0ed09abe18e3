"""YOLO: a text file for each image, with a line for each box.

https://docs.ultralytics.com/datasets/detect/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labelctl.export.formats.layout import BOXES, Sized
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.export.annotations import Annotation
    from labelctl.export.examples import TrainingSet

_DIGITS = 6


class Yolo(Sized):
    """Labels in ``labels``, the images beside them in ``images``, and a ``data.yaml``.

    The file of an image without boxes is empty.
    """

    name = FormatName.YOLO
    task_types = frozenset({BOXES})

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        index_of = {name: index for index, name in enumerate(training_set.classes)}
        for side in training_set.sides:
            folder = training_set.folder / "labels" / side
            folder.mkdir(parents=True)
            for example in training_set.examples(side):
                lines = _lines(example.annotation, index_of)
                path = folder / f"{example.stem}.txt"
                path.write_text("".join(f"{line}\n" for line in lines), "ascii")
        # JSON is YAML too, and has no name that must be quoted.
        described = {
            **{side: self.image_folder(side) for side in training_set.sides},
            "names": list(training_set.classes),
        }
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in described.items())
        (training_set.folder / "data.yaml").write_text(text, "utf-8")


def _lines(annotation: Annotation, index_of: dict[str, int]) -> Iterator[str]:
    width, height = annotation.size or (1, 1)
    for box in annotation.boxes:
        # Programs that read it refuse a box that leaves its image.
        left, right = max(box.left, 0), min(box.left + box.width, width)
        top, bottom = max(box.top, 0), min(box.top + box.height, height)
        values = (
            (left + right) / 2 / width,
            (top + bottom) / 2 / height,
            (right - left) / width,
            (bottom - top) / height,
        )
        numbers = " ".join(f"{value:.{_DIGITS}f}" for value in values)
        yield f"{index_of[box.name]} {numbers}"

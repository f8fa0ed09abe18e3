"""COCO: one JSON file for each side, with boxes or with run-length encoded masks.

https://cocodataset.org/#format-data
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from pycocotools import mask as run_lengths

from labelctl.export.formats.layout import BOXES, MASKS, Sized
from labelctl.export.formats.names import FormatName
from labelctl.export.masks import read_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from labelctl.export.examples import Example, TrainingSet


class Coco(Sized):
    """Images, annotations and categories; the ids of all of them begin at 1.

    The annotation of a mask is all that one class covers in an image.
    """

    name = FormatName.COCO
    task_types = frozenset({BOXES, MASKS})

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        folder = training_set.folder / "annotations"
        folder.mkdir()
        for side in training_set.sides:
            _write_side(training_set, side, folder)


def _write_side(training_set: TrainingSet, side: str, folder: Path) -> None:
    annotations = folder / f"{side}.annotations"
    number = 0
    with (folder / f"{side}.json").open("w", encoding="utf-8") as file:
        file.write('{"images": [')
        # Both lists grow with the set, so the second one waits in a file.
        with annotations.open("w", encoding="utf-8") as waiting:
            for image_id, example in enumerate(training_set.examples(side), 1):
                width, height = _size(training_set, example)
                image = {
                    "id": image_id,
                    "width": width,
                    "height": height,
                    "file_name": example.name,
                    "coco_url": example.source.uri,
                }
                _write_entry(file, image, image_id)
                for found in _annotations(training_set, example):
                    number += 1
                    _write_entry(waiting, {"id": number, "image_id": image_id, **found}, number)
        file.write('\n], "annotations": [')
        with annotations.open(encoding="utf-8") as waiting:
            for line in waiting:
                file.write(line)
        categories = [
            {"id": place, "name": name} for place, name in enumerate(training_set.classes, 1)
        ]
        file.write(f'\n], "categories": {json.dumps(categories, ensure_ascii=False)}}}\n')
    annotations.unlink()


def _write_entry(file: IO[str], entry: dict[str, Any], number: int) -> None:
    file.write(f"{',' if number > 1 else ''}\n{json.dumps(entry, ensure_ascii=False)}")


def _size(training_set: TrainingSet, example: Example) -> tuple[int, int]:
    if example.mask is None:
        return example.annotation.size or (0, 0)
    height, width = read_indexes(training_set.folder / example.mask).shape
    return width, height


def _annotations(training_set: TrainingSet, example: Example) -> Iterator[dict[str, Any]]:
    categories = {name: place for place, name in enumerate(training_set.classes, 1)}
    for box in example.annotation.boxes:
        yield {
            "category_id": categories[box.name],
            "bbox": [box.left, box.top, box.width, box.height],
            "area": box.width * box.height,
            "iscrowd": 0,
        }
    if example.mask is None:
        return
    indexes = read_indexes(training_set.folder / example.mask)
    for name in example.annotation.names:
        covered = np.asfortranarray(indexes == categories[name], np.uint8)
        encoded = run_lengths.encode(covered)
        if not covered.any():
            continue
        yield {
            "category_id": categories[name],
            "segmentation": {"size": encoded["size"], "counts": encoded["counts"].decode("ascii")},
            "bbox": run_lengths.toBbox(encoded).tolist(),
            "area": int(run_lengths.area(encoded)),
            "iscrowd": 0,
        }

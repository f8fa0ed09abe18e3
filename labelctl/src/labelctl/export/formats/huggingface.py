"""A folder that ``datasets.load_dataset`` loads: Parquet files whose schema has the features.

https://huggingface.co/docs/hub/datasets-manual-configuration
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from labelctl.export.formats.layout import ALL_TYPES, BOXES, ENTITIES, MASKS, MULTI, SINGLE, Beside
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from labelctl.export.examples import Example, TrainingSet

_ROWS_PER_GROUP = 100
_BYTES_PER_GROUP = 32 * 1024 * 1024
_BYTES_PER_FILE = 512 * 1024 * 1024
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


class HuggingFace(Beside):
    """Images and masks are in the Parquet files, classes are ``ClassLabel``."""

    name = FormatName.HUGGINGFACE
    task_types = ALL_TYPES

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        folder = training_set.folder / "data"
        folder.mkdir()
        filled = []
        for side in training_set.sides:
            shards = _Shards(folder, side, _schema(training_set))
            for example in training_set.examples(side):
                shards.add(_row(training_set, example))
            # datasets has no splits without rows.
            if shards.close():
                filled.append(side)
        for taken in ("images", "masks"):
            shutil.rmtree(training_set.folder / taken, ignore_errors=True)
        (training_set.folder / "README.md").write_text(_card(filled), "utf-8")


@dataclass
class _Shards:
    """The Parquet files of a side.

    Attributes:
        folder: Their folder.
        side: The side.
        schema: Their columns.
    """

    folder: Path
    side: str
    schema: pa.Schema
    _rows: list[dict[str, Any]] = field(default_factory=list)
    _bytes: int = 0
    _number: int = 0
    _writer: parquet.ParquetWriter | None = None
    _written: int = 0

    def add(self, row: dict[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        images = (value for value in row.values() if isinstance(value, dict))
        self._bytes += sum(len(image.get("bytes") or b"") for image in images)
        if len(self._rows) == _ROWS_PER_GROUP or self._bytes > _BYTES_PER_GROUP:
            self._flush()

    def close(self) -> bool:
        """Write what is left; return whether there is any row."""
        if self._rows:
            self._flush()
        if self._writer is not None:
            self._writer.close()
        return self._number > 0

    def _flush(self) -> None:
        if self._writer is not None and self._written > _BYTES_PER_FILE:
            self._writer.close()
            self._writer, self._written = None, 0
        if self._writer is None:
            path = self.folder / f"{self.side}-{self._number:05d}.parquet"
            self._writer = parquet.ParquetWriter(path, self.schema)
            self._number += 1
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self.schema))
        self._written += self._bytes
        self._rows, self._bytes = [], 0


def _row(training_set: TrainingSet, example: Example) -> dict[str, Any]:
    annotation, folder = example.annotation, training_set.folder
    index_of = {name: index for index, name in enumerate(training_set.classes)}
    found: dict[str, Any] = {"source_ref": example.fields["source_ref"]}
    if example.text is not None:
        found["text"] = example.text
    elif example.image is not None:
        found["image"] = _file(folder / example.image)
    match training_set.task_type:
        case task if task in SINGLE:
            found["label"] = index_of[annotation.names[0]]
        case task if task in MULTI:
            found["labels"] = [index_of[name] for name in annotation.names]
        case task if task == BOXES:
            found["objects"] = {
                "bbox": [[box.left, box.top, box.width, box.height] for box in annotation.boxes],
                "category": [index_of[box.name] for box in annotation.boxes],
            }
        case task if task == MASKS and example.mask is not None:
            found["mask"] = _file(folder / example.mask)
        case task if task == ENTITIES:
            found["entities"] = {
                "start": [span.start for span in annotation.spans],
                "end": [span.end for span in annotation.spans],
                "label": [index_of[span.name] for span in annotation.spans],
            }
    return found


def _file(path: Path) -> dict[str, Any]:
    return {"bytes": path.read_bytes(), "path": path.name}


def _features(training_set: TrainingSet) -> dict[str, tuple[pa.DataType, Any]]:
    """Return the type of each column, for Arrow and for datasets."""
    number = {"dtype": "int64", "_type": "Value"}
    text = {"dtype": "string", "_type": "Value"}
    names = {"names": list(training_set.classes), "_type": "ClassLabel"}
    found: dict[str, tuple[pa.DataType, Any]] = {"source_ref": (pa.string(), text)}
    if training_set.texts:
        found["text"] = (pa.string(), text)
    elif training_set.has_images:
        found["image"] = (_IMAGE, {"_type": "Image"})
    numbers, labels = pa.list_(pa.int64()), _list_of(names)
    corners = _list_of(_list_of({"dtype": "float64", "_type": "Value"}))
    match training_set.task_type:
        case task if task in SINGLE:
            found["label"] = (pa.int64(), names)
        case task if task in MULTI:
            found["labels"] = (numbers, labels)
        case task if task == BOXES:
            kind = pa.struct([("bbox", pa.list_(pa.list_(pa.float64()))), ("category", numbers)])
            found["objects"] = (kind, {"bbox": corners, "category": labels})
        case task if task == MASKS:
            found["mask"] = (_IMAGE, {"_type": "Image"})
        case _:
            kind = pa.struct([("start", numbers), ("end", numbers), ("label", numbers)])
            places = _list_of(number)
            found["entities"] = (kind, {"start": places, "end": places, "label": labels})
    return found


def _list_of(feature: Any) -> dict[str, Any]:  # noqa: ANN401 - any feature
    return {"feature": feature, "_type": "List"}


def _schema(training_set: TrainingSet) -> pa.Schema:
    features = _features(training_set)
    described = {"info": {"features": {name: known for name, (_, known) in features.items()}}}
    return pa.schema(
        [(name, kind) for name, (kind, _) in features.items()],
        metadata={"huggingface": json.dumps(described)},
    )


def _card(sides: Sequence[str]) -> str:
    """Return the card, whose head says which files a split has."""
    files = [{"split": side, "path": f"data/{side}-*.parquet"} for side in sides]
    head = json.dumps({"configs": [{"config_name": "default", "data_files": files}]})
    return f"---\n{head}\n---\n"

"""A row for each item: JSON Lines, CSV and Parquet."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

from labelctl.export.formats.layout import ALL_TYPES, BOXES, ENTITIES, MASKS, MULTI, SINGLE, Beside
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labelctl.export.examples import Example, TrainingSet

_ROWS_PER_GROUP = 1000
#: Columns of the record that the row has under the same name.
_COPIED = ("source_version_id", "event_time", "status", "labeling_job", "run_id")
#: Columns of the record that the row has in another form, or that say nothing about the label.
_OTHERS = (
    "source_ref",
    "label",
    "label_json",
    "confidence",
    "verification_job",
    "task_type",
    "label_schema",
    "source_etag",
    "attempts",
    "extra_json",
)
_BOX = pa.struct(
    [("label", pa.string()), *((edge, pa.float64()) for edge in ("left", "top", "width", "height"))]
)
_SPAN = pa.struct(
    [("label", pa.string()), ("start", pa.int64()), ("end", pa.int64()), ("text", pa.string())]
)


def row(example: Example, task_type: str) -> dict[str, Any]:
    """Return the row of an item.

    Args:
        example: The item.
        task_type: Decides on the columns.
    """
    annotation, fields = example.annotation, example.fields
    extra = {
        name: value for name, value in fields.items() if name not in (*_COPIED, *_OTHERS)
    } | json.loads(fields.get("extra_json", "{}"))
    found: dict[str, Any] = {"source_ref": fields["source_ref"]}
    found |= {name: fields.get(name) for name in _COPIED}
    found["confidence"] = fields.get("confidence")
    if example.text is None:
        found["file"] = example.image
    else:
        found["text"] = example.text
    found["label"] = annotation.names[0] if task_type in SINGLE else list(annotation.names)
    if task_type == BOXES:
        found["width"], found["height"] = annotation.size or (None, None)
        found["boxes"] = [
            {
                "label": box.name,
                "left": box.left,
                "top": box.top,
                "width": box.width,
                "height": box.height,
            }
            for box in annotation.boxes
        ]
    elif task_type == MASKS:
        found["mask"] = example.mask
    elif task_type == ENTITIES:
        text = example.text or ""
        found["spans"] = [
            {
                "label": span.name,
                "start": span.start,
                "end": span.end,
                "text": text[span.start : span.end],
            }
            for span in annotation.spans
        ]
    found["extra"] = extra
    return found


class JsonLines(Beside):
    """A JSON object in each line."""

    name = FormatName.JSONL
    task_types = ALL_TYPES

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        for side in training_set.sides:
            with (training_set.folder / f"{side}.jsonl").open("w", encoding="utf-8") as file:
                for example in training_set.examples(side):
                    line = json.dumps(row(example, training_set.task_type), ensure_ascii=False)
                    file.write(f"{line}\n")


class Csv(Beside):
    """Comma-separated values, for labels that fit a cell: several classes are a JSON array."""

    name = FormatName.CSV
    task_types = SINGLE | MULTI

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        content = "text" if training_set.texts else "file"
        columns = ["source_ref", *_COPIED, "confidence", content, "label", "extra"]
        for side in training_set.sides:
            with (training_set.folder / f"{side}.csv").open(
                "w", encoding="utf-8", newline=""
            ) as file:
                writer = csv.DictWriter(file, columns, lineterminator="\n")
                writer.writeheader()
                for example in training_set.examples(side):
                    writer.writerow(_cells(row(example, training_set.task_type)))


class Parquet(Beside):
    """Parquet files, whose columns have the types of the task type."""

    name = FormatName.PARQUET
    task_types = ALL_TYPES

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        schema = _schema(training_set.task_type, texts=training_set.texts)
        for side in training_set.sides:
            with parquet.ParquetWriter(training_set.folder / f"{side}.parquet", schema) as writer:
                for rows in _groups(training_set, side):
                    writer.write_table(pa.Table.from_pylist(rows, schema=schema))


def _cells(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value
        for name, value in values.items()
    }


def _groups(training_set: TrainingSet, side: str) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    for example in training_set.examples(side):
        found = row(example, training_set.task_type)
        rows.append({**found, "extra": json.dumps(found["extra"], ensure_ascii=False)})
        if len(rows) == _ROWS_PER_GROUP:
            yield rows
            rows = []
    if rows:
        yield rows


def _schema(task_type: str, *, texts: bool) -> pa.Schema:
    label = pa.string() if task_type in SINGLE else pa.list_(pa.string())
    further = {
        BOXES: [("width", pa.int64()), ("height", pa.int64()), ("boxes", pa.list_(_BOX))],
        MASKS: [("mask", pa.string())],
        ENTITIES: [("spans", pa.list_(_SPAN))],
    }
    return pa.schema(
        [
            ("source_ref", pa.string()),
            *((name, pa.string()) for name in _COPIED),
            ("confidence", pa.float64()),
            ("text" if texts else "file", pa.string()),
            ("label", label),
            *further.get(task_type, []),
            ("extra", pa.string()),
        ]
    )

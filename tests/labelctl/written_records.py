"""Records with chosen values in the offline store, and what an export makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.labelctl.stored_labels import write_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

TIME = "2026-01-02T03:04:05.678Z"


@dataclass
class Records:
    """The records of a pipeline that gives images one class.

    Attributes:
        operated: The pipeline.
        folder: Where exports go.
    """

    operated: Operated
    folder: Path

    def upload(self, *keys: str, body: bytes = b"picture") -> None:
        """Upload images, without having them labeled."""
        for key in keys:
            self.operated.upload(key, body)

    def put(self, key: str, label: str = "cat", time: str = TIME, **columns: Any) -> None:
        """Write the record of an image whose newest version has a label."""
        head = self.operated.client("s3").head_object(Bucket=self.operated.uploads, Key=key)
        metadata = {"class-name": label, "confidence": 1, "creation-date": time.rstrip("Z")}
        written = {"label": 0, "label-metadata": metadata}
        fields = {
            "source_ref": f"s3://{self.operated.uploads}/{key}",
            "event_time": time,
            "label": label,
            "label_json": json.dumps(written),
            "confidence": 0.9,
            "labeling_job": "job",
            "status": "LABELED",
            "task_type": "image_single_label_classification",
            "label_schema": "sha256:0",
            "source_version_id": head["VersionId"],
            "source_etag": head["ETag"].strip('"'),
            "run_id": "run",
            "attempts": 1,
            **columns,
        }
        self.operated.client("sagemaker-featurestore-runtime").put_record(
            FeatureGroupName=self.operated.name,
            Record=[
                {"FeatureName": name, "ValueAsString": str(value)} for name, value in fields.items()
            ],
        )

    def delete(self, key: str, time: str) -> None:
        """Delete a record."""
        self.operated.client("sagemaker-featurestore-runtime").delete_record(
            FeatureGroupName=self.operated.name,
            RecordIdentifierValueAsString=f"s3://{self.operated.uploads}/{key}",
            EventTime=time,
        )

    def export(self, *options: str, name: str = "set", form: str = "jsonl") -> Any:
        """Export, and return the summary."""
        write_files(self.operated)
        return self.operated.answer("export", *self._arguments(name, form), *options)

    def error(self, *options: str, name: str = "set", form: str = "jsonl", code: int = 1) -> str:
        """Export what cannot be exported, and return the message."""
        write_files(self.operated)
        return self.operated.error("export", *self._arguments(name, form), *options, code=code)

    def _arguments(self, name: str, form: str) -> list[str]:
        return ["--to", str(self.folder / name), "--format", form]

    def rows(self, name: str = "set", side: str = "train") -> dict[str, dict[str, Any]]:
        """Return the rows of an export by the key of their image."""
        text = (self.folder / name / f"{side}.jsonl").read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()]
        start = len(f"s3://{self.operated.uploads}/")
        return {row["source_ref"][start:]: row for row in rows}

    def labels(self, name: str = "set") -> dict[str, str]:
        """Return the labels of an export by the key of their image."""
        return {key: row["label"] for key, row in self.rows(name).items()}

    def files(self, name: str = "set") -> dict[str, bytes]:
        """Return the content of each file of an export, without its summary."""
        found = sorted(path for path in (self.folder / name).rglob("*") if path.is_file())
        return {
            path.relative_to(self.folder / name).as_posix(): path.read_bytes()
            for path in found
            if path.name != "export.json"
        }

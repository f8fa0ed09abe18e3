"""An export from the offline store to a folder."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.durations import read_time
from labelctl.error_messages import LabelctlError
from labelctl.export.choice import Choice
from labelctl.export.contents import Contents, Files
from labelctl.export.examples import TrainingSet
from labelctl.export.formats.registry import format_for
from labelctl.export.frozen import FrozenSet, Head
from labelctl.export.offline_store import comparable_time, read_rows
from labelctl.export.request import Exported, Request
from labelctl.export.selection import Selection
from labelctl.export.split import WHOLE, read_split
from labelctl.export.workspace import Workspace
from labelctl.objects import listed_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from labelctl.connection import Connection
    from labelctl.export.formats.layout import Format
    from labelctl.export.offline_store import Row
    from labelctl.pipeline import Pipeline

_SUMMARY, _LEFT_OUT = "export.json", "left_out.jsonl"
_SCHEMA = "labelctl-export/1"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where records and frozen training sets are.

    Attributes:
        feature_group: Name of the feature group.
        output_bucket: The output bucket.
    """

    feature_group: str
    output_bucket: str


def find_stores(connection: Connection, name: str) -> Stores:
    """Look up where the records of a pipeline are.

    Args:
        connection: The connection to AWS.
        name: The module's ``job_name``.

    Raises:
        LabelctlError: If the pipeline was applied with an older version of the module.
    """
    names = [f"/{name}/{part}" for part in ("feature-group-name", "output-bucket-name")]
    answer = connection.client("ssm").get_parameters(Names=names)
    values = {entry["Name"]: str(entry["Value"]) for entry in answer["Parameters"]}
    missing = [path for path in names if path not in values]
    if missing:
        message = (
            f"pipeline {name} lacks the parameters {', '.join(missing)};"
            " apply this version of the module"
        )
        raise LabelctlError(message)
    return Stores(*(values[path] for path in names))


@dataclass(frozen=True, slots=True)
class Export:
    """One export.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        request: The options.
        now: The current time.
        progress: Told from time to time what is done.
    """

    connection: Connection
    pipeline: Pipeline
    request: Request
    now: datetime
    progress: Callable[[str], None]

    def run(self) -> Exported:
        """Make the folder, or continue what an interrupted start has left.

        Raises:
            LabelctlError: If the options do not fit, nothing is left to export, or the folder
                cannot be used.
        """
        layout = format_for(self.request.format, self.pipeline.task_type.name)
        files = self._files(layout)
        stores = find_stores(self.connection, self.pipeline.name)
        workspace = Workspace(self.request.target, self.request.scope(self.pipeline.name))
        try:
            head, digest = self._select(workspace, stores)
            training_set = self._training_set(workspace, layout, head, files)
            self._fetch(training_set, files)
            self.progress("writing")
            layout.write(training_set)
            summary = self._summary(training_set, head, digest)
            (workspace.folder / _SUMMARY).write_text(f"{json.dumps(summary, indent=2)}\n", "utf-8")
        except LabelctlError:
            # The options lead nowhere, and would again.
            workspace.discard()
            raise
        except (OSError, sqlite3.OperationalError) as error:
            message = f"{workspace.folder} cannot be written: {error}; the same command continues"
            raise LabelctlError(message) from error
        finally:
            workspace.close()
        workspace.complete()
        return Exported(workspace.target, summary)

    def _training_set(
        self, workspace: Workspace, layout: Format, head: Head, files: Files
    ) -> TrainingSet:
        return TrainingSet(
            workspace,
            layout,
            head.task_type,
            read_split(head.split).sides if head.split else WHOLE.sides,
            head.classes,
            texts=self.pipeline.splits_uploads,
            has_images=files is not Files.NONE,
        )

    def _files(self, layout: Format) -> Files:
        holds_images = layout.has_images and not self.pipeline.splits_uploads
        files = self.request.files or (Files.COPY if holds_images else Files.NONE)
        if files is not Files.NONE and not holds_images:
            message = f"--files {files.value}: "
            message += (
                "texts are in the rows, and have no files"
                if self.pipeline.splits_uploads
                else f"the format {layout.name} has addresses in place of images"
            )
            raise LabelctlError(message)
        if (files is Files.LINK) != (self.request.mirror is not None):
            message = "--files link and --mirror, the folder to link to, go together"
            raise LabelctlError(message)
        return files

    def _select(self, workspace: Workspace, stores: Stores) -> tuple[Head, str | None]:
        """Fill the training set, as far as an earlier start has not."""
        digest = None
        head = Head(self.pipeline.name, self.pipeline.task_type.name, self.request.split or "", ())
        rows: Iterable[Row] = ()
        frozen = FrozenSet(
            self.connection.client("s3"),
            stores.output_bucket,
            self.request.frozen or self.request.freeze or "none",
        )
        if self.request.frozen:
            head, rows, digest = frozen.open(workspace.scratch("frozen"))
            self._check(head)
        elif not workspace.noted("read"):
            rows = read_rows(self.connection, stores.feature_group)
        choice = self._choice(workspace)
        split = read_split(head.split) if head.split else WHOLE
        selection = Selection(workspace, choice, split, self.pipeline.splits_uploads, self.progress)
        if not workspace.noted("read"):
            selection.read(rows)
        if not workspace.noted("looked"):
            objects = listed_objects(
                self.connection.client("s3"), self.pipeline.upload_bucket, prefix=choice.prefix
            )
            selection.look_at(objects)
        if not workspace.noted("chosen"):
            selection.choose()
        if not self.request.frozen:
            head = Head(
                head.pipeline, head.task_type, head.split, tuple(workspace.noted("classes"))
            )
        if self.request.freeze:
            digest = frozen.freeze(workspace, head, workspace.scratch("freezing"))
        return head, digest

    def _check(self, head: Head) -> None:
        if (head.pipeline, head.task_type) != (self.pipeline.name, self.pipeline.task_type.name):
            message = (
                f"the training set {self.request.frozen} is of the pipeline {head.pipeline}"
                f" with the task type {head.task_type}"
            )
            raise LabelctlError(message)

    def _choice(self, workspace: Workspace) -> Choice:
        """Return the choice; ages count from the first start."""
        times = workspace.noted("times")
        if times is None:
            times = [self._time(text) for text in (self.request.since, self.request.until)]
            with workspace.database:
                workspace.note("times", times)
        since, until = times
        return Choice(
            self.pipeline.task_type.name,
            since=since,
            until=until,
            labels=frozenset(self.request.labels),
            statuses=frozenset(self.request.statuses),
            min_confidence=self.request.min_confidence,
            prefix=self.request.prefix,
        )

    def _time(self, text: str | None) -> str:
        return comparable_time(read_time(text, self.now)) if text else ""

    def _fetch(self, training_set: TrainingSet, files: Files) -> None:
        layout, workspace = training_set.layout, training_set.workspace
        kept = [
            folder.partition("/")[0]
            for side in training_set.sides
            for folder in (layout.image_folder(side), layout.mask_folder(side))
            if folder
        ]
        workspace.clear(kept)
        Contents(
            self.connection.client("s3"), training_set, files, self.request.mirror, self.progress
        ).fetch()
        if not workspace.count():
            reasons = Counter(reason for _, reason in workspace.left_out())
            counts = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
            message = f"nothing is left to export; items were left out: {counts}"
            raise LabelctlError(message)

    def _summary(self, training_set: TrainingSet, head: Head, digest: str | None) -> dict[str, Any]:
        workspace = training_set.workspace
        labels: dict[str, Counter[str]] = {side: Counter() for side in training_set.sides}
        items: Counter[str] = Counter()
        for example in training_set.examples():
            items[example.side] += 1
            labels[example.side].update(example.annotation.names)
        reasons = Counter(reason for _, reason in workspace.left_out())
        if reasons:
            with (workspace.folder / _LEFT_OUT).open("w", encoding="utf-8") as file:
                for source_ref, reason in workspace.left_out():
                    line = {"source_ref": source_ref, "reason": reason}
                    file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
        return {
            "schema": _SCHEMA,
            "pipeline": head.pipeline,
            "task_type": head.task_type,
            "format": training_set.layout.name,
            "split": head.split or None,
            "classes": list(head.classes),
            "sides": {
                side: {"items": items[side], "labels": dict(sorted(labels[side].items()))}
                for side in training_set.sides
            },
            "items": workspace.noted("items"),
            "removed": workspace.noted("removed"),
            "left_out": dict(sorted(reasons.items())),
            "training_set": self.request.freeze or self.request.frozen,
            "sha256": digest,
        }

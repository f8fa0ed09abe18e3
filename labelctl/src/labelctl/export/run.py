"""An export from the offline store to a folder."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
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
from labelctl.export.split import read_split
from labelctl.export.stores import Stores, find_stores
from labelctl.export.summary import write_summary
from labelctl.export.workspace import Workspace
from labelctl.objects import listed_objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from labelctl.connection import Client, Connection
    from labelctl.export.formats.layout import Format
    from labelctl.export.offline_store import Row
    from labelctl.pipeline import Pipeline


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
            summary = self._make(workspace, stores, layout, files)
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

    def _make(
        self, workspace: Workspace, stores: Stores, layout: Format, files: Files
    ) -> dict[str, Any]:
        known = self._frozen_set(stores, self.request.frozen)
        new = self._frozen_set(stores, self.request.freeze)
        if known:
            head, rows, digest = known.open(workspace.scratch("frozen"))
            self._check(head)
            self._select(workspace, head, rows)
        else:
            head, digest = self._head(), None
            self._select(workspace, head, read_rows(self.connection, stores.feature_group))
            head = replace(head, classes=tuple(workspace.noted("classes")))
        if new:
            digest = new.freeze(workspace, head, workspace.scratch("freezing"))
        training_set = TrainingSet(
            workspace,
            layout,
            head.task_type,
            read_split(head.split).sides,
            head.classes,
            texts=self.pipeline.splits_uploads,
            has_images=files is not Files.NONE,
        )
        self._fetch(training_set, files)
        self.progress("writing")
        layout.write(training_set)
        return write_summary(training_set, self.request, head, digest)

    @property
    def _s3(self) -> Client:
        return self.connection.client("s3")

    def _frozen_set(self, stores: Stores, name: str | None) -> FrozenSet | None:
        return None if name is None else FrozenSet(self._s3, stores.output_bucket, name)

    def _head(self) -> Head:
        split = self.request.split or ""
        return Head(self.pipeline.name, self.pipeline.task_type.name, split, ())

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

    def _select(self, workspace: Workspace, head: Head, rows: Iterable[Row]) -> None:
        """Fill the training set, as far as an earlier start has not."""
        choice = self._choice(workspace)
        selection = Selection(
            workspace, choice, read_split(head.split), self.pipeline.splits_uploads, self.progress
        )
        if not workspace.noted("read"):
            selection.read(rows)
        if not workspace.noted("looked"):
            bucket = self.pipeline.upload_bucket
            selection.look_at(listed_objects(self._s3, bucket, prefix=choice.prefix))
        if not workspace.noted("chosen"):
            selection.choose()

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
        Contents(self._s3, training_set, files, self.request.mirror, self.progress).fetch()
        if not workspace.count():
            reasons = workspace.left_out_by_reason()
            counts = ", ".join(f"{reason} {count}" for reason, count in reasons.items())
            message = f"nothing is left to export; items were left out: {counts}"
            raise LabelctlError(message)

"""The stored records that a report is about."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelctl.export.choice import Choice
from labelctl.export.offline_store import comparable_time, read_rows
from labelctl.export.selection import Selection
from labelctl.export.split import WHOLE
from labelctl.export.workspace import Workspace
from labelctl.report.gallery import Gallery, Shown
from labelctl.report.labels import LabelFigures, least_certain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelctl.connection import Connection
    from labelctl.export.offline_store import Row
    from labelctl.pipeline import Pipeline
    from labelctl.report.scope import Scope


@dataclass(frozen=True, slots=True)
class Labels:
    """What is stored.

    Attributes:
        figures: Counts of the records.
        gallery: The least certain ones.
    """

    figures: LabelFigures
    gallery: list[Shown]


@dataclass(frozen=True, slots=True)
class LabelReader:
    """A reader of the stored records.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        feature_group: Name of the feature group.
        progress: Told from time to time what is done.
    """

    connection: Connection
    pipeline: Pipeline
    feature_group: str
    progress: Callable[[str], None]

    def read(self, scope: Scope, pictures: int) -> Labels:
        """Return what is stored; the records are on disk meanwhile, not in memory.

        Args:
            scope: Which records: those of a run, or of labels that were made in a time.
            pictures: How many of the least certain ones to show.
        """
        texts = self.pipeline.splits_uploads
        since, until = (
            comparable_time(time) if time else "" for time in (scope.since, scope.until)
        )
        choice = Choice(self.pipeline.task_type.name, since=since, until=until)
        figures = LabelFigures()
        with tempfile.TemporaryDirectory() as folder:
            workspace = Workspace(Path(folder) / "records", {})
            try:
                selection = Selection(workspace, choice, WHOLE, texts, self.progress)
                selection.read(self._rows(scope.run))
                for event_time, fields in selection.newest():
                    figures.add(event_time, fields)
                chosen = least_certain(selection.newest(), pictures)
            finally:
                workspace.close()
            gallery = Gallery(self.connection.client("s3"), figures.colors, Path(folder), texts)
            # One after the other: a large picture takes much memory.
            return Labels(figures, list(self._shown(gallery, chosen)))

    def _shown(self, gallery: Gallery, chosen: list[dict[str, Any]]) -> Iterator[Shown]:
        for number, fields in enumerate(chosen, 1):
            self.progress(f"item {number} of {len(chosen)}")
            yield gallery.shown(number, fields)

    def _rows(self, run: str) -> Iterator[Row]:
        for row in read_rows(self.connection, self.feature_group):
            # The row that deletes a record has no run.
            if not run or row.deleted or row.fields.get("run_id") == run:
                yield row

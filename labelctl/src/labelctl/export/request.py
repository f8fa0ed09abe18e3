"""What an export is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from labelctl.export.contents import Files
    from labelctl.export.formats.names import FormatName


@dataclass(frozen=True, slots=True)
class Request:
    """The options of an export, as they were given.

    Attributes:
        target: The folder to make.
        format: The format.
        since: Only labels from this time on; an age counts from the first start.
        until: The records as they were at this time.
        labels: Only items with one of these labels.
        statuses: Only records with one of these values of ``status``.
        min_confidence: Only records of at least this confidence.
        prefix: Only keys that begin with this.
        split: Shares of the sides; None for one side.
        files: What becomes of images; None for what the format has.
        mirror: Folder with copies of the objects, for links.
        freeze: Name under which the records are frozen.
        frozen: Name of the frozen training set to make again.
    """

    target: Path
    format: FormatName
    since: str | None = None
    until: str | None = None
    labels: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    min_confidence: float | None = None
    prefix: str = ""
    split: str | None = None
    files: Files | None = None
    mirror: Path | None = None
    freeze: str | None = None
    frozen: str | None = None

    def scope(self, pipeline: str) -> dict[str, Any]:
        """Return what an interrupted export must have in common with the one that continues it."""
        return {
            "pipeline": pipeline,
            "format": self.format,
            "since": self.since,
            "until": self.until,
            "labels": sorted(self.labels),
            "statuses": sorted(self.statuses),
            "min_confidence": self.min_confidence,
            "prefix": self.prefix,
            "split": self.split,
            "files": self.files.value if self.files else None,
            "mirror": str(self.mirror) if self.mirror else None,
            "freeze": self.freeze,
            "frozen": self.frozen,
        }


@dataclass(frozen=True, slots=True)
class Exported:
    """A complete export.

    Attributes:
        target: The folder.
        summary: What it holds, and what was left out.
    """

    target: Path
    summary: dict[str, Any] = field(default_factory=dict)

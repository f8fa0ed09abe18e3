"""What can happen to an uploaded object."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class What(StrEnum):
    """What happened, in the order in which it can happen within a run."""

    UPLOADED = "uploaded"
    DELETED = "deleted"
    CLAIMED = "claimed"
    LABELING_JOB = "labeling_job"
    VERIFICATION_JOB = "verification_job"
    REJECTED = "rejected"
    STORED = "stored"
    LABELED = "labeled"
    RETURNED = "returned"
    SUPERSEDED = "superseded"
    DEAD_LETTERED = "dead_lettered"
    IN_PROGRESS = "in_progress"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a version of an object, or to a line of it.

    Attributes:
        at: When, ISO-8601; for what happens within a run, when the run was opened or closed.
        what: What happened.
        version_id: The version.
        line: Number of the line; None for the whole object.
        run_id: The run; empty outside of runs.
        detail: More about it, for example the reason or the record.
    """

    at: str
    what: What
    version_id: str
    line: int | None = None
    run_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    def fields(self) -> dict[str, Any]:
        """Return the event as JSON-ready fields."""
        return {
            "at": self.at or None,
            "event": self.what.value,
            "version_id": self.version_id,
            "line": self.line,
            "run_id": self.run_id or None,
            **self.detail,
        }

"""Everything that happened to an uploaded object, in order."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError
from labelctl.ledger import Ledger
from labelctl.run_folders import run_ids
from labelctl.tracing.events import Event, What
from labelctl.tracing.run_history import RunHistory, Wanted
from labelctl.tracing.versions import version_events
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from labelctl.connection import Connection
    from labelctl.pipeline import Pipeline


@dataclass(frozen=True, slots=True)
class Trace:
    """The history of an object.

    Attributes:
        key: Its key.
        line: Number of the line; None for the object and all its lines.
        events: What happened, in order.
        states: By item, its version and its state in the ledger now.
        runs: How many runs were looked at.
    """

    key: str
    line: int | None
    events: Sequence[Event]
    states: Sequence[tuple[str, str]]
    runs: int

    @property
    def answers_asked_for(self) -> int:
        """How many answers were asked for in all jobs that have begun: what people cost."""
        jobs = (What.LABELING_JOB, What.VERIFICATION_JOB)
        return sum(event.detail["people"] for event in self.events if event.what in jobs)

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "key": self.key,
            "line": self.line,
            "events": [event.fields() for event in self.events],
            "states": [{"version_id": version, "state": state} for version, state in self.states],
            "answers_asked_for": self.answers_asked_for,
            "runs": self.runs,
        }


@dataclass(frozen=True, slots=True)
class Tracer:
    """A reader of an object's history.

    Attributes:
        connection: The connection to AWS.
        pipeline: The pipeline.
        output_bucket: The bucket with the files of runs.
        progress: Called with how far it is.
    """

    connection: Connection
    pipeline: Pipeline
    output_bucket: str
    progress: Callable[[str], None]

    def trace(self, key: str, line: int | None) -> Trace:
        """Return the history of an object.

        Args:
            key: Its key in the upload bucket.
            line: Number of a line; None for the object and all its lines.

        Raises:
            LabelctlError: If the bucket has no version of the object.
        """
        bucket = self.pipeline.upload_bucket
        versions = version_events(self.connection.client("s3"), bucket, key)
        uploads = [event for event in versions if event.what is What.UPLOADED]
        if not uploads:
            folder = key[: key.rfind("/") + 1]
            message = (
                f"s3://{bucket}/{key} has no versions: it was never uploaded, or they were deleted;"
                f" list keys with: aws s3 ls {shlex.quote(f's3://{bucket}/{folder}')}"
            )
            raise LabelctlError(message)
        items = {
            identity.item_id(bucket, key, event.version_id, line): event.version_id
            for event in uploads
        }
        runs = run_ids(
            self.connection.client("s3"), self.output_bucket, datetime.fromisoformat(uploads[0].at)
        )
        wanted = Wanted(key, line, items)
        seen: list[Event] = []
        for number, run_id in enumerate(runs, start=1):
            self.progress(f"run {number} of {len(runs)}")
            seen += self._of_run(run_id, wanted)
        ledger = Ledger(self.connection.client("dynamodb"), self.pipeline.ledger_table)
        states = ledger.states(items)
        return Trace(
            key,
            line,
            _in_order(versions, seen),
            [(items[item], state.value) for item, state in states.items()],
            len(runs),
        )

    def _of_run(self, run_id: str, wanted: Wanted) -> Iterator[Event]:
        # Nothing is written, so no key is needed.
        artifacts = Artifacts(self.connection.client("s3"), self.output_bucket, "", run_id)
        ledger = RunLedger(self.connection.client("dynamodb"), self.pipeline.ledger_table)
        return RunHistory(artifacts, ledger.find(run_id), wanted).events()


def _in_order(versions: Sequence[Event], runs: Sequence[Event]) -> list[Event]:
    """Merge what happened outside of runs into what happened in them, by time."""
    merged: list[Event] = []
    waiting = list(versions)
    for event in runs:
        while waiting and event.at and waiting[0].at <= event.at:
            merged.append(waiting.pop(0))
        merged.append(event)
    return [*merged, *waiting]

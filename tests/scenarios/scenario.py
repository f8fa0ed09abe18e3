"""What a scenario does with a pipeline, whatever the world is that the pipeline is in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from tests.scenarios.ending import Ending, Row, ending_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from labeling_sandbox.audit.auditor import Auditor, Findings
    from labeling_sandbox.audit.uploads import Upload
    from labeling_sandbox.demo.pipeline import Execution

T = TypeVar("T")

MAX_ATTEMPTS = 2
_deserialize = TypeDeserializer().deserialize


@dataclass
class Scenario(ABC):
    """One scenario in one world.

    Attributes:
        name: First part of its keys.
        truth: The correct class of each uploaded object, by URI.
        uploads: Every version that it uploaded, folder markers left out.
        endings: What each moment of rest looked like.
        labeled_at_stop: The keys that workers had labeled when a job was stopped. It is chance in
            the sandbox; another world is told of it, so that it can end alike.
    """

    name: str
    truth: dict[str, str] = field(default_factory=dict)
    uploads: list[Upload] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    labeled_at_stop: frozenset[str] | None = None

    #: How many schedules in a row find that a permission is missing.
    failing_schedules: ClassVar[int] = 10

    #: History events that a usual run stays below.
    most_events: ClassVar[int] = 60

    # What each world does in its own way.

    @abstractmethod
    def client(self, service: str) -> Any:
        """An administrator's client."""

    @abstractmethod
    def output(self, name: str) -> str:
        """An output of the module."""

    @abstractmethod
    def auditor(self) -> Auditor:
        """Who checks the promises."""

    @abstractmethod
    def upload_keys(self, keys: Sequence[str]) -> list[Upload]:
        """Upload a picture under each key, and wait until their events are delivered."""

    @abstractmethod
    def put(self, objects: Sequence[tuple[str, bytes]]) -> list[Upload]:
        """Upload objects of any content."""

    @abstractmethod
    def duplicate_events(self, every: int) -> None:
        """Deliver every so manieth event of an upload twice."""

    @abstractmethod
    def send(self, message: Mapping[str, Any] | str) -> None:
        """Put a message on the intake queue as the administrator."""

    @abstractmethod
    def redrive(self) -> None:
        """Move the dead letters back, as an operator does."""

    @abstractmethod
    def workers(self, **behaviour: float) -> None:
        """Say how the workers of the next jobs behave."""

    @abstractmethod
    def let_expire(self, uploads: Sequence[Upload]) -> None:
        """Let nobody work on these objects in time, in the next jobs."""

    @abstractmethod
    def break_job(self, fault: str, count: int = 1, name_ends: str = "") -> None:
        """Let the next labeling jobs suffer a fault."""

    @abstractmethod
    def refuse_records(self, rate: float, code: str = "InternalFailure") -> None:
        """Let the feature group refuse a share of the records."""

    @abstractmethod
    def without(self, step: str, action: str) -> AbstractContextManager[None]:
        """Take an action out of the policy of a step's role, and give it back at the end."""

    @abstractmethod
    def assert_denied(self, execution: Execution, action: str) -> None:
        """Check that an execution's history names the action that was denied."""

    @abstractmethod
    def assert_alarmed(self, ended: Sequence[Execution]) -> None:
        """Check that the deployed alarm on failed executions rings at executions that failed."""

    @abstractmethod
    def start(self, state_input: Row | None = None) -> str:
        """Start an execution, without an input as the schedule does; return its ARN."""

    @abstractmethod
    def start_together(self, count: int) -> list[str]:
        """Fire the schedule several times at once."""

    @abstractmethod
    def start_that_times_out(self) -> str:
        """Fire the schedule; the execution's time is over while workers label."""

    @abstractmethod
    def start_that_stops_waiting(self) -> str:
        """Fire the schedule; the waiting state's time is over before the workers are done."""

    @abstractmethod
    def die_while_polling(self, uploads: Sequence[Upload], *, with_function: bool) -> str:
        """Fire the schedule and stop the execution once it has claimed something.

        Args:
            uploads: What waits.
            with_function: Whether the function that it called dies too.
        """

    @abstractmethod
    def end_of(self, execution_arn: str) -> Execution:
        """Wait for an execution to end."""

    @abstractmethod
    def stop(self, execution_arn: str) -> None:
        """Stop an execution as an operator would."""

    @abstractmethod
    def status_of(self, execution_arn: str) -> str:
        """The status of an execution."""

    @abstractmethod
    def executions_of(self, run_id: str) -> list[str]:
        """ARNs of the executions that resumed a run."""

    @abstractmethod
    def wait_for(self, what: str, look: Callable[[], T | None]) -> T:
        """Look again and again until something is there."""

    @abstractmethod
    def jobs(self) -> list[Row]:
        """Every labeling job, the oldest first."""

    @abstractmethod
    def busy_job(self) -> Row:
        """Wait until workers have labeled something in a job that goes on, and return it."""

    @abstractmethod
    def let_lease_pass(self, run_id: str) -> None:
        """Let the time end until which a poll may still be claiming."""

    @abstractmethod
    def messages_waiting(self) -> int:
        """How many messages the intake queue holds, in flight or not."""

    @abstractmethod
    def feature_names(self) -> set[str]:
        """The columns of the feature group."""

    @abstractmethod
    def everything_uploaded(self) -> list[Upload]:
        """Every version that was uploaded to this pipeline."""

    @abstractmethod
    def settle_events(self) -> None:
        """Wait until every event has reached its target."""

    # What is the same everywhere.

    def upload(self, count: int, folder: str = "inbox") -> list[Upload]:
        """Upload pictures of digits, the digit 0 among every ten."""
        return self.upload_keys([f"{folder}/digit {number}.png" for number in range(count)])

    def run(self) -> Execution:
        """Fire the schedule and wait for the end."""
        return self.end_of(self.start())

    def resume(self, run_id: str) -> Execution:
        """Resume a run by hand and wait for the end."""
        return self.end_of(self.start({"resume_run": run_id}))

    def stop_job(self) -> None:
        """Stop the job that workers label, from outside."""
        self.client("sagemaker").stop_labeling_job(LabelingJobName=self.busy_job()["name"])

    def rows(self) -> dict[str, Row]:
        """The ledger by primary key."""
        pages = self.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.output("ledger_table_name"), ConsistentRead=True)
        decoded = (
            {name: _deserialize(value) for name, value in encoded.items()}
            for page in found
            for encoded in page["Items"]
        )
        return {row["pk"]: row for row in decoded}

    def items(self, uploads: Sequence[Upload]) -> list[Row]:
        """The ledger's rows of uploads; {} for one that it does not know."""
        by_source = {
            (row["object_key"], row["version_id"]): row
            for key, row in self.rows().items()
            if key.startswith("ITEM#")
        }
        return [by_source.get((upload.key, upload.version_id), {}) for upload in uploads]

    def run_worked_on_by(self, execution_arn: str) -> str:
        """The run that an execution works on."""
        (run,) = [
            key.removeprefix("RUN#")
            for key, row in self.rows().items()
            if key.startswith("RUN#") and row["execution_arn"] == execution_arn
        ]
        return run

    def open_runs(self) -> list[str]:
        """The runs that the ledger holds open."""
        return sorted(self.rows().get("OPEN_RUNS", {}).get("run_ids", ()))

    def jobs_with(self, uploads: Sequence[Upload]) -> list[Row]:
        """The labeling jobs that had any of these items, the oldest first."""
        wanted = {row["pk"].removeprefix("ITEM#") for row in self.items(uploads) if row}
        return [job for job in self.jobs() if wanted & set(job["item_ids"])]

    def report_of(self, execution: Execution) -> Row:
        """The report of the run that an execution closed."""
        reports = self.auditor().reports()
        (report,) = [each for each in reports if each["execution_arn"] == execution.arn]
        return report

    def note_labeled_at_stop(self, uploads: Sequence[Upload]) -> int:
        """Remember what a stopped job had labeled; return how many."""
        rows = zip(uploads, self.items(uploads), strict=True)
        labeled = {it.key for it, row in rows if row["item_state"] == "stored"}
        self.labeled_at_stop = frozenset(labeled)
        return len(labeled)

    def dead_letters(self, uploads: Sequence[Upload]) -> dict[str, Row]:
        """The dead letters of uploads by key."""
        keys = {upload.key for upload in uploads}
        letters = self.audit().dead_letters
        return {
            letter["item"]["key"]: letter
            for letter in letters
            if "item" in letter and letter["item"]["key"] in keys
        }

    def audit(self) -> Findings:
        """Check every promise over all that was ever uploaded, and note how it looks."""
        self.settle_events()
        findings = self.auditor().audit(self.everything_uploaded(), max_attempts=MAX_ATTEMPTS)
        assert not findings.violations, "\n".join(findings.violations)
        rows = self.items(self.uploads)
        self.endings.append(ending_of(self.name, self.uploads, rows, findings, self.jobs()))
        return findings

    def assert_stored(self, uploads: Sequence[Upload]) -> Findings:
        """Check that each upload is stored, once, with the correct label."""
        findings = self.audit()
        for upload in uploads:
            record = findings.records.get(upload.uri, {})
            found = (findings.states[upload], record.get("label"), record.get("source_version_id"))
            wanted = ("stored", self.truth[upload.uri], upload.version_id)
            assert found == wanted, f"{upload}: {found}"
        return findings


def outcome(execution: Execution) -> tuple[str, str]:
    """Status and error of an execution."""
    return execution.status, execution.error


def created_event(upload: Upload, *, size: int = 100) -> Row:
    """The event of an upload, as EventBridge delivers it, for messages that tests make up."""
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": upload.bucket},
            "object": {
                "key": upload.key,
                "size": size,
                "etag": "0" * 32,
                "version-id": upload.version_id,
                "sequencer": "0",
            },
        },
    }

"""Following an object through the deployed pipeline, from one station to the next."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.doctor import intake
from labelctl.error_messages import LabelctlError, explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from labelctl.doctor.checks import Check, Subject

#: Folder of the upload bucket for the objects of smoke tests.
PREFIX = "labelctl-smoke/"

_WAIT_SECONDS = 2.0


class SmokeError(LabelctlError):
    """A station was not reached. The text has the cause and the way out."""


@dataclass(frozen=True, slots=True)
class Station:
    """A station that the object reached, or the one that it did not reach.

    Attributes:
        name: Name of the station.
        seconds: Seconds since the start of the test.
        detail: What was seen there, or why the object did not get there.
        reached: Whether it was reached.
    """

    name: str
    seconds: float
    detail: str
    reached: bool = True

    def fields(self) -> dict[str, Any]:
        """Return the station as JSON-ready fields."""
        return {
            "station": self.name,
            "reached": self.reached,
            "seconds": round(self.seconds, 1),
            "detail": self.detail,
        }


@dataclass(slots=True)
class Follower:
    """Follows one object.

    Attributes:
        subject: The pipeline.
        key: Key of the object.
        deadline_seconds: Seconds after which it gives up.
        progress: Called with the name of each station before it is waited for.
        stations: The stations so far.
        version: Version of the object, once it is uploaded.
    """

    subject: Subject
    key: str
    deadline_seconds: float
    progress: Callable[[str], None]
    stations: list[Station] = field(default_factory=list)
    version: str = ""
    _started: float = field(default_factory=time.monotonic)

    @property
    def passed(self) -> bool:
        """Whether every station was reached."""
        return all(station.reached for station in self.stations)

    @property
    def uri(self) -> str:
        """``s3://`` address of the object."""
        return f"s3://{self.subject.pipeline.upload_bucket}/{self.key}"

    @property
    def deletion(self) -> str:
        """The command that deletes the uploaded version."""
        return (
            f"aws s3api delete-object --bucket {self.subject.pipeline.upload_bucket}"
            f" --key {self.key} --version-id {self.version}"
        )

    def follow(self, way: Iterable[tuple[str, Callable[[], str]]]) -> None:
        """Wait for one station after the other, until one is not reached.

        An interruption ends it as the deadline does, so that what is left is known.

        Args:
            way: The stations by name, each with the function that waits for it and returns what it
                saw there.
        """
        for name, reach in way:
            self.progress(name)
            try:
                with explained(self.subject.connection):
                    detail, reached = reach(), True
            except LabelctlError as error:
                detail, reached = str(error), False
            except KeyboardInterrupt:
                detail, reached = "interrupted", False
            self.stations.append(Station(name, time.monotonic() - self._started, detail, reached))
            if not reached:
                return

    def require_empty_queue(self) -> None:
        """Refuse to start while uploads wait.

        Raises:
            LabelctlError: If uploads wait, which a run would label.
        """
        waiting = self.waiting()
        if waiting:
            message = (
                f"{waiting} messages wait on the intake queue: the run of a smoke test would label"
                " them. Wait for the next scheduled run"
            )
            raise LabelctlError(message)

    def waiting(self) -> int:
        """Return how many messages the intake queue holds."""
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.subject.client("sqs").get_queue_attributes(
            QueueUrl=self.subject.pipeline.intake_url, AttributeNames=list(names)
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def upload(self, body: bytes) -> str:
        """Upload the object; return its address."""
        answer = self.subject.client("s3").put_object(
            Bucket=self.subject.pipeline.upload_bucket, Key=self.key, Body=body
        )
        self.version = answer["VersionId"]
        return self.uri

    def arrive(self) -> str:
        """Wait until the queue holds the object's message."""

        def arrived() -> str | None:
            return f"{self.waiting()} message" if self.waiting() else None

        return self.wait(arrived, self._why_not_arrived)

    def _why_not_arrived(self) -> str:
        found = self.first_problem(intake.CHECKS)
        return found or "no event reached the intake queue, and no check of the way finds why"

    def first_problem(self, checks: Iterable[Check]) -> str:
        """Return the first problem that checks find, with its fix; empty if they find none."""
        for check in checks:
            for problem in check.problems(self.subject):
                return f"{check.name}: {problem.cause}. Fix: {problem.fix}"
        return ""

    def start_run(self, name: str) -> str:
        """Start an execution; return its ARN."""
        answer = self.subject.client("stepfunctions").start_execution(
            stateMachineArn=self.subject.pipeline.state_machine_arn, name=name, input="{}"
        )
        return str(answer["executionArn"])

    def still_runs(self, execution: str) -> bool:
        """Return whether an execution still runs.

        Raises:
            SmokeError: If it ended without success.
        """
        answer = self.subject.client("stepfunctions").describe_execution(
            executionArn=execution, includedData="METADATA_ONLY"
        )
        status = answer["status"]
        if status in ("RUNNING", "PENDING_REDRIVE"):
            return True
        if status != "SUCCEEDED":
            message = (
                f"{execution} is {status} in the task {self.last_task(execution)}; see its history:"
                " aws stepfunctions get-execution-history --reverse-order"
                f" --execution-arn {execution}"
            )
            raise SmokeError(message)
        return False

    def last_task(self, execution: str) -> str:
        """Return the task that an execution entered last."""
        answer = self.subject.client("stepfunctions").get_execution_history(
            executionArn=execution, reverseOrder=True, includeExecutionData=False
        )
        # The states of type Fail, which end an execution, do not tell which task failed.
        tasks = (
            event["stateEnteredEventDetails"]["name"]
            for event in answer["events"]
            if event["type"] == "TaskStateEntered"
        )
        return next(tasks, "none")

    def wait(self, look: Callable[[], str | None], why: Callable[[], str]) -> str:
        """Look until something is seen, or the deadline has passed.

        Args:
            look: Returns what it sees, None for nothing yet.
            why: Returns why nothing was seen.

        Raises:
            SmokeError: After the deadline.
        """
        while time.monotonic() - self._started < self.deadline_seconds:
            seen = look()
            if seen is not None:
                return seen
            time.sleep(_WAIT_SECONDS)
        message = f"not reached within {self.deadline_seconds:.0f} s: {why()}"
        raise SmokeError(message)

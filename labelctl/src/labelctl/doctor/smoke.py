"""The smoke test: an object that is not an item travels through the deployed pipeline.

A folder marker, which is an empty object whose key ends with a slash, takes the way of every upload
and is dropped by the run that receives it. So nothing is labeled, and nothing is paid to workers.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.doctor import intake
from labelctl.doctor.lookups import found
from labelctl.error_messages import LabelctlError, explained
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.states import Drop, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelctl.doctor.checks import Subject

PREFIX = "labelctl-smoke/"

_WAIT_SECONDS = 2.0


class SmokeError(LabelctlError):
    """A station was not reached. The text has the cause and the way out."""


@dataclass(frozen=True, slots=True)
class Station:
    """A station that the marker reached, or the one that it did not reach.

    Attributes:
        name: Name of the station.
        seconds: Seconds since the start of the test.
        detail: What was seen there, or why the marker did not get there.
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


def smoke_test(
    subject: Subject, name: str, deadline_seconds: float, progress: Callable[[str], None]
) -> Smoke:
    """Send a marker through a pipeline, follow it to the run's report, and remove it.

    Args:
        subject: The pipeline.
        name: Name of the test: it names the marker and the execution.
        deadline_seconds: Seconds after which the test gives up.
        progress: Called with the name of each station before it is waited for.

    Raises:
        LabelctlError: If uploads wait, which a run would label.
    """
    smoke = Smoke(subject, name, deadline_seconds, progress)
    smoke.run()
    return smoke


@dataclass(slots=True)
class Smoke:
    """One smoke test.

    Attributes:
        subject: The pipeline.
        name: Name of the test: it names the marker and the execution.
        deadline_seconds: Seconds after which the test gives up.
        progress: Called with the name of each station before it is waited for.
        stations: The stations so far.
        left: What the test could not remove, each with the way to remove it.
    """

    subject: Subject
    name: str
    deadline_seconds: float
    progress: Callable[[str], None]
    stations: list[Station] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)
    _version: str = ""

    @property
    def passed(self) -> bool:
        """Whether every station was reached."""
        return all(station.reached for station in self.stations)

    @property
    def key(self) -> str:
        """The marker's key."""
        return f"{PREFIX}{self.name}/"

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "schema": "labelctl-smoke/1",
            "pipeline": self.subject.pipeline.name,
            "marker": f"s3://{self.subject.pipeline.upload_bucket}/{self.key}",
            "passed": self.passed,
            "stations": [station.fields() for station in self.stations],
            "left": self.left,
        }

    def run(self) -> None:
        """Send the marker and follow it to the run's report; then remove it.

        Raises:
            LabelctlError: If uploads wait, which a run would label.
        """
        self._require_empty_queue()
        try:
            for name, reach in self._way():
                self.progress(name)
                if not self._reach(name, reach):
                    break
        finally:
            self._remove_marker()

    def _require_empty_queue(self) -> None:
        waiting = self._waiting()
        if waiting:
            message = (
                f"{waiting} messages wait on the intake queue: the run of a smoke test would label"
                " them. Wait for the next scheduled run"
            )
            raise LabelctlError(message)

    def _way(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "upload", self._upload
        yield "queue", self._arrive
        execution = self.subject.arn(
            "states", f"execution:{self.subject.pipeline.name}:{self.name}"
        )
        yield "execution", lambda: self._execute(execution)
        yield "ledger", lambda: self._closed_run(execution)
        yield "report", lambda: self._report(execution)

    def _reach(self, name: str, reach: Callable[[], str]) -> bool:
        try:
            with explained(self.subject.connection):
                detail, reached = reach(), True
        except LabelctlError as error:
            detail, reached = str(error), False
        self.stations.append(Station(name, time.monotonic() - self._started, detail, reached))
        return reached

    def _upload(self) -> str:
        bucket = self.subject.pipeline.upload_bucket
        answer = self.subject.client("s3").put_object(Bucket=bucket, Key=self.key, Body=b"")
        self._version = answer["VersionId"]
        return f"s3://{bucket}/{self.key}"

    def _arrive(self) -> str:
        def arrived() -> str | None:
            return f"{self._waiting()} message" if self._waiting() else None

        return self._wait(arrived, self._why_not_arrived)

    def _why_not_arrived(self) -> str:
        for check in intake.CHECKS:
            for problem in check.problems(self.subject):
                return f"{check.name}: {problem.cause}. Fix: {problem.fix}"
        return "no event reached the intake queue, and no check of the way finds why"

    def _execute(self, arn: str) -> str:
        client = self.subject.client("stepfunctions")
        client.start_execution(
            stateMachineArn=self.subject.pipeline.state_machine_arn, name=self.name, input="{}"
        )

        def ended() -> str | None:
            status = client.describe_execution(executionArn=arn, includedData="METADATA_ONLY")[
                "status"
            ]
            if status in ("RUNNING", "PENDING_REDRIVE"):
                return None
            if status != "SUCCEEDED":
                raise SmokeError(self._why_failed(arn, status))
            return arn

        return self._wait(ended, lambda: f"{arn} is in the task {self._last_task(arn)}")

    def _why_failed(self, arn: str, status: str) -> str:
        return f"{arn} is {status} in the task {self._last_task(arn)}; see its history"

    def _last_task(self, arn: str) -> str:
        answer = self.subject.client("stepfunctions").get_execution_history(
            executionArn=arn, reverseOrder=True, includeExecutionData=False
        )
        # The states of type Fail, which end an execution, do not tell which task failed.
        tasks = (
            event["stateEnteredEventDetails"]["name"]
            for event in answer["events"]
            if event["type"] == "TaskStateEntered"
        )
        return next(tasks, "none")

    def _run_id(self, execution: str) -> str:
        answer = self.subject.client("stepfunctions").describe_execution(
            executionArn=execution, includedData="METADATA_ONLY"
        )
        return identity.run_id(execution, answer["startDate"].isoformat())

    def _closed_run(self, execution: str) -> str:
        runs = RunLedger(self.subject.client("dynamodb"), self.subject.pipeline.ledger_table)
        run_id = self._run_id(execution)
        run = runs.find(run_id)
        if run is None:
            message = (
                f"{execution} received no message: another execution was faster. Repeat the test"
            )
            raise SmokeError(message)
        if run.state is not RunState.CLOSED:
            message = f"run {run_id} is {run.state.value}; see labelctl status"
            raise SmokeError(message)
        return f"run {run_id} is closed"

    def _report(self, execution: str) -> str:
        key = f"runs/{self._run_id(execution)}/report.json"
        bucket = self.subject.deployed.output_bucket
        answer = found(self.subject.client("s3").get_object, Bucket=bucket, Key=key)
        if answer is None:
            message = f"s3://{bucket}/{key} does not exist"
            raise SmokeError(message)
        report = json.loads(answer["Body"].read())
        if not report["dropped"].get(Drop.FOLDER_MARKER):
            message = f"s3://{bucket}/{key} does not count the marker: another run received it"
            raise SmokeError(message)
        return f"s3://{bucket}/{key}"

    def _remove_marker(self) -> None:
        if not self._version:
            return
        bucket = self.subject.pipeline.upload_bucket
        try:
            with explained(self.subject.connection):
                self.subject.client("s3").delete_object(
                    Bucket=bucket, Key=self.key, VersionId=self._version
                )
        except LabelctlError as error:
            self.left.append(
                f"the marker ({error}); aws s3api delete-object --bucket {bucket} --key {self.key}"
                f" --version-id {self._version}"
            )
        if not self.passed and self._waiting():
            self.left.append("the marker's message on the intake queue; the next run drops it")

    def _waiting(self) -> int:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        answer = self.subject.client("sqs").get_queue_attributes(
            QueueUrl=self.subject.pipeline.intake_url, AttributeNames=list(names)
        )
        return sum(int(answer["Attributes"][name]) for name in names)

    def _wait(self, look: Callable[[], str | None], why: Callable[[], str]) -> str:
        while time.monotonic() - self._started < self.deadline_seconds:
            seen = look()
            if seen is not None:
                return seen
            time.sleep(_WAIT_SECONDS)
        message = f"not reached within {self.deadline_seconds:.0f} s: {why()}"
        raise SmokeError(message)

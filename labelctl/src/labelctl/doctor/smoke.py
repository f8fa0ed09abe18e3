"""The smoke test: an object that is not an item travels through the deployed pipeline.

A folder marker, which is an empty object whose key ends with a slash, takes the way of every upload
and is dropped by the run that receives it. So nothing is labeled, and nothing is paid to workers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.doctor.lookups import found
from labelctl.doctor.stations import PREFIX, Follower, SmokeError
from labelctl.error_messages import LabelctlError, explained
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.states import Drop, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelctl.doctor.checks import Subject
    from labelctl.doctor.stations import Station


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
    smoke = Smoke(name, Follower(subject, f"{PREFIX}{name}/", deadline_seconds, progress))
    smoke.run()
    return smoke


@dataclass(slots=True)
class Smoke:
    """One smoke test.

    Attributes:
        name: Name of the test: it names the marker and the execution.
        follower: Follows the marker.
        left: What the test could not remove, each with the way to remove it.
    """

    name: str
    follower: Follower
    left: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether every station was reached."""
        return self.follower.passed

    @property
    def stations(self) -> list[Station]:
        """The stations so far."""
        return self.follower.stations

    @property
    def _subject(self) -> Subject:
        return self.follower.subject

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "schema": "labelctl-smoke/1",
            "pipeline": self._subject.pipeline.name,
            "marker": self.follower.uri,
            "passed": self.passed,
            "stations": [station.fields() for station in self.stations],
            "left": self.left,
        }

    def run(self) -> None:
        """Send the marker and follow it to the run's report; then remove it.

        Raises:
            LabelctlError: If uploads wait, which a run would label.
        """
        self.follower.require_empty_queue()
        try:
            self.follower.follow(self._way())
        finally:
            self._remove_marker()

    def _way(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "upload", lambda: self.follower.upload(b"")
        yield "queue", self.follower.arrive
        machine = self._subject.pipeline.name
        execution = self._subject.arn("states", f"execution:{machine}:{self.name}")
        yield "execution", lambda: self._execute(execution)
        yield "ledger", lambda: self._closed_run(execution)
        yield "report", lambda: self._report(execution)

    def _execute(self, arn: str) -> str:
        self.follower.start_run(self.name)

        def ended() -> str | None:
            return None if self.follower.still_runs(arn) else arn

        return self.follower.wait(
            ended, lambda: f"{arn} is in the task {self.follower.last_task(arn)}"
        )

    def _run_id(self, execution: str) -> str:
        answer = self._subject.client("stepfunctions").describe_execution(
            executionArn=execution, includedData="METADATA_ONLY"
        )
        return identity.run_id(execution, answer["startDate"].isoformat())

    def _closed_run(self, execution: str) -> str:
        runs = RunLedger(self._subject.client("dynamodb"), self._subject.pipeline.ledger_table)
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
        bucket = self._subject.deployed.output_bucket
        answer = found(self._subject.client("s3").get_object, Bucket=bucket, Key=key)
        if answer is None:
            message = f"s3://{bucket}/{key} does not exist"
            raise SmokeError(message)
        report = json.loads(answer["Body"].read())
        if not report["dropped"].get(Drop.FOLDER_MARKER):
            message = (
                f"s3://{bucket}/{key} does not count the marker: another run received it. Repeat"
                " the test"
            )
            raise SmokeError(message)
        return f"s3://{bucket}/{key}"

    def _remove_marker(self) -> None:
        if not self.follower.version:
            return
        bucket = self._subject.pipeline.upload_bucket
        try:
            with explained(self._subject.connection):
                self._subject.client("s3").delete_object(
                    Bucket=bucket, Key=self.follower.key, VersionId=self.follower.version
                )
        except LabelctlError as error:
            self.left.append(f"the marker ({error}); {self.follower.deletion}")
        if not self.passed and self.follower.waiting():
            self.left.append("the marker's message on the intake queue; the next run drops it")

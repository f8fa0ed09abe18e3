"""The smoke test that is paid for: people label one object, whose label becomes a feature record.

The object is an upload like any other, so that every promise of the pipeline holds for it: it is an
item, labeled once, and stays in the ledger and in the feature group.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.cost.estimates import object_fee
from labelctl.doctor import labeling
from labelctl.doctor.lookups import found
from labelctl.doctor.smoke_object import object_to_label
from labelctl.doctor.stations import PREFIX, Follower, SmokeError
from labeling_lambdas.aws.item_rows import item_row
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.states import ItemState, JobStatus, RunState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelctl.doctor.checks import Subject
    from labelctl.doctor.stations import Station
    from labeling_lambdas.domain.states import ItemRow


def announcement(subject: Subject) -> str:
    """Return what the test creates, who works on it, and what it costs."""
    jobs = subject.deployed.jobs
    teams = " and then ".join(f"{job.work_team_arn} ({stage})" for stage, job in jobs.items())
    fee = f"${object_fee(len(jobs)):.2f} of Ground Truth's fee, and " if jobs else ""
    bucket = subject.pipeline.upload_bucket
    return (
        f"This uploads one object to s3://{bucket}/{PREFIX} and starts a run of"
        f" {subject.pipeline.name}. Asked to work on it: {teams or 'people in Label Studio'}."
        f" Estimated cost: {fee}what you pay the workers. The object becomes an item with a"
        " feature record like any other."
    )


def smoke_label_test(
    subject: Subject, name: str, deadline_seconds: float, progress: Callable[[str], None]
) -> SmokeLabel:
    """Have one object labeled, and follow it to its feature record and the run's report.

    Args:
        subject: The pipeline.
        name: Name of the test: it names the object and the execution.
        deadline_seconds: Seconds after which the test gives up. People need time.
        progress: Called with the name of each station before it is waited for.

    Raises:
        LabelctlError: If uploads wait, which the run would have labeled too, or if the pipeline
            ignores the object.
    """
    key, body = object_to_label(subject.pipeline, name)
    test = SmokeLabel(name, body, Follower(subject, key, deadline_seconds, progress))
    test.run()
    return test


@dataclass(slots=True)
class SmokeLabel:
    """One smoke test with a label.

    Attributes:
        name: Name of the test: it names the object and the execution.
        body: Content of the object.
        follower: Follows the object.
        record: The feature record, once it is stored.
        left: What is in the account because of the test, each with the way to remove it.
    """

    name: str
    body: bytes
    follower: Follower
    record: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    _execution: str = ""
    _run_id: str = ""

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

    @property
    def _runs(self) -> RunLedger:
        return RunLedger(self._subject.client("dynamodb"), self._subject.pipeline.ledger_table)

    @property
    def _job_name(self) -> str:
        return identity.labeling_job_name(
            self._subject.pipeline.name, self._run_id, identity.LABEL_STAGE
        )

    def fields(self) -> dict[str, Any]:
        """Return everything as JSON-ready fields."""
        return {
            "schema": "labelctl-smoke-label/1",
            "pipeline": self._subject.pipeline.name,
            "object": self.follower.uri,
            "version_id": self.follower.version,
            "run_id": self._run_id,
            "passed": self.passed,
            "stations": [station.fields() for station in self.stations],
            "record": self.record,
            "left": self.left,
        }

    def run(self) -> None:
        """Upload the object and follow it.

        Raises:
            LabelctlError: If uploads wait, which the run would have labeled too.
        """
        self.follower.require_empty_queue()
        try:
            self.follower.follow(self._way())
        finally:
            self.left.extend(self._remainders())

    def _way(self) -> Iterator[tuple[str, Callable[[], str]]]:
        yield "upload", lambda: self.follower.upload(self.body)
        yield "queue", self.follower.arrive
        yield "execution", self._claim
        yield "labeling_job", self._job
        yield "answer", self._answer
        yield "record", self._stored
        yield "report", self._report

    def _item(self) -> ItemRow | None:
        # A file of texts is one item, or has one for each line.
        for line in (1, None) if self._subject.pipeline.splits_uploads else (None,):
            item_id = identity.item_id(
                self._subject.pipeline.upload_bucket,
                self.follower.key,
                self.follower.version,
                line,
            )
            row = self._runs.row(f"ITEM#{item_id}")
            if row is not None:
                return item_row(row)
        return None

    def _claim(self) -> str:
        self._execution = self.follower.start_run(self.name)

        def claimed() -> str | None:
            item = self._item()
            if item is not None:
                self._run_id = item.run_id
                return f"run {item.run_id} has claimed the item"
            if not self.follower.still_runs(self._execution):
                machine = self._subject.pipeline.state_machine_arn
                message = (
                    f"{self._execution} received no message; start another one: aws stepfunctions"
                    f" start-execution --state-machine-arn {machine}"
                )
                raise SmokeError(message)
            return None

        return self.follower.wait(claimed, self._where)

    def _job(self) -> str:
        jobs = LabelingJobs(self._subject.client("sagemaker"))

        def created() -> str | None:
            self._require_open_item()
            return self._job_name if jobs.describe(self._job_name) is not None else None

        return self.follower.wait(created, self._where)

    def _answer(self) -> str:
        jobs = LabelingJobs(self._subject.client("sagemaker"))

        def answered() -> str | None:
            job = jobs.describe(self._job_name)
            if job is None or not job.ended:
                return None
            if job.status != JobStatus.COMPLETED or not job.counters.get("TotalLabeled"):
                reason = job.failure_reason or "Ground Truth states no reason"
                message = f"{job.name} is {job.status} without a label: {reason}"
                raise SmokeError(message)
            return f"{job.name} is {job.status}"

        return self.follower.wait(
            answered, lambda: f"nobody has answered; {self._job_name} waits for the work team"
        )

    def _stored(self) -> str:
        def stored() -> str | None:
            item = self._require_open_item()
            return item.run_id if item.state is ItemState.STORED else None

        self.follower.wait(stored, self._where)
        self.record = self._stored_record()
        return f"{self._subject.deployed.feature_group} has the record {self.record['source_ref']}"

    def _require_open_item(self) -> ItemRow:
        item = self._item()
        if item is None:
            message = "the ledger has no item of the object any more"
            raise SmokeError(message)
        if item.state in (ItemState.RETURNED, ItemState.DEAD_LETTERED):
            problem = self.follower.first_problem(labeling.CHECKS)
            message = (
                f"run {item.run_id} has {item.state.value.replace('_', ' ')} the item:"
                f" {item.reason}. {problem or f'The history of {self._execution} has the error'}"
            )
            raise SmokeError(message)
        return item

    def _stored_record(self) -> dict[str, str]:
        run = self._runs.find(self._run_id)
        folder = run.plan.get("folder", "") if run is not None else ""
        # The run has one item, so its records are in one file. The feature group itself shows a
        # record at once only if it has an online store.
        for line in self._file(f"{folder}/store-00000.jsonl").splitlines():
            record: dict[str, str] = json.loads(line)["record"]
            if record["source_ref"].startswith(self.follower.uri):
                return record
        message = f"the plan of run {self._run_id} has no record of {self.follower.uri}"
        raise SmokeError(message)

    def _file(self, name: str) -> str:
        bucket = self._subject.deployed.output_bucket
        key = f"runs/{self._run_id}/{name}"
        answer = found(self._subject.client("s3").get_object, Bucket=bucket, Key=key)
        if answer is None:
            message = f"s3://{bucket}/{key} does not exist"
            raise SmokeError(message)
        return str(answer["Body"].read().decode())

    def _report(self) -> str:
        def closed() -> str | None:
            run = self._runs.find(self._run_id)
            if run is not None and run.state is RunState.CLOSED:
                return run.run_id
            self.follower.still_runs(self._execution)
            return None

        self.follower.wait(closed, self._where)
        report = json.loads(self._file("report.json"))
        return f"run {self._run_id} ended as {report['outcome']}: {report['stored']} stored"

    def _where(self) -> str:
        return f"{self._execution} is in the task {self.follower.last_task(self._execution)}"

    def _remainders(self) -> Iterator[str]:
        if not self.follower.version:
            return
        if self.record:
            group = self._subject.deployed.feature_group
            yield (
                f"the record {self.record['source_ref']} in {group}, for queries to leave out; see"
                " docs/labelctl.md"
            )
            yield f"the object, which nothing needs any more: {self.follower.deletion}"
            return
        reached = [station.name for station in self.stations if station.reached]
        if "answer" in reached:
            yield f"run {self._run_id}, which goes on without this command: labelctl status"
        elif "labeling_job" in reached:
            yield (
                f"run {self._run_id}, which goes on without this command; to ask no worker any"
                f" more: aws sagemaker stop-labeling-job --labeling-job-name {self._job_name}"
            )
        else:
            yield "a message, if it is on the intake queue: the next run has the object labeled"
        yield f"the object; deleted, no later run has it labeled: {self.follower.deletion}"

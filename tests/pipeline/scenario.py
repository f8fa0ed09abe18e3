"""What a test does with the deployed pipeline: upload, make things go wrong, run, look, audit."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.dynamodb.types import TypeDeserializer

from labeling_sandbox.demo.pictures import digits
from tests.pipeline.deployment import MAX_ATTEMPTS
from tests.terraform_module import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.auditor import Findings, Upload
    from labeling_sandbox.demo.pipeline import Execution, Pipeline
    from tests.pipeline.deployment import Deployment

Row = dict[str, Any]
T = TypeVar("T")

RUN_SECONDS = 90.0
WAIT_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_deserialize = TypeDeserializer().deserialize
_DIGITS = digits(ROOT / "sandbox" / "data", 40)
_BODIES = {file.key: file.body for file in _DIGITS.files}


@dataclass
class Scenario:
    """One scenario.

    Attributes:
        deployment: The pipeline it happens to.
        name: First part of its keys.
        truth: The right class of each uploaded object, by URI.
    """

    deployment: Deployment
    name: str
    truth: dict[str, str] = field(default_factory=dict)

    @property
    def pipeline(self) -> Pipeline:
        return self.deployment.pipeline

    def client(self, service: str) -> Any:
        """An administrator's client."""
        return self.deployment.client(service)

    def output(self, name: str) -> str:
        """An output of the module."""
        return str(self.pipeline.outputs[name])

    def upload(self, count: int, folder: str = "inbox") -> list[Upload]:
        """Upload pictures of digits, the digit 0 among every ten."""
        return self.upload_keys([f"{folder}/digit {number}.png" for number in range(count)])

    def upload_keys(self, keys: Sequence[str]) -> list[Upload]:
        """Upload a picture under each key, and wait until their events are delivered."""
        items = _DIGITS.items
        shown = [items[position % len(items)] for position in range(len(keys))]
        bodies = [_BODIES[digit.key] for digit in shown]
        uploads = self.put(list(zip(keys, bodies, strict=True)))
        for upload, digit in zip(uploads, shown, strict=True):
            self.truth[upload.uri] = digit.label
        self.pipeline.control("workforce", {"truth": self.truth})
        return uploads

    def put(self, objects: Sequence[tuple[str, bytes]]) -> list[Upload]:
        """Upload objects of any content."""
        uploads = self.pipeline.upload(
            [(f"{self.name}/{key}", body) for key, body in objects], lambda: None
        )
        self.deployment.uploads += [it for it in uploads if not it.key.endswith("/")]
        self.pipeline.drain_events()
        return uploads

    def send(self, message: Mapping[str, Any] | str) -> None:
        """Put a message on the intake queue as the administrator."""
        body = message if isinstance(message, str) else json.dumps(message)
        self.client("sqs").send_message(QueueUrl=self.output("upload_queue_url"), MessageBody=body)

    def behave(self) -> None:
        """End every fault."""
        self.pipeline.control("workforce", {"reset": True, "truth": self.truth})
        self.pipeline.control("labeling-jobs/faults", {"reset": True})
        self.pipeline.control("feature-store/faults", {})
        self.pipeline.control("events/duplicate", {"every": 0})

    def workers(self, **behaviour: float) -> None:
        """Say how the workers of the next jobs behave."""
        self.pipeline.control("workforce", behaviour)

    def break_job(self, fault: str, count: int = 1) -> None:
        """Let the next labeling jobs suffer a fault."""
        self.pipeline.control("labeling-jobs/faults", {"next": fault, "count": count})

    def crash(self, step: str) -> int:
        """Kill the processes that a step's function runs in; return how many."""
        name = self.pipeline.outputs["function_arns"][step].rpartition(":")[2]
        return int(self.pipeline.control(f"functions/{name}/crash", {})["crashed"])

    def start(self) -> str:
        """Fire the schedule; return the execution's ARN."""
        return self.pipeline.fire_schedule()

    def start_together(self, count: int) -> list[str]:
        """Fire the schedule several times at once."""
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda _: self.start(), range(count)))

    def end_of(self, execution_arn: str) -> Execution:
        """Wait for an execution to end."""
        return self.pipeline.wait(execution_arn, deadline_seconds=RUN_SECONDS, look=lambda: None)

    def run(self) -> Execution:
        """Fire the schedule and wait for the end."""
        return self.end_of(self.start())

    def resume(self, run_id: str) -> Execution:
        """Resume a run by hand and wait for the end."""
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.output("state_machine_arn"),
            input=json.dumps({"resume_run": run_id}),
        )
        return self.end_of(started["executionArn"])

    def stop(self, execution_arn: str) -> None:
        """Stop an execution as an operator would."""
        self.client("stepfunctions").stop_execution(executionArn=execution_arn)

    def status_of(self, execution_arn: str) -> str:
        """The status of an execution."""
        client = self.client("stepfunctions")
        return str(client.describe_execution(executionArn=execution_arn)["status"])

    def executions_of(self, run_id: str) -> list[str]:
        """ARNs of the executions that resumed a run."""
        pages = self.client("stepfunctions").get_paginator("list_executions")
        found = pages.paginate(stateMachineArn=self.output("state_machine_arn"))
        arns = [entry["executionArn"] for page in found for entry in page["executions"]]
        return sorted(arn for arn in arns if arn.rpartition(":")[2].startswith(f"{run_id}-r"))

    def history_of(self, execution_arn: str) -> str:
        """An execution's history as text."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history")
        found = pages.paginate(executionArn=execution_arn)
        return json.dumps([event for page in found for event in page["events"]], default=str)

    def wait_for(self, what: str, look: Callable[[], T | None]) -> T:
        """Look again and again until something is there."""
        ends = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < ends:
            found = look()
            if found:
                return found
            time.sleep(_LOOK_SECONDS)
        message = f"{what}: not within {WAIT_SECONDS:.0f} s"
        raise AssertionError(message)

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
        return [by_source.get((it.key, it.version_id), {}) for it in uploads]

    def run_worked_on_by(self, execution_arn: str) -> str:
        """The run that an execution works on."""
        (run,) = [
            key.removeprefix("RUN#")
            for key, row in self.rows().items()
            if key.startswith("RUN#") and row["execution_arn"] == execution_arn
        ]
        return run

    def let_lease_pass(self, run_id: str) -> None:
        """Put the time until which a poll may still be claiming into the past."""
        self.client("dynamodb").update_item(
            TableName=self.output("ledger_table_name"),
            Key={"pk": {"S": f"RUN#{run_id}"}},
            UpdateExpression="SET lease_until = :past",
            ConditionExpression="lease_until > :past",
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
        )

    def jobs(self) -> list[Row]:
        """Every labeling job, the oldest first."""
        jobs: list[Row] = self.pipeline.control("labeling-jobs")
        return sorted(jobs, key=lambda job: str(job["created"]))

    def jobs_with(self, uploads: Sequence[Upload]) -> list[Row]:
        """The labeling jobs that had any of these items, the oldest first."""
        wanted = {row["pk"].removeprefix("ITEM#") for row in self.items(uploads) if row}
        return [job for job in self.jobs() if wanted & set(job["item_ids"])]

    def busy_job(self) -> Row:
        """Wait until workers have labeled something in a job that goes on, and return it."""

        def look() -> Row | None:
            for job in self.jobs():
                if job["status"] == "InProgress" and job["counters"]["TotalLabeled"]:
                    return job
            return None

        return self.wait_for("a job that workers label", look)

    def report_of(self, execution: Execution) -> Row:
        """The report of the run that an execution closed."""
        reports = self.pipeline.auditor().reports()
        (report,) = [it for it in reports if it["execution_arn"] == execution.arn]
        return report

    def dead_letters(self, uploads: Sequence[Upload]) -> dict[str, Row]:
        """The dead letters of uploads by key."""
        keys = {it.key for it in uploads}
        letters = self.audit().dead_letters
        return {
            letter["item"]["key"]: letter
            for letter in letters
            if "item" in letter and letter["item"]["key"] in keys
        }

    def audit(self) -> Findings:
        """Check every promise over all that was ever uploaded, and that nothing is broken."""
        self.pipeline.drain_events()
        auditor = replace(self.pipeline.auditor(), client=self.deployment.client)
        findings = auditor.audit(self.deployment.uploads, max_attempts=MAX_ATTEMPTS)
        assert not findings.violations, "\n".join(findings.violations)
        return findings

    def assert_stored(self, uploads: Sequence[Upload]) -> Findings:
        """Check that each upload is stored, once, with the right label."""
        findings = self.audit()
        for upload in uploads:
            record = findings.records.get(upload.uri, {})
            found = (findings.states[upload], record.get("label"), record.get("source_version_id"))
            wanted = ("stored", self.truth[upload.uri], upload.version_id)
            assert found == wanted, f"{upload}: {found}"
        return findings

    @cached_property
    def feature_names(self) -> set[str]:
        """The columns of the feature group."""
        described = self.client("sagemaker").describe_feature_group(
            FeatureGroupName=self.output("feature_group_name")
        )
        return {entry["FeatureName"] for entry in described["FeatureDefinitions"]}


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

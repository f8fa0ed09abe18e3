"""Scenarios in the sandbox, with the pipeline that Terraform has deployed."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_deployment.module import ROOT
from labeling_sandbox.demo.pictures import digits
from tests.pipeline import grants
from tests.pipeline.alarms import ringing
from tests.scenarios.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from labeling_sandbox.audit.auditor import Auditor
    from labeling_sandbox.audit.uploads import Upload
    from labeling_sandbox.demo.pipeline import Execution, Pipeline
    from tests.pipeline.deployment import Deployment
    from tests.scenarios.ending import Row

T = TypeVar("T")

# Only what never comes is waited for so long.
RUN_SECONDS = 600.0
WAIT_SECONDS = 600.0
_LOOK_SECONDS = 0.1
# So many come in order, 0 to 9 and again: other worlds know what the n-th of them shows.
_DIGITS = digits(ROOT / "harness" / "sandbox" / "data", 30)
_BODIES = {file.key: file.body for file in _DIGITS.files}


class SandboxScenario(Scenario):
    """A scenario that shares its pipeline with all others."""

    # Ten, as in the other world, take minutes: each schedule waits for the workflow's retries.
    failing_schedules = int(os.environ.get("FAILING_SCHEDULES", "2"))

    def __init__(self, deployment: Deployment, name: str) -> None:
        super().__init__(name)
        self.deployment = deployment

    @property
    def pipeline(self) -> Pipeline:
        return self.deployment.pipeline

    def client(self, service: str) -> Any:
        return self.deployment.client(service)

    def output(self, name: str) -> str:
        return str(self.pipeline.outputs[name])

    def auditor(self) -> Auditor:
        return replace(
            self.pipeline.auditor(), client=self.deployment.client, memory=self.deployment.memory
        )

    def upload_keys(self, keys: Sequence[str]) -> list[Upload]:
        items = _DIGITS.items
        shown = [items[position % len(items)] for position in range(len(keys))]
        bodies = [_BODIES[digit.key] for digit in shown]
        uploads = self.put(list(zip(keys, bodies, strict=True)))
        for upload, digit in zip(uploads, shown, strict=True):
            self.truth[upload.uri] = digit.label
        self.pipeline.control("workforce", {"truth": self.truth})
        return uploads

    def put(self, objects: Sequence[tuple[str, bytes]]) -> list[Upload]:
        uploads = self.pipeline.upload(
            [(f"{self.name}/{key}", body) for key, body in objects], lambda: None
        )
        kept = [upload for upload in uploads if not upload.key.endswith("/")]
        self.uploads += kept
        self.deployment.uploads += kept
        self.pipeline.drain_events()
        return uploads

    def duplicate_events(self, every: int) -> None:
        self.pipeline.control("events/duplicate", {"every": every})

    def send(self, message: Mapping[str, Any] | str) -> None:
        body = message if isinstance(message, str) else json.dumps(message)
        self.client("sqs").send_message(QueueUrl=self.output("upload_queue_url"), MessageBody=body)

    def redrive(self) -> None:
        sqs = self.client("sqs")
        source, destination = (
            sqs.get_queue_attributes(QueueUrl=self.output(name), AttributeNames=["QueueArn"])[
                "Attributes"
            ]["QueueArn"]
            for name in ("dead_letter_queue_url", "upload_queue_url")
        )
        sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)
        (task,) = sqs.list_message_move_tasks(SourceArn=source)["Results"]
        assert task["Status"] == "COMPLETED"

    def behave(self) -> None:
        """End every fault."""
        self.pipeline.control("workforce", {"reset": True, "truth": self.truth})
        self.pipeline.control("labeling-jobs/faults", {"reset": True})
        self.pipeline.control("feature-store/faults", {})
        self.pipeline.control("events/duplicate", {"every": 0})

    def workers(self, **behaviour: float) -> None:
        self.pipeline.control("workforce", behaviour)

    def let_expire(self, uploads: Sequence[Upload]) -> None:
        self.pipeline.control("workforce", {"expiring": [upload.uri for upload in uploads]})

    def break_job(self, fault: str, count: int = 1, name_ends: str = "") -> None:
        faults = {"next": fault, "count": count, "name_ends": name_ends}
        self.pipeline.control("labeling-jobs/faults", faults)

    def refuse_records(self, rate: float, code: str = "InternalFailure") -> None:
        faults = {
            "put_record_failure_rate": rate,
            "error_code": code,
            "unprocessed_rate": 0.1 if 0 < rate < 1 else 0,
            "seed": 3,
        }
        self.pipeline.control("feature-store/faults", faults)

    def without(self, step: str, action: str) -> AbstractContextManager[None]:
        return grants.without(self.deployment, step, action)

    def assert_denied(self, execution: Execution, action: str) -> None:
        assert f"to perform: {action}" in self.history_of(execution.arn)

    def assert_alarmed(self, ended: Sequence[Execution]) -> None:
        for execution in ended:
            assert ringing(self.deployment, "failed-executions", [execution.arn])

    def start(self, state_input: Row | None = None) -> str:
        if state_input is None:
            return self.pipeline.fire_schedule()
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.output("state_machine_arn"), input=json.dumps(state_input)
        )
        return str(started["executionArn"])

    def start_together(self, count: int) -> list[str]:
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(lambda _: self.start(), range(count)))

    def start_that_times_out(self) -> str:
        return self._start_and_time_out("execution")

    def start_that_stops_waiting(self) -> str:
        return self._start_and_time_out("waiting states")

    def _start_and_time_out(self, what: str) -> str:
        started = self.start()
        self.busy_job()
        timed_out = {"execution_arn": started, "what": what}
        self.pipeline.control("executions/time-out", timed_out)
        return started

    def die_while_polling(self, uploads: Sequence[Upload], *, with_function: bool) -> str:
        started = self.start()
        self.wait_for(
            "a claim",
            lambda: any(row.get("item_state") == "claimed" for row in self.items(uploads)),
        )
        self.stop(started)
        if with_function:
            name = self.pipeline.outputs["function_arns"]["poll_queue"].rpartition(":")[2]
            assert self.pipeline.control(f"functions/{name}/crash", {})["crashed"]
        return started

    def end_of(self, execution_arn: str) -> Execution:
        return self.pipeline.wait(execution_arn, deadline_seconds=RUN_SECONDS, look=lambda: None)

    def stop(self, execution_arn: str) -> None:
        self.client("stepfunctions").stop_execution(executionArn=execution_arn)

    def status_of(self, execution_arn: str) -> str:
        client = self.client("stepfunctions")
        return str(client.describe_execution(executionArn=execution_arn)["status"])

    def executions_of(self, run_id: str) -> list[str]:
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
        ends = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < ends:
            found = look()
            if found:
                return found
            time.sleep(_LOOK_SECONDS)
        message = f"{what}: not within {WAIT_SECONDS:.0f} s"
        raise AssertionError(message)

    def jobs(self) -> list[Row]:
        jobs: list[Row] = self.pipeline.control("labeling-jobs")
        return sorted(jobs, key=lambda job: str(job["created"]))

    def busy_job(self) -> Row:
        def look() -> Row | None:
            for job in self.jobs():
                if job["status"] == "InProgress" and job["counters"]["TotalLabeled"]:
                    return job
            return None

        return self.wait_for("a job that workers label", look)

    def let_lease_pass(self, run_id: str) -> None:
        self.client("dynamodb").update_item(
            TableName=self.output("ledger_table_name"),
            Key={"pk": {"S": f"RUN#{run_id}"}},
            UpdateExpression="SET lease_until = :past",
            ConditionExpression="lease_until > :past",
            ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
        )

    def messages_waiting(self) -> int:
        return self.pipeline.messages_waiting()

    def feature_names(self) -> set[str]:
        described = self.client("sagemaker").describe_feature_group(
            FeatureGroupName=self.output("feature_group_name")
        )
        return {entry["FeatureName"] for entry in described["FeatureDefinitions"]}

    def everything_uploaded(self) -> list[Upload]:
        return self.deployment.uploads

    def settle_events(self) -> None:
        self.pipeline.drain_events()

"""A deployed pipeline, with the operations of an operator."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from labeling_sandbox.audit.auditor import Auditor, Resources
from labeling_sandbox.audit.uploads import Upload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from labeling_sandbox.server import Sandbox

_UPLOAD_THREADS = 8
_LOOK_SECONDS = 0.5
_DELIVERY_SECONDS = 60
_RUNNING = "RUNNING"


class PipelineError(Exception):
    """The pipeline did not do what was requested; the message is one line."""


@dataclass(frozen=True)
class Execution:
    """A finished execution.

    Attributes:
        arn: Its ARN.
        status: Step Functions' status.
        error: Name of the error, empty if it succeeded.
        steps: Seconds per state, in the order in which they were entered.
        events: Number of history events.
    """

    arn: str
    status: str
    error: str
    steps: dict[str, float]
    events: int


@dataclass(frozen=True)
class Pipeline:
    """Works with a pipeline that was deployed into a sandbox.

    Attributes:
        sandbox: The sandbox.
        outputs: The module's outputs by name.
    """

    sandbox: Sandbox
    outputs: Mapping[str, Any]

    def create_work_teams(self) -> None:
        """Create the private work teams that the pipeline was deployed with, for `labelctl doctor`.

        Simulated workers label whether there are teams or not.
        """
        name = self.outputs["state_machine_arn"].rpartition(":")[2]
        parameter = self.sandbox.client("ssm").get_parameter(Name=f"/{name}/resources")
        jobs = json.loads(parameter["Parameter"]["Value"])["jobs"]
        for arn in sorted({job["workteam_arn"] for job in jobs.values() if job}):
            self.sandbox.client("sagemaker").create_workteam(
                WorkteamName=arn.rpartition("/")[2],
                Description="Simulated workers.",
                MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["workers"]}}],
            )

    def control(self, path: str, body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """Call one of the sandbox's control routes, with POST if there is a body.

        Raises:
            PipelineError: If the route refuses.
        """
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own address
            f"{self.sandbox.endpoint}/sandbox/{quote(path)}", data=data
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            message = f"the sandbox refuses {path}: {error.read().decode(errors='replace')}"
            raise PipelineError(message) from error

    def auditor(self) -> Auditor:
        """Return an auditor of this pipeline."""
        outputs = self.outputs
        resources = Resources(
            ledger_table=outputs["ledger_table_name"],
            intake_queue_url=outputs["upload_queue_url"],
            dead_letter_queue_url=outputs["dead_letter_queue_url"],
            output_bucket=outputs["output_bucket_name"],
            feature_group=outputs["feature_group_name"],
        )
        return Auditor(self.sandbox.client, self.control, resources)

    def upload(
        self, objects: Sequence[tuple[str, bytes]], progress: Callable[[], None]
    ) -> list[Upload]:
        """Put objects into the upload bucket, each a new version of its key.

        Args:
            objects: Keys and contents.
            progress: Called after each object.
        """
        s3 = self.sandbox.client("s3")
        bucket = self.outputs["upload_bucket_name"]

        def put(entry: tuple[str, bytes]) -> Upload:
            key, body = entry
            answer = s3.put_object(Bucket=bucket, Key=key, Body=body)
            progress()
            return Upload(bucket, key, answer["VersionId"])

        with ThreadPoolExecutor(_UPLOAD_THREADS) as threads:
            return list(threads.map(put, objects))

    def read(self, uri: str) -> bytes:
        """Return the content of an object by its ``s3://`` URI."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = self.sandbox.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def drain_events(self) -> None:
        """Wait until every event has reached its targets, and functions have processed theirs.

        Raises:
            PipelineError: If some were not delivered.
        """
        if not self.control("events/drain", {"deadline_seconds": _DELIVERY_SECONDS})["drained"]:
            message = f"events are still under way after {_DELIVERY_SECONDS} s"
            raise PipelineError(message)
        undelivered = self.control("undelivered")
        if undelivered:
            message = f"{len(undelivered)} events were not delivered, the first: {undelivered[0]}"
            raise PipelineError(message)

    def messages_waiting(self) -> int:
        """Return how many messages the intake queue holds, in flight or not."""
        counts = self.sandbox.client("sqs").get_queue_attributes(
            QueueUrl=self.outputs["upload_queue_url"],
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
            ],
        )["Attributes"]
        return sum(int(count) for count in counts.values())

    def fire_schedule(self) -> str:
        """Start an execution as the scheduler does; return its ARN."""
        name = self.outputs["schedule_name"]
        answer = self.control(f"schedules/{name}/fire", {})
        return str(answer["execution_arn"])

    def wait(
        self, execution_arn: str, *, deadline_seconds: float, look: Callable[[], None]
    ) -> Execution:
        """Wait for an execution to end.

        Args:
            execution_arn: The execution.
            deadline_seconds: How long to wait at most.
            look: Called from time to time.

        Raises:
            PipelineError: If it does not end in time.
        """
        client = self.sandbox.client("stepfunctions")
        ends = time.monotonic() + deadline_seconds
        while time.monotonic() < ends:
            described = client.describe_execution(executionArn=execution_arn)
            if described["status"] != _RUNNING:
                return _execution(described, self._history(execution_arn))
            look()
            time.sleep(_LOOK_SECONDS)
        message = f"{execution_arn} was still running after {deadline_seconds:.0f} s"
        raise PipelineError(message)

    def _history(self, execution_arn: str) -> list[dict[str, Any]]:
        pages = self.sandbox.client("stepfunctions").get_paginator("get_execution_history")
        found = pages.paginate(executionArn=execution_arn)
        return [event for page in found for event in page["events"]]

    def counters(self) -> dict[str, int]:
        """Return the label counters of the newest labeling job; empty if there is none."""
        jobs = sorted(self.control("labeling-jobs"), key=lambda job: str(job["created"]))
        return dict(jobs[-1]["counters"]) if jobs else {}

    def function_calls(self) -> int:
        """Return how many AWS calls the functions made since the counts were reset."""
        roles = {
            str(arn).rpartition(":")[2] for arn in dict(self.outputs["function_arns"]).values()
        }
        return sum(
            entry["count"]
            for entry in self.control("calls")["calls"]
            if any(entry["caller"].startswith(role) for role in roles)
            and entry["service"] not in ("logs", "sts")
        )


def _execution(described: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> Execution:
    return Execution(
        arn=described["executionArn"],
        status=described["status"],
        error=described.get("error", ""),
        steps=_seconds_per_state(history),
        events=len(history),
    )


def _seconds_per_state(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    entered: dict[str, datetime] = {}
    seconds: dict[str, float] = defaultdict(float)
    for event in history:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            entered[name] = event["timestamp"]
            seconds.setdefault(name, 0.0)
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            seconds[name] += (event["timestamp"] - entered[name]).total_seconds()
    return dict(seconds)

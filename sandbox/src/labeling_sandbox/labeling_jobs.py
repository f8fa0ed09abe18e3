"""A labeling job: it reads its input as the labeling role, lets the workers work, and writes."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.utilities.utils import get_partition

from labeling_sandbox import image_files, output_lines
from labeling_sandbox.answers.task import Answer, Failure, Outcome, Task
from labeling_sandbox.labeling_inputs import (
    InputError,
    check_template,
    read_categories,
    read_manifest,
    split_uri,
)
from labeling_sandbox.labeling_requests import task_suffix
from labeling_sandbox.role_clients import Client, client_as
from labeling_sandbox.task_kinds import KINDS
from labeling_sandbox.workforce import Workforce, work_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.answers.task import Category
    from labeling_sandbox.server import Sandbox

PRINCIPAL = "sagemaker.amazonaws.com"

_REASON_CHARACTERS = 1024
_INITIALIZING_SECONDS = 0.02
_DESCRIBED = (
    "LabelingJobName",
    "LabelAttributeName",
    "InputConfig",
    "OutputConfig",
    "RoleArn",
    "LabelCategoryConfigS3Uri",
    "StoppingConditions",
    "HumanTaskConfig",
    "Tags",
)


@dataclass(frozen=True)
class JobFaults:
    """What a test makes go wrong with one job.

    Attributes:
        fails: The job ends as Failed after its workers have started.
        stops: The job ends as Stopped half way, as if somebody had stopped it.
        events: How many events announce its end.
    """

    fails: bool = False
    stops: bool = False
    events: int = 1


class LabelingJob:
    """One labeling job and its thread of work.

    Attributes:
        request: The members of the CreateLabelingJob request.
        arn: The ARN, whose name part is in lower case.
        status: A LabelingJobStatus.
        created: When it was made.
        failure_reason: Why it failed, or None.
        lines: The lines of the input manifest, once they are read.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        request: Mapping[str, Any],
        workforce: Workforce,
        faults: JobFaults,
        announce: Callable[[LabelingJob], None],
    ) -> None:
        """Prepare the job; `run` starts it.

        Args:
            sandbox: The sandbox it runs in.
            request: The validated request.
            workforce: How its workers behave.
            faults: What goes wrong.
            announce: Called when the job has ended.
        """
        self.request = request
        self.name: str = request["LabelingJobName"]
        partition = get_partition(sandbox.region)
        self.arn = (
            f"arn:{partition}:sagemaker:{sandbox.region}:{sandbox.account}:"
            f"labeling-job/{self.name.lower()}"
        )
        self.status = "Initializing"
        self.created = self.modified = datetime.now(UTC)
        self.failure_reason: str | None = None
        self.lines: list[dict[str, Any]] = []
        self._kind = KINDS[task_suffix(request)]
        self._sandbox = sandbox
        self._workforce = workforce
        self._faults = faults
        self._announce = announce
        self._outcomes: dict[int, tuple[Outcome, datetime]] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    @property
    def output_uri(self) -> str:
        """Where the output manifest is written."""
        return self._address("manifests/output/output.manifest")

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.status in ("Completed", "Failed", "Stopped")

    @property
    def announcements(self) -> int:
        """How many events announce the job's end."""
        return self._faults.events

    def counters(self) -> dict[str, int]:
        """Return the LabelCounters as they are now."""
        outcomes = [outcome for outcome, _ in list(self._outcomes.values())]
        failed = sum(isinstance(outcome, Failure) for outcome in outcomes)
        labeled = len(outcomes) - failed
        return {
            "TotalLabeled": labeled,
            "HumanLabeled": labeled,
            "MachineLabeled": 0,
            "FailedNonRetryableError": failed,
            "Unlabeled": len(self.lines) - len(outcomes),
        }

    def describe(self) -> dict[str, Any]:
        """Return the answer of DescribeLabelingJob."""
        described = {key: self.request[key] for key in _DESCRIBED if self.request.get(key)}
        described |= {
            "LabelingJobArn": self.arn,
            "LabelingJobStatus": self.status,
            "LabelCounters": self.counters(),
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "JobReferenceCode": self.arn.rsplit("/", 1)[-1][:16],
        }
        if self.failure_reason:
            described["FailureReason"] = self.failure_reason
        if self.status in ("Completed", "Stopped"):
            described["LabelingJobOutput"] = {"OutputDatasetS3Uri": self.output_uri}
        return described

    def stop(self) -> None:
        """Stop the job; what was labeled until now is written."""
        with self._lock:
            if not self.finished:
                self._become("Stopping")
        self._stopping.set()

    def fail(self, error: Exception) -> None:
        """End the job as Failed."""
        self.failure_reason = (str(error) or type(error).__name__)[:_REASON_CHARACTERS]
        with self._lock:
            self._become("Failed")
        self._announce(self)

    def run(self) -> None:
        """Do the whole job; it always ends in a final status."""
        self._pause(_INITIALIZING_SECONDS)
        try:
            client = client_as(self._sandbox, "s3", self.request["RoleArn"], PRINCIPAL)
            template = self.request["HumanTaskConfig"]["UiConfig"].get("UiTemplateS3Uri")
            if template:
                check_template(client, template, self._kind)
            categories = read_categories(
                client, self.request["LabelCategoryConfigS3Uri"], self._kind
            )
            source = self.request["InputConfig"]["DataSource"]["S3DataSource"]
            self.lines = read_manifest(client, source["ManifestS3Uri"], self._kind)
            with self._lock:
                if not self._stopping.is_set():
                    self._become("InProgress")
            self._label(client, categories)
            self._write_output(client)
        except (InputError, PermissionError, ClientError) as error:
            self.fail(error)
            return
        with self._lock:
            self._become("Stopped" if self._stopping.is_set() else "Completed")
        self._announce(self)

    def _become(self, status: str) -> None:
        self.status, self.modified = status, datetime.now(UTC)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds * self._sandbox.time_scale)

    def _label(self, client: Client, categories: Sequence[Category]) -> None:
        attribute = self.request["LabelAttributeName"]
        refused = _unreadable_buckets(client, self.lines)
        pause = self._workforce.item_delay_seconds
        pause += self._workforce.delay_seconds / len(self.lines)
        limit = self._object_limit()
        for index, line in enumerate(self.lines):
            if self._faults.stops and index >= len(self.lines) // 2:
                self.stop()
            if pause:
                self._pause(pause)
            if self._stopping.is_set() or len(self._outcomes) >= limit:
                return
            if attribute in line:
                continue  # A static job takes an object that has the attribute as labeled already.
            outcome = self._work_on(line, categories, refused)
            moment = datetime.now(UTC)
            if isinstance(outcome, Answer) and outcome.mask is not None:
                name = f"{index}_{moment:{output_lines.MOMENT}}.png"
                uri = self._address(f"annotations/consolidated-annotation/output/{name}")
                self._put(client, uri, outcome.mask)
                outcome = Answer(uri, outcome.details)
            self._outcomes[index] = (outcome, moment)

    def _work_on(
        self, line: Mapping[str, Any], categories: Sequence[Category], refused: Mapping[str, str]
    ) -> Outcome:
        content = self._load(line, refused) if "source-ref" in line else b""
        if isinstance(content, Failure):
            return content
        size = image_files.size(content) if self._kind.measures else None
        if self._kind.measures and size is None:
            return Failure(f"ClientError: Unable to load {line['source-ref']}: not an image")
        workers = self.request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"]
        task = Task(self.name, line, categories, workers, size)
        return work_on(task, self._kind.labeler, self._workforce)

    def _object_limit(self) -> int:
        conditions = self.request.get("StoppingConditions") or {}
        count: int = conditions.get("MaxHumanLabeledObjectCount", len(self.lines))
        share = conditions.get("MaxPercentageOfInputDatasetLabeled", 100)
        return min(count, int(len(self.lines) * share // 100))

    def _load(self, line: Mapping[str, Any], refused: Mapping[str, str]) -> bytes | Failure:
        """Load an object as a worker's browser does: its links are signed as the role."""
        uri = line["source-ref"]
        bucket_name, key = split_uri(uri)
        if bucket_name in refused:
            return Failure(f"ClientError: Unable to load {uri}: {refused[bucket_name]}")
        partition = get_partition(self._sandbox.region)
        bucket = s3_backends[self._sandbox.account][partition].buckets[bucket_name]
        found = bucket.keys.get(key)
        if found is None or isinstance(found, FakeDeleteMarker):
            return Failure(f"ClientError: Unable to load {uri}: the object does not exist")
        content: bytes = found.value
        return content

    def _write_output(self, client: Client) -> None:
        if self._faults.fails:
            message = "InternalServerError: We encountered an internal error. Please try again."
            raise InputError(message)
        body = "".join(
            json.dumps(self._output_line(index, line), ensure_ascii=False) + "\n"
            for index, line in enumerate(self.lines)
        )
        self._put(client, self.output_uri, body.encode())

    def _address(self, path: str) -> str:
        prefix = self.request["OutputConfig"]["S3OutputPath"].rstrip("/")
        return f"{prefix}/{self.name}/{path}"

    def _put(self, client: Client, uri: str, body: bytes) -> None:
        bucket, key = split_uri(uri)
        key_id = self.request["OutputConfig"].get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        client.put_object(Bucket=bucket, Key=key, Body=body, **encryption)

    def _output_line(self, index: int, line: Mapping[str, Any]) -> output_lines.Line:
        if index not in self._outcomes:
            return output_lines.unreached(line)
        attribute = self.request["LabelAttributeName"]
        outcome, moment = self._outcomes[index]
        if isinstance(outcome, Answer):
            return output_lines.labeled(
                line, attribute, outcome.value, outcome.details, self.name, moment
            )
        return output_lines.failed(line, attribute, outcome.reason)


def _unreadable_buckets(client: Client, lines: list[dict[str, Any]]) -> dict[str, str]:
    """Load the first object of each bucket as the role, and tell which buckets refuse it."""
    first: dict[str, str] = {}
    for line in lines:
        if "source-ref" in line:
            bucket, key = split_uri(line["source-ref"])
            first.setdefault(bucket, key)
    refused = {}
    for bucket, key in first.items():
        try:
            client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                refused[bucket] = str(error)
    return refused

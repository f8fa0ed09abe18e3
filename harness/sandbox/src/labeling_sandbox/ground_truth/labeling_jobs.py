"""A labeling job: it reads its input with the labeling role, runs the workers, and writes."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.utilities.utils import get_partition

from labeling_sandbox.ground_truth import output_lines
from labeling_sandbox.ground_truth.answers.task import Answer, Failure, Outcome
from labeling_sandbox.ground_truth.custom_workflow import CustomWorkflow, Functions
from labeling_sandbox.ground_truth.job_files import JobFiles, output_address
from labeling_sandbox.ground_truth.labeling_inputs import (
    InputError,
    read_categories,
    read_manifest,
    read_template,
    template_error,
)
from labeling_sandbox.ground_truth.labeling_requests import CUSTOM_SUFFIX, task_suffix
from labeling_sandbox.ground_truth.labeling_work import (
    Assignment,
    BilledWork,
    Labeling,
    Verification,
    Work,
)
from labeling_sandbox.ground_truth.task_kinds import (
    CUSTOM_KIND,
    KINDS,
    VERIFICATION_KINDS,
    LabelingKind,
    TaskKind,
    VerificationKind,
)
from labeling_sandbox.ground_truth.worker_templates import TemplateError
from labeling_sandbox.iam.role_clients import Client, client_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from labeling_sandbox.ground_truth.workforce import Workforce
    from labeling_sandbox.server import Sandbox

PRINCIPAL = "sagemaker.amazonaws.com"

KINDS_OF_JOBS: Mapping[str, TaskKind] = {
    **KINDS,
    **VERIFICATION_KINDS,
    CUSTOM_SUFFIX: CUSTOM_KIND,
}
"""What a job can be about, by the suffix that its functions give it."""

_OUTPUT_PATH = "manifests/output/output.manifest"
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
    """The faults of one job that a test requests.

    Attributes:
        fails: The job ends as Failed after its workers have started.
        stops: The job ends as Stopped half way, as after StopLabelingJob.
        events: How many events report its end.
        addressed: Whether its description names its output, which is no required member.
    """

    fails: bool = False
    stops: bool = False
    events: int = 1
    addressed: bool = True


class LabelingJob:
    """One labeling job and its thread of work.

    Attributes:
        request: The members of the CreateLabelingJob request.
        arn: The ARN, whose name part is in lower case.
        status: A LabelingJobStatus.
        created: When it was made.
        failure_reason: Why it failed, or None.
        lines: The lines of the input manifest, once they are read.
        effort: What is paid for.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        request: Mapping[str, Any],
        workforce: Workforce,
        faults: JobFaults,
        send_end_events: Callable[[LabelingJob], None],
    ) -> None:
        """Prepare the job; `run` starts it.

        Args:
            sandbox: The sandbox it runs in.
            request: The validated request.
            workforce: How its workers behave.
            faults: What goes wrong.
            send_end_events: Called when the job has ended.
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
        self.effort = BilledWork()
        self._kind = KINDS_OF_JOBS[task_suffix(request)]
        self._worked_on = 0
        self._sandbox = sandbox
        self._workforce = workforce
        self._faults = faults
        self._send_end_events = send_end_events
        self._outcomes: dict[int, tuple[Outcome, datetime]] = {}
        self._stopping = threading.Event()
        self._lock = threading.Lock()

    @property
    def output_uri(self) -> str:
        """Where the output manifest is written."""
        return output_address(self.request["OutputConfig"], self.name, _OUTPUT_PATH)

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.status in ("Completed", "Failed", "Stopped")

    @property
    def end_events(self) -> int:
        """How many events report the job's end."""
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
        if self.status in ("Completed", "Stopped") and self._faults.addressed:
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
        self._send_end_events(self)

    def run(self) -> None:
        """Do the whole job; it always ends in a final status."""
        self._pause(_INITIALIZING_SECONDS)
        try:
            client = client_as(self._sandbox, "s3", self.request["RoleArn"], PRINCIPAL)
            self._files = JobFiles(self._sandbox, client, self.request)
            work = self._work(client)
            self.effort = work.effort
            source = self.request["InputConfig"]["DataSource"]["S3DataSource"]
            self.lines = read_manifest(client, source["ManifestS3Uri"], self._kind)
            with self._lock:
                if not self._stopping.is_set():
                    self._become("InProgress")
            self._label(work)
            self._write_output()
        except (InputError, PermissionError, ClientError) as error:
            self.fail(error)
            return
        with self._lock:
            self._become("Stopped" if self._stopping.is_set() else "Completed")
        self._send_end_events(self)

    def _become(self, status: str) -> None:
        self.status, self.modified = status, datetime.now(UTC)

    def _pause(self, seconds: float) -> None:
        self._stopping.wait(seconds * self._sandbox.time_scale)

    def _label(self, work: Work) -> None:
        lines = list(enumerate(self.lines))
        for start in range(0, len(lines), work.batch_objects):
            if self._stopping.is_set():
                return
            batch = lines[start : start + work.batch_objects]
            work.prepare(batch)
            is_going_on = self._show(work, batch)
            moment = datetime.now(UTC)
            for index, outcome in work.consolidate().items():
                self._outcomes[index] = (outcome, moment)
            if not is_going_on:
                return

    def _show(self, work: Work, batch: Sequence[tuple[int, dict[str, Any]]]) -> bool:
        """Show a batch to the workers, object by object; False when the job ends before it."""
        attribute = self.request["LabelAttributeName"]
        pause = self._workforce.item_delay_seconds
        pause += self._workforce.delay_seconds / len(self.lines)
        limit = self._object_limit()
        for index, line in batch:
            if self._faults.stops and index >= len(self.lines) // 2:
                self.stop()
            if pause:
                self._pause(pause)
            if self._stopping.is_set() or self._worked_on >= limit:
                return False
            if attribute in line:
                continue  # A static job takes an object that has the attribute as labeled already.
            outcome = work.work_on(index, line)
            self._worked_on += 1
            if outcome is not None:
                self._outcomes[index] = self._settled(index, outcome)
        return True

    def _settled(self, index: int, outcome: Outcome) -> tuple[Outcome, datetime]:
        moment = datetime.now(UTC)
        if isinstance(outcome, Answer) and outcome.mask is not None:
            name = f"{index}_{moment:{output_lines.MOMENT}}.png"
            path = f"annotations/consolidated-annotation/output/{name}"
            outcome = Answer(self._files.put(path, outcome.mask), outcome.details)
        return outcome, moment

    def _work(self, client: Client) -> Work:
        """Read what the workers are given."""
        template_uri = self.request["HumanTaskConfig"]["UiConfig"].get("UiTemplateS3Uri")
        template = read_template(client, template_uri, self._kind) if template_uri else None
        categories_uri = self.request.get("LabelCategoryConfigS3Uri")
        categories = read_categories(client, categories_uri, self._kind) if categories_uri else []
        assignment = Assignment(self.name, self.request, categories, self._files, self._workforce)
        if isinstance(self._kind, LabelingKind):
            return Labeling(assignment, self._kind)
        if template is None:
            message = "a job that shows labels has a template"
            raise AssertionError(message)  # The request was held to it.
        try:
            if isinstance(self._kind, VerificationKind):
                return Verification(assignment, self._kind, template.prior_attribute())
            role = self.request["RoleArn"]
            client = client_as(self._sandbox, "lambda", role, PRINCIPAL)
            functions = Functions(client, self.arn, self.request, self._pause)
            return CustomWorkflow(assignment, functions, template, template.question())
        except TemplateError as error:
            raise template_error(template_uri, error) from error

    def _object_limit(self) -> int:
        conditions = self.request.get("StoppingConditions") or {}
        count: int = conditions.get("MaxHumanLabeledObjectCount", len(self.lines))
        share = conditions.get("MaxPercentageOfInputDatasetLabeled", 100)
        return min(count, int(len(self.lines) * share // 100))

    def _write_output(self) -> None:
        if self._faults.fails:
            message = "InternalServerError: We encountered an internal error. Please try again."
            raise InputError(message)
        body = "".join(
            json.dumps(self._output_line(index, line), ensure_ascii=False) + "\n"
            for index, line in enumerate(self.lines)
        )
        self._files.put(_OUTPUT_PATH, body.encode())

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

"""Ground Truth: labeling jobs, added to moto's SageMaker."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.sagemaker.exceptions import ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.responses import SageMakerResponse

from in_process_aws import validation
from labeling_sandbox.base import background, control
from labeling_sandbox.base.moto_seams import add_operations, parameter, parameters
from labeling_sandbox.events import delivery
from labeling_sandbox.ground_truth import labeling_requests
from labeling_sandbox.ground_truth import workforce as workers
from labeling_sandbox.ground_truth.labeling_jobs import (
    KINDS_OF_JOBS,
    PRINCIPAL,
    JobFaults,
    LabelingJob,
)
from labeling_sandbox.iam import authorization
from labeling_sandbox.iam.denial import ServiceRefusal
from labeling_sandbox.stores import sagemaker_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_sandbox.server import Sandbox

EVENT_SOURCE = "aws.sagemaker"
EVENT_TYPE = "SageMaker Ground Truth Labeling Job State Change"

FAULTS = (
    "create_refused",
    "create_answer_lost",
    "job_failed",
    "job_stopped",
    "lose_event",
    "duplicate_event",
    "no_output_address",
)
"""What ``POST /sandbox/labeling-jobs/faults`` can make the next job suffer.

With ``name_ends`` the next job whose name ends so, such as ``-verify``.
"""

_SUMMARY = (
    "LabelingJobName",
    "LabelingJobArn",
    "CreationTime",
    "LastModifiedTime",
    "LabelingJobStatus",
    "LabelCounters",
    "FailureReason",
    "LabelingJobOutput",
    "InputConfig",
)
_PAGE = 10
_SERVICE = "sagemaker"


class ResourceLimitExceeded(ServiceException):  # type: ignore[misc] # moto has no types
    """A quota of the account is used up."""

    code = "ResourceLimitExceeded"


class InternalFailure(ServiceException):  # type: ignore[misc] # moto has no types
    """The service failed after it had done the work."""

    code = "InternalFailure"


class GroundTruthBackend(BaseBackend):  # type: ignore[misc] # moto has no types
    """The labeling jobs of one account and region; ``/moto-api/reset`` forgets them.

    Attributes:
        jobs: Jobs by name in lower case: names differ in more than case.
        open: Whether the account may use Ground Truth, which AWS has closed to new customers.
    """

    def __init__(self, region_name: str, account_id: str) -> None:
        """Start empty."""
        super().__init__(region_name, account_id)
        self.jobs: dict[str, LabelingJob] = {}
        self.open = True


_backends = BackendDict(GroundTruthBackend, "sagemaker")
_faults: list[tuple[str, str]] = []
"""Faults with the end of the name of the job that they wait for."""


def install(sandbox: Sandbox) -> None:
    """Add the operations to moto's SageMaker and register the control routes."""

    def create(response: SageMakerResponse) -> ActionResult:
        return _create_labeling_job(sandbox, response)

    def show_jobs(_path: Mapping[str, str], _body: dict[str, Any]) -> list[dict[str, Any]]:
        backend = _backends[sandbox.account][sandbox.region]
        return [_shown(job) for job in list(backend.jobs.values())]

    def open_or_close(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, bool]:
        backend = _backends[sandbox.account][sandbox.region]
        backend.open = bool(body["open"])
        return {"open": backend.open}

    add_operations(
        SageMakerResponse,
        {
            "create_labeling_job": create,
            "describe_labeling_job": lambda response: ActionResult(_job(response).describe()),
            "stop_labeling_job": _stop_labeling_job,
            "list_labeling_jobs": _list_labeling_jobs,
        },
    )
    control.route("ground-truth", "POST", open_or_close)
    control.route("labeling-jobs", "GET", show_jobs)
    control.route("labeling-jobs/faults", "POST", _plan_faults)


def _backend(response: SageMakerResponse) -> GroundTruthBackend:
    backend: GroundTruthBackend = _backends[response.current_account][response.region]
    return backend


def _require_open(response: SageMakerResponse) -> None:
    if not _backend(response).open:
        message = (
            "Amazon SageMaker Ground Truth is no longer open to new customers. Only accounts that"
            " have used it can access it."
        )
        raise ServiceRefusal(_SERVICE, "AccessDeniedException", message)


def _create_labeling_job(sandbox: Sandbox, response: SageMakerResponse) -> ActionResult:
    _require_open(response)
    request = parameters(response)
    problems = labeling_requests.problems(request, response.region, response.current_account)
    if problems:
        raise ValidationError(message=validation.message(problems))
    suffix = labeling_requests.task_suffix(request)
    if suffix not in KINDS_OF_JOBS:
        message = f"The simulated workforce does not know tasks of the kind {suffix}"
        raise ValidationError(message=message)
    authorization.check_pass_role(response, request["RoleArn"], PRINCIPAL)
    name = request["LabelingJobName"]
    jobs = _backend(response).jobs
    if name.lower() in jobs:
        message = (
            "Labeling job name must be unique within an AWS account and region, and a labeling job "
            f"already exists with this name: {name}"
        )
        raise ResourceInUseException(message=message)
    if _take("create_refused", name):
        message = "The account-level service limit for concurrent labeling jobs is exceeded."
        raise ResourceLimitExceeded(message)
    job = LabelingJob(sandbox, request, workers.current(), _faults_of(name), _send_end_events)
    jobs[name.lower()] = job
    sagemaker_tags.put(job.arn, request.get("Tags") or [])
    background.start(f"labeling-job {name}", job.run, job.fail)
    if _take("create_answer_lost", name):
        message = "We encountered an internal error. Please try again."
        raise InternalFailure(message)
    return ActionResult({"LabelingJobArn": job.arn})


def _faults_of(name: str) -> JobFaults:
    events = 1
    if _take("lose_event", name):
        events = 0
    elif _take("duplicate_event", name):
        events = 2
    fails, stops = _take("job_failed", name), _take("job_stopped", name)
    addressed = not _take("no_output_address", name)
    return JobFaults(fails=fails, stops=stops, events=events, addressed=addressed)


def _take(fault: str, name: str) -> bool:
    for planned in _faults:
        if planned[0] == fault and name.endswith(planned[1]):
            _faults.remove(planned)
            return True
    return False


def _plan_faults(_path: Mapping[str, str], body: dict[str, Any]) -> dict[str, list[str]]:
    if body.get("reset"):
        _faults.clear()
    fault = body.get("next")
    if fault is not None:
        if fault not in FAULTS:
            message = f"next is one of {', '.join(FAULTS)}"
            raise control.ControlError(message)
        planned = (fault, str(body.get("name_ends", "")))
        _faults.extend(itertools.repeat(planned, int(body.get("count", 1))))
    return {"planned": [name for name, _ in _faults]}


def _send_end_events(job: LabelingJob) -> None:
    _, _, _, region, account, _ = job.arn.split(":", 5)
    for _ in range(job.end_events):
        delivery.emit(
            account,
            region,
            EVENT_SOURCE,
            EVENT_TYPE,
            [job.arn],
            {"LabelingJobStatus": job.status},
        )


def _job(response: SageMakerResponse) -> LabelingJob:
    name = str(parameter(response, "LabelingJobName"))
    job = _backend(response).jobs.get(name.lower())
    if job is None:
        message = f"Requested resource labeling-job:{name} not found"
        raise ResourceNotFound(message=message)
    return job


def _stop_labeling_job(response: SageMakerResponse) -> EmptyResult:
    job = _job(response)
    if job.finished:
        message = f"The request was rejected because the labeling job is in status {job.status}"
        raise ValidationError(message=message)
    job.stop()
    return EmptyResult()


def _list_labeling_jobs(response: SageMakerResponse) -> ActionResult:
    _require_open(response)
    request = parameters(response)
    matching = [job for job in list(_backend(response).jobs.values()) if _selects(request, job)]
    key: Callable[[LabelingJob], Any] = {
        "Name": lambda job: job.name,
        "Status": lambda job: job.status,
    }.get(request.get("SortBy", ""), lambda job: job.created)
    matching.sort(key=key, reverse=request.get("SortOrder") == "Descending")
    start, size = int(request.get("NextToken") or 0), request.get("MaxResults") or _PAGE
    answer: dict[str, Any] = {
        "LabelingJobSummaryList": [_summary(job) for job in matching[start : start + size]]
    }
    if start + size < len(matching):
        answer["NextToken"] = str(start + size)
    return ActionResult(answer)


def _selects(request: Mapping[str, Any], job: LabelingJob) -> bool:
    status, part = request.get("StatusEquals"), request.get("NameContains")
    return (not status or job.status == status) and (not part or part in job.name)


def _summary(job: LabelingJob) -> dict[str, Any]:
    described = job.describe()
    human = described["HumanTaskConfig"]
    return {
        **{key: described[key] for key in _SUMMARY if key in described},
        "WorkteamArn": human["WorkteamArn"],
        "PreHumanTaskLambdaArn": human["PreHumanTaskLambdaArn"],
    }


def _shown(job: LabelingJob) -> dict[str, Any]:
    source = job.request["InputConfig"]["DataSource"]["S3DataSource"]
    return {
        "name": job.name,
        "arn": job.arn,
        "status": job.status,
        "failure_reason": job.failure_reason,
        "counters": job.counters(),
        "created": job.created.isoformat(),
        "modified": job.modified.isoformat(),
        "manifest_uri": source["ManifestS3Uri"],
        "output_uri": job.output_uri,
        "item_ids": [line.get("item-id") for line in job.lines],
        "kind": labeling_requests.task_suffix(job.request),
        "reviewers": job.request["HumanTaskConfig"]["NumberOfHumanWorkersPerDataObject"],
        **asdict(job.effort),
    }

"""The permissions without which a function cannot do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labelctl.doctor.simulation import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labelctl.doctor.checks import Subject

_READ_RUNS = ("s3:GetObject", "runs")
_WRITE_RUNS = ("s3:PutObject", "runs")
_READ_LABELS = ("s3:GetObject", "labels")
_READ_LEDGER = ("dynamodb:GetItem", "ledger")
_READ_CLAIMS = ("dynamodb:BatchGetItem", "ledger")
_UPDATE_LEDGER = ("dynamodb:UpdateItem", "ledger")
_DESCRIBE_JOBS = ("sagemaker:DescribeLabelingJob", "labeling_jobs")
_ANSWER = ("states:SendTaskSuccess", "state_machine")
#: Nobody may use these where nothing of Ground Truth is deployed.
_OF_GROUND_TRUTH = frozenset({"labeling_jobs", "worker_files"})
_CREATE_JOB = (
    _READ_CLAIMS,
    _UPDATE_LEDGER,
    _WRITE_RUNS,
    _DESCRIBE_JOBS,
    ("s3:GetObject", "worker_files"),
)

#: Actions and what each is for, by step. A test compares them with the module's policies.
#: Permissions with conditions that the simulator is not given are left out.
STEP_USES: dict[str, tuple[tuple[str, str], ...]] = {
    "advance_label_studio_jobs": (
        _READ_LEDGER,
        _UPDATE_LEDGER,
        _READ_LABELS,
        ("s3:PutObject", "labels"),
        ("s3:GetObject", "manifests"),
        ("secretsmanager:GetSecretValue", "token_secret"),
        _ANSWER,
    ),
    "consolidate_verification": (_READ_LABELS,),
    "finish_run": (_READ_LEDGER, _UPDATE_LEDGER, _READ_RUNS, _WRITE_RUNS),
    "job_state_change": (_READ_LEDGER, _UPDATE_LEDGER, _DESCRIBE_JOBS, _ANSWER),
    "plan_results": (_READ_CLAIMS, _READ_LABELS, _WRITE_RUNS, _DESCRIBE_JOBS),
    "poll_queue": (
        _READ_CLAIMS,
        _UPDATE_LEDGER,
        _WRITE_RUNS,
        ("sqs:ReceiveMessage", "intake"),
        ("sqs:DeleteMessage", "intake"),
        ("sqs:SendMessage", "dead_letter"),
    ),
    "prepare_verification": (("s3:GetObject", "verification_settings"),),
    "recover_runs": (
        _READ_LEDGER,
        _UPDATE_LEDGER,
        _DESCRIBE_JOBS,
        _ANSWER,
        ("states:DescribeExecution", "executions"),
        ("states:StartExecution", "state_machine"),
    ),
    "return_items": (
        _UPDATE_LEDGER,
        _READ_RUNS,
        ("sqs:SendMessage", "intake"),
        ("sqs:SendMessage", "dead_letter"),
    ),
    "split_text": (("s3:GetObjectVersion", "uploads"), ("sqs:SendMessage", "intake")),
    "start_labeling_job": _CREATE_JOB,
    "start_verification_job": (*_CREATE_JOB, _READ_LABELS),
    "stop_job": (_READ_LEDGER, _DESCRIBE_JOBS, ("sagemaker:StopLabelingJob", "labeling_jobs")),
    "update_feature_store": (
        _UPDATE_LEDGER,
        _READ_RUNS,
        ("sagemaker:PutRecord", "feature_group"),
    ),
}


def function_uses(subject: Subject, step: str) -> Iterator[Use]:
    """Yield the uses of permissions that a step's function must be allowed."""
    resources = _resources(subject)
    for action, purpose in STEP_USES.get(step, ()):
        if subject.deployed.job_state_rule is not None or purpose not in _OF_GROUND_TRUTH:
            yield Use(action, resources[purpose])


def _resources(subject: Subject) -> dict[str, str]:
    pipeline, deployed = subject.pipeline, subject.deployed
    output = subject.bucket_arn(deployed.output_bucket)
    studio = deployed.label_studio
    # The simulator compares ARNs as text: any object, job or execution stands for all of them.
    return {
        "dead_letter": subject.arn("sqs", pipeline.dead_letter_url.rpartition("/")[2]),
        "executions": subject.arn("states", f"execution:{pipeline.name}:doctor"),
        "feature_group": subject.arn("sagemaker", f"feature-group/{deployed.feature_group}"),
        "intake": subject.arn("sqs", pipeline.intake_url.rpartition("/")[2]),
        "labeling_jobs": subject.arn("sagemaker", f"labeling-job/{pipeline.name}-doctor"),
        "labels": f"{output}/labeling-jobs/doctor",
        "manifests": f"{output}/runs/doctor/manifests/doctor",
        "ledger": subject.arn("dynamodb", f"table/{pipeline.ledger_table}"),
        "runs": f"{output}/runs/doctor",
        "state_machine": pipeline.state_machine_arn,
        # Only the function that works on jobs in Label Studio uses it.
        "token_secret": "" if studio is None else studio.token_secret_arn,
        "uploads": f"{subject.bucket_arn(pipeline.upload_bucket)}/doctor",
        "verification_settings": f"{output}/runs/doctor/jobs/verify.json",
        "worker_files": f"{output}/ground-truth/doctor",
    }

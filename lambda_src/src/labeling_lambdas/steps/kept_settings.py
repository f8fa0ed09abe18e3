"""Reading the settings of its jobs that a run stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.domain import identity
from labeling_lambdas.domain.kept_settings import KeptSettings, settings_file

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.verification_settings import Verification
    from labeling_lambdas.settings import ArtifactSettings


def kept_settings(artifacts: Artifacts, stage: str) -> KeptSettings | None:
    """Return the settings that a job of a run was created with, or None if it was not created.

    Args:
        artifacts: The run's files.
        stage: ``label`` or ``verify``.
    """
    fields = artifacts.read_if_there(settings_file(stage))
    return None if fields is None else KeptSettings.from_fields(fields)


def verification_settings(
    client: S3Client, settings: ArtifactSettings, job_arn: str
) -> tuple[LabelRules, Verification]:
    """Return the settings with which a verification job shows labels and its verdicts are read.

    Args:
        client: S3.
        settings: Contain the location of the runs' files.
        job_arn: ARN of the job, as Ground Truth returns it.

    Raises:
        ValueError: If it is not a verification job of this pipeline.
    """
    run_id = identity.run_of_verification_job(job_arn, settings.pipeline_name)
    artifacts = Artifacts(client, settings.output_bucket, settings.kms_key_arn, run_id)
    kept = KeptSettings.from_fields(artifacts.read(settings_file(identity.VERIFY_STAGE)))
    if kept.verification is None:
        message = f"the settings of {job_arn} are those of a labeling job"
        raise ValueError(message)
    return kept.rules, kept.verification

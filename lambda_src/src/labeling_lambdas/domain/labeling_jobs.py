"""The request that creates a labeling job.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateLabelingJob.html
"""

from __future__ import annotations

from typing import Any, NamedTuple


class LabelingJobSettings(NamedTuple):
    """The settings of every labeling job, from Terraform. Terraform checks their limits at plan.

    Attributes:
        workteam_arn: Private or vendor work team.
        role_arn: Role that Ground Truth uses to read and write.
        template_s3_uri: Worker template; None if the service provides the worker page.
        categories_s3_uri: Label category file.
        title: Task title shown to workers.
        description: Task description shown to workers.
        keywords: Search words for workers.
        workers_per_object: Number of workers for each object.
        task_time_limit_seconds: Time for one task.
        task_availability_seconds: How long a task stays open.
        max_concurrent_tasks: Tasks open at the same time.
        pre_human_task_lambda_arn: AWS's function that creates tasks.
        annotation_consolidation_lambda_arn: AWS's function that consolidates answers.
        label_attribute_name: Key of the label in the output manifest.
        output_prefix: Prefix in the output bucket.
        tags: Tags of the job.
        human_task_ui_arn: The service's worker page; None if there is a template.
    """

    workteam_arn: str
    role_arn: str
    template_s3_uri: str | None
    categories_s3_uri: str
    title: str
    description: str
    keywords: list[str]
    workers_per_object: int
    task_time_limit_seconds: int
    task_availability_seconds: int
    max_concurrent_tasks: int
    pre_human_task_lambda_arn: str
    annotation_consolidation_lambda_arn: str
    label_attribute_name: str
    output_prefix: str
    tags: dict[str, str]
    human_task_ui_arn: str | None = None


def labeling_job_request(
    settings: LabelingJobSettings,
    *,
    name: str,
    manifest_uri: str,
    output_bucket: str,
    kms_key_arn: str,
) -> dict[str, Any]:
    """Return the parameters of CreateLabelingJob."""
    return {
        "LabelingJobName": name,
        "LabelAttributeName": settings.label_attribute_name,
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": manifest_uri}}},
        "OutputConfig": {
            "S3OutputPath": f"s3://{output_bucket}/{settings.output_prefix}/",
            # Without it, Ground Truth encrypts with the account's default S3 key, which the bucket
            # policy rejects.
            "KmsKeyId": kms_key_arn,
        },
        "RoleArn": settings.role_arn,
        "LabelCategoryConfigS3Uri": settings.categories_s3_uri,
        "HumanTaskConfig": {
            "WorkteamArn": settings.workteam_arn,
            "UiConfig": _worker_ui(settings),
            "PreHumanTaskLambdaArn": settings.pre_human_task_lambda_arn,
            "TaskKeywords": settings.keywords,
            "TaskTitle": settings.title,
            "TaskDescription": settings.description,
            "NumberOfHumanWorkersPerDataObject": settings.workers_per_object,
            "TaskTimeLimitInSeconds": settings.task_time_limit_seconds,
            "TaskAvailabilityLifetimeInSeconds": settings.task_availability_seconds,
            "MaxConcurrentTaskCount": settings.max_concurrent_tasks,
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": settings.annotation_consolidation_lambda_arn
            },
        },
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(settings.tags.items())],
    }


def _worker_ui(settings: LabelingJobSettings) -> dict[str, str]:
    if settings.human_task_ui_arn is not None:
        return {"HumanTaskUiArn": settings.human_task_ui_arn}
    if settings.template_s3_uri is None:
        message = "a labeling job needs template_s3_uri or human_task_ui_arn"
        raise ValueError(message)
    return {"UiTemplateS3Uri": settings.template_s3_uri}

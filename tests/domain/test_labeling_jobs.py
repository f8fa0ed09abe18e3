"""The manifest and the request of a labeling job."""

from __future__ import annotations

import json

import boto3
from botocore.validate import validate_parameters
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.labeling_jobs import (
    labeling_job_request,
    manifest_lines,
    newest_versions,
)
from tests.domain.examples import CLAIMS, job_settings, source


@given(st.lists(CLAIMS, max_size=5))
def test_a_manifest_line_holds_the_key_as_it_is_whatever_it_contains(
    claims: list[ClaimedItem],
) -> None:
    lines = list(manifest_lines(claims, "source-ref"))
    assert [json.loads(line) for line in lines] == [
        {"source-ref": claim.source.uri, "item-id": claim.item_id} for claim in claims
    ]
    # One line for each object, also for a reader that knows Unicode's line ends.
    assert all(line.endswith("\n") and len(line.splitlines()) == 1 for line in lines)


def test_of_several_versions_only_the_newest_is_in_the_manifest() -> None:
    def version(number: int, sequencer: str) -> ClaimedItem:
        return ClaimedItem(source(version_id=f"v{number}", sequencer=sequencer))

    other = ClaimedItem(source("b.png"))
    claims = [version(1, "0A"), version(3, "0AFF"), other, version(2, "0AF")]
    assert list(newest_versions(claims).values()) == [claims[1], other]


def test_the_request_is_one_that_boto3_knows() -> None:
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    shape = model.operation_model("CreateLabelingJob").input_shape
    assert shape is not None
    for settings in (job_settings(), job_settings(tags={})):
        request = labeling_job_request(
            settings,
            name="digits-20260101t000000-0123456789-label",
            manifest_uri="s3://digits-output/runs/r/manifests/label.manifest",
            output_bucket="digits-output",
            kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/k",
        )
        validate_parameters(request, shape)


def test_the_request_says_what_terraform_decided() -> None:
    settings = job_settings()
    request = labeling_job_request(
        settings, name="n", manifest_uri="s3://m", output_bucket="out", kms_key_arn="key"
    )
    assert request["OutputConfig"] == {"S3OutputPath": "s3://out/labeling-jobs/", "KmsKeyId": "key"}
    assert request["LabelAttributeName"] == settings.label_attribute_name
    task = request["HumanTaskConfig"]
    assert task["WorkteamArn"] == settings.workteam_arn
    assert task["NumberOfHumanWorkersPerDataObject"] == settings.workers_per_object
    assert task["TaskTimeLimitInSeconds"] == settings.task_time_limit_seconds
    assert task["TaskAvailabilityLifetimeInSeconds"] == settings.task_availability_seconds
    assert task["MaxConcurrentTaskCount"] == settings.max_concurrent_tasks
    # Nothing is declared about the content of the data on the user's behalf.
    assert "DataAttributes" not in request["InputConfig"]
    assert request["Tags"] == [
        {"Key": "pipeline", "Value": "digits"},
        {"Key": "team", "Value": "vision"},
    ]

"""The manifest and the request of a labeling job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.validate import validate_parameters
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem, TextContent
from labeling_lambdas.domain.labeling_jobs import labeling_job_request
from labeling_lambdas.domain.manifest_lines import manifest_lines, newest_versions
from tests.domain.examples import CLAIMS, job_settings, source

if TYPE_CHECKING:
    from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings


@given(st.lists(CLAIMS, max_size=5))
def test_a_manifest_line_contains_the_key_unchanged(
    claims: list[ClaimedItem],
) -> None:
    lines = list(manifest_lines(claims, manifest_key="source-ref", attribute="a"))
    assert [json.loads(line) for line in lines] == [
        {"source-ref": claim.source.uri, "item-id": claim.item_id} for claim in claims
    ]
    # One line for each object, also for a reader that knows Unicode's line ends.
    assert all(line.endswith("\n") and len(line.splitlines()) == 1 for line in lines)


def test_only_the_newest_of_several_versions_is_in_the_manifest() -> None:
    def version(number: int, sequencer: str) -> ClaimedItem:
        return ClaimedItem(source(version_id=f"v{number}", sequencer=sequencer))

    other = ClaimedItem(source("b.png"))
    claims = [version(1, "0A"), version(3, "0AFF"), other, version(2, "0AF")]
    assert newest_versions(claims) == {claims[1].item_id, other.item_id}


def test_each_line_of_a_file_is_superseded_by_the_same_line_of_a_newer_version() -> None:
    def line(number: int, sequencer: str) -> ClaimedItem:
        return ClaimedItem(source("a.txt", version_id=sequencer, sequencer=sequencer, line=number))

    claims = [line(1, "0A"), line(2, "0A"), line(3, "0A"), line(1, "0B"), line(2, "0B")]
    assert newest_versions(claims) == {claim.item_id for claim in claims[2:]}


def test_a_manifest_line_contains_the_text_and_the_keys_of_its_row() -> None:
    extra = {
        "ticket": 7,
        "nested": {"a": [None, "é"]},
        "source-ref": "x",
        "source": "x",
        "item-id": "x",
        "digit-label": 1,
        "digit-label-metadata": {},
    }
    claim = ClaimedItem(source("a.txt", line=3), content=TextContent("hello", extra))
    (line,) = manifest_lines([claim], manifest_key="source", attribute="digit-label")
    assert json.loads(line) == {
        "source": "hello",
        "item-id": claim.item_id,
        "ticket": 7,
        "nested": {"a": [None, "é"]},
    }


def test_workers_get_the_template_or_the_page_of_the_service() -> None:
    def worker_ui(settings: LabelingJobSettings) -> Any:
        request = labeling_job_request(
            settings, name="n", manifest_uri="s3://m", output_bucket="out", kms_key_arn="key"
        )
        return request["HumanTaskConfig"]["UiConfig"]

    page = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/NamedEntityRecognition"
    assert worker_ui(job_settings()) == {"UiTemplateS3Uri": job_settings().template_s3_uri}
    assert worker_ui(job_settings(template_s3_uri=None, human_task_ui_arn=page)) == {
        "HumanTaskUiArn": page
    }
    with pytest.raises(ValueError, match="needs template_s3_uri or human_task_ui_arn"):
        worker_ui(job_settings(template_s3_uri=None))


def test_the_request_is_valid_for_boto3() -> None:
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


def test_the_request_has_the_settings_of_terraform() -> None:
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

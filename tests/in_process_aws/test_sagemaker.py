"""Labeling jobs have names that never become free, and end as a test says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from labeling_lambdas.domain.labeling_jobs import labeling_job_request
from tests.domain.examples import job_settings
from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"


def _request(name: str = "Digits-1-label", **changes: Any) -> dict[str, Any]:
    return {
        **labeling_job_request(
            job_settings(),
            name=name,
            manifest_uri="s3://output/runs/1/manifests/label.manifest",
            output_bucket="output",
            kms_key_arn=KEY,
        ),
        **changes,
    }


@pytest.fixture
def sagemaker(account: Account) -> Any:
    account.s3.create_bucket("output", kms_key_arn=KEY)
    return account.client("sagemaker")


def test_a_job_goes_from_its_creation_to_its_end(account: Account, sagemaker: Any) -> None:
    sagemaker.create_labeling_job(**_request())
    described = sagemaker.describe_labeling_job(LabelingJobName="digits-1-LABEL")
    assert described["LabelingJobName"] == "Digits-1-label"
    assert described["LabelingJobStatus"] == "Initializing"
    assert "LabelingJobOutput" not in described
    account.sagemaker.begin("Digits-1-label")
    lines = [
        {"item-id": "a", "digit-label": 0, "digit-label-metadata": {}},
        {"item-id": "b", "digit-label-metadata": {"failure-reason": "ClientError: x"}},
        {"item-id": "c"},
    ]
    job = account.sagemaker.end("Digits-1-label", "Completed", lines)
    described = sagemaker.describe_labeling_job(LabelingJobName="Digits-1-label")
    assert described["LabelingJobStatus"] == "Completed"
    counters = described["LabelCounters"]
    assert (counters["TotalLabeled"], counters["FailedNonRetryableError"]) == (1, 1)
    assert counters["Unlabeled"] == 1
    uri = described["LabelingJobOutput"]["OutputDatasetS3Uri"]
    assert uri.startswith("s3://output/labeling-jobs/Digits-1-label/")
    body = account.s3.body("output", uri.removeprefix("s3://output/")).decode()
    assert [json.loads(line) for line in body.splitlines()] == lines
    assert job.event()["resources"] == [
        "arn:aws:sagemaker:us-east-1:123456789012:labeling-job/digits-1-label"
    ]


def test_a_name_is_taken_for_ever_in_any_spelling(account: Account, sagemaker: Any) -> None:
    sagemaker.create_labeling_job(**_request("Digits-1-label"))
    account.sagemaker.end("Digits-1-label", "Failed", failure_reason="ClientError: x")
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_labeling_job(**_request("digits-1-LABEL"))
    sagemaker.create_labeling_job(**_request("digits-2-label"))
    assert list(account.sagemaker.jobs) == ["Digits-1-label", "digits-2-label"]


def test_a_job_that_is_stopped_ends_later_and_still_has_an_output(
    account: Account, sagemaker: Any
) -> None:
    sagemaker.create_labeling_job(**_request())
    sagemaker.stop_labeling_job(LabelingJobName="Digits-1-label")
    assert account.sagemaker.jobs["Digits-1-label"].status == "Stopping"
    account.sagemaker.end("Digits-1-label", "Stopped")
    described = sagemaker.describe_labeling_job(LabelingJobName="Digits-1-label")
    uri = described["LabelingJobOutput"]["OutputDatasetS3Uri"]
    with pytest.raises(KeyError):
        account.s3.body("output", uri.removeprefix("s3://output/"))
    with pytest.raises(ClientError):
        sagemaker.stop_labeling_job(LabelingJobName="Digits-1-label")


def test_a_job_ends_once(account: Account, sagemaker: Any) -> None:
    sagemaker.create_labeling_job(**_request())
    with pytest.raises(ValueError, match="cannot become InProgress"):
        account.sagemaker.end("Digits-1-label", "InProgress")
    account.sagemaker.end("Digits-1-label", "Completed", [])
    with pytest.raises(ValueError, match="is Completed"):
        account.sagemaker.end("Digits-1-label", "Failed")


def test_a_job_that_is_not_there_is_refused(sagemaker: Any) -> None:
    for operation in (sagemaker.describe_labeling_job, sagemaker.stop_labeling_job):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound):
            operation(LabelingJobName="absent")


@pytest.mark.parametrize(
    "changes",
    [
        {"LabelingJobName": "x" * 64},
        {"LabelingJobName": "under_score"},
        {"LabelAttributeName": "x" * 128},
        {"Tags": [{"Key": "a", "Value": "v" * 257}]},
    ],
)
def test_a_request_that_breaks_a_constraint_is_refused(
    sagemaker: Any, changes: dict[str, Any]
) -> None:
    with pytest.raises(ClientError) as refused:
        sagemaker.create_labeling_job(**_request(**changes))
    assert code_of(refused) == "ValidationException"


def test_a_request_that_botocore_rejects_does_not_arrive(sagemaker: Any) -> None:
    with pytest.raises(ParamValidationError):
        sagemaker.create_labeling_job(LabelingJobName="incomplete")


def test_the_input_manifest_can_be_read(account: Account, sagemaker: Any) -> None:
    sagemaker.create_labeling_job(**_request())
    body = b'{"source": "a\xe2\x80\xa8b"}\n'
    account.s3.upload("output", "runs/1/manifests/label.manifest", body)
    assert account.sagemaker.input_lines("Digits-1-label") == [{"source": "a\u2028b"}]

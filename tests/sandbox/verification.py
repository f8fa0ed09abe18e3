"""Shared by the tests of verification jobs: objects, requests, runs and output."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

from tests.sandbox.resources import control, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_sandbox.server import Sandbox

Line = dict[str, Any]

JUDGEMENTS = ["Correct", "Wrong class", "Wrong place"]
LAMBDAS = "arn:aws:lambda:us-east-1:432418664414:function"
_numbers = itertools.count()


def put(sandbox: Sandbox, bucket: str, key: str, body: str | bytes) -> str:
    """Store an object; return its address."""
    content = body.encode() if isinstance(body, str) else body
    sandbox.client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def categories(names: Sequence[str] = JUDGEMENTS) -> str:
    """Return a label category file."""
    labels = [{"label": name} for name in names]
    return json.dumps({"document-version": "2018-11-28", "labels": labels})


def request(
    sandbox: Sandbox,
    bucket: str,
    role: str,
    lines: Sequence[Line],
    template: str,
    **changes: Any,
) -> dict[str, Any]:
    """Return a CreateLabelingJob request; ``pre`` and ``post`` are its functions."""
    number = next(_numbers)
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    given = {
        "LabelingJobName": f"judged-{number}-verify",
        "LabelAttributeName": changes.pop("attribute", "verdict"),
        "InputConfig": {
            "DataSource": {
                "S3DataSource": {"ManifestS3Uri": put(sandbox, bucket, f"manifests/{number}", body)}
            }
        },
        "OutputConfig": {"S3OutputPath": f"s3://{bucket}/labeling-jobs/"},
        "RoleArn": role,
        "LabelCategoryConfigS3Uri": put(sandbox, bucket, "judgements.json", categories()),
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
            "UiConfig": {
                "UiTemplateS3Uri": put(sandbox, bucket, f"templates/{number}.html", template)
            },
            "PreHumanTaskLambdaArn": changes.pop("pre"),
            "TaskTitle": "Judge",
            "TaskDescription": "Is it right?",
            "NumberOfHumanWorkersPerDataObject": changes.pop("reviewers", 1),
            "TaskTimeLimitInSeconds": 600,
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": changes.pop("post")
            },
        },
        **changes,
    }
    return {name: value for name, value in given.items() if value is not None}


def end_of(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Create a job and wait for its end; return its description."""
    client, name = sandbox.client("sagemaker"), given["LabelingJobName"]
    client.create_labeling_job(**given)

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_labeling_job(LabelingJobName=name)
        done = described["LabelingJobStatus"] in ("Completed", "Failed", "Stopped")
        return described if done else None

    return wait_until(ended, f"the end of {name}", seconds=40)


def output_of(sandbox: Sandbox, described: dict[str, Any]) -> list[Line]:
    """Return the lines of a job's output manifest."""
    assert described["LabelingJobStatus"] == "Completed", described.get("FailureReason")
    uri = described["LabelingJobOutput"]["OutputDatasetS3Uri"]
    return [json.loads(line) for line in read(sandbox, uri).splitlines()]


def read(sandbox: Sandbox, uri: str) -> bytes:
    """Return the content of an object."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = sandbox.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def run(sandbox: Sandbox, given: dict[str, Any]) -> list[Line]:
    """Run a job; return its output."""
    return output_of(sandbox, end_of(sandbox, given))


def shown(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    """Return the control route's data of a job."""
    (found,) = [
        job
        for job in control(sandbox, "GET", "labeling-jobs")
        if job["name"] == given["LabelingJobName"]
    ]
    job: dict[str, Any] = found
    return job

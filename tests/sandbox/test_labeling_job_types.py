"""Labeling jobs whose input is not an image, or whose output is not a class."""

from __future__ import annotations

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.ground_truth import image_files
from tests.sandbox.resources import control, make_key, make_role, put_policy, wait_until

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

pytestmark = pytest.mark.usefixtures("default_ground_truth")

BUCKET = "labels-of-types"
LAMBDAS = "arn:aws:lambda:us-east-1:432418664414:function"
INTERFACE = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/NamedEntityRecognition"
SEGMENTATION = (
    '<crowd-form><crowd-semantic-segmentation name="crowd-semantic-segmentation">'
    "</crowd-semantic-segmentation></crowd-form>"
)
CATEGORIES = {
    "document-version": "2018-11-28",
    "labels": [{"label": "Person", "shortDisplayName": "PER"}, {"label": "Place"}],
    "instructions": {"shortInstruction": "<p>Mark</p>", "fullInstruction": "<p>Mark all</p>"},
}
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_numbers = itertools.count()


@pytest.fixture(scope="module", autouse=True)
def bucket(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="template.html", Body=SEGMENTATION.encode())
    s3.put_object(Bucket=BUCKET, Key="categories.json", Body=json.dumps(CATEGORIES).encode())
    picture = image_files.greyscale_png([bytes(16)] * 12)
    s3.put_object(Bucket=BUCKET, Key="upload/0.png", Body=picture)
    s3.put_object(Bucket=BUCKET, Key="upload/1.png", Body=b"no picture")


@pytest.fixture(scope="module")
def key(sandbox: Sandbox) -> str:
    return make_key(sandbox)


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "labeling-types", "sagemaker.amazonaws.com")


def request(
    sandbox: Sandbox,
    role: str,
    suffix: str,
    lines: list[dict[str, Any]],
    attribute: str = "label",
    interface: dict[str, str] | None = None,
) -> dict[str, Any]:
    number = next(_numbers)
    body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    manifest = f"manifests/{number}.manifest"
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=manifest, Body=body.encode())
    return {
        "LabelingJobName": f"types-{number}-label",
        "LabelAttributeName": attribute,
        "InputConfig": {
            "DataSource": {"S3DataSource": {"ManifestS3Uri": f"s3://{BUCKET}/{manifest}"}}
        },
        "OutputConfig": {"S3OutputPath": f"s3://{BUCKET}/labeling-jobs/"},
        "RoleArn": role,
        "LabelCategoryConfigS3Uri": f"s3://{BUCKET}/categories.json",
        "HumanTaskConfig": {
            "WorkteamArn": "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
            "UiConfig": interface or {"UiTemplateS3Uri": f"s3://{BUCKET}/template.html"},
            "PreHumanTaskLambdaArn": f"{LAMBDAS}:PRE-{suffix}",
            "TaskTitle": "Types",
            "TaskDescription": "What is it?",
            "NumberOfHumanWorkersPerDataObject": 3,
            "TaskTimeLimitInSeconds": 600,
            "AnnotationConsolidationConfig": {
                "AnnotationConsolidationLambdaArn": f"{LAMBDAS}:ACS-{suffix}"
            },
        },
    }


def run(sandbox: Sandbox, given: dict[str, Any]) -> dict[str, Any]:
    client, name = sandbox.client("sagemaker"), given["LabelingJobName"]
    client.create_labeling_job(**given)

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_labeling_job(LabelingJobName=name)
        done = described["LabelingJobStatus"] in ("Completed", "Failed", "Stopped")
        return described if done else None

    return wait_until(ended, f"the end of {name}")


def stored(sandbox: Sandbox, uri: str) -> dict[str, Any]:
    name, _, path = uri.removeprefix("s3://").partition("/")
    answer: dict[str, Any] = sandbox.client("s3").get_object(Bucket=name, Key=path)
    return {**answer, "Content": answer["Body"].read()}


def output_of(sandbox: Sandbox, described: dict[str, Any]) -> list[dict[str, Any]]:
    content = stored(sandbox, described["LabelingJobOutput"]["OutputDatasetS3Uri"])["Content"]
    return [
        json.loads(line) for line in content.splitlines()
    ]  # Splitting bytes does not end a line at U+2028.


def segmentation(sandbox: Sandbox, role: str, *names: str) -> dict[str, Any]:
    lines = [{"source-ref": f"s3://{BUCKET}/upload/{name}", "item-id": name} for name in names]
    return request(sandbox, role, "SemanticSegmentation", lines, "label-ref")


def named_entities(sandbox: Sandbox, role: str, *texts: str) -> dict[str, Any]:
    lines = [{"source": text, "item-id": text, "ticket": 7} for text in texts]
    interface = {"HumanTaskUiArn": INTERFACE}
    return request(sandbox, role, "NamedEntityRecognition", lines, interface=interface)


def test_masks_are_written_under_the_job_with_its_key(
    sandbox: Sandbox, role: str, key: str
) -> None:
    box = {"left": 2, "top": 1, "width": 4, "height": 5}
    truth = {"size": [16, 12], "regions": [{"class": "Place", "box": box}]}
    control(sandbox, "POST", "workforce", {"truth": {f"s3://{BUCKET}/upload/0.png": truth}})
    given = segmentation(sandbox, role, "0.png")
    given["OutputConfig"]["KmsKeyId"] = key
    (line,) = output_of(sandbox, run(sandbox, given))
    job = f"s3://{BUCKET}/labeling-jobs/{given['LabelingJobName']}"
    assert line["label-ref"].startswith(f"{job}/annotations/consolidated-annotation/output/0_")
    mask = stored(sandbox, line["label-ref"])
    assert mask["SSEKMSKeyId"] == key
    assert image_files.size(mask["Content"]) == image_files.ImageSize(16, 12, 3)
    colours = line["label-ref-metadata"]["internal-color-map"]
    assert {colour["class-name"] for colour in colours.values()} == {"BACKGROUND", "Place"}


def test_a_role_that_may_not_write_masks_fails_the_job(sandbox: Sandbox) -> None:
    role = make_role(sandbox, "labeling-no-masks", "sagemaker.amazonaws.com")
    refusal = {
        "Effect": "Deny",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/labeling-jobs/*/annotations/*",
    }
    put_policy(sandbox, "labeling-no-masks", EVERYTHING, refusal)
    described = run(sandbox, segmentation(sandbox, role, "0.png"))
    assert described["LabelingJobStatus"] == "Failed"
    assert "AccessDenied" in described["FailureReason"]


def test_a_file_that_is_not_a_picture_fails_alone_if_its_size_is_needed(
    sandbox: Sandbox, role: str
) -> None:
    described = run(sandbox, segmentation(sandbox, role, "0.png", "1.png"))
    picture, other = output_of(sandbox, described)
    assert "label-ref" in picture
    assert "not an image" in other["label-ref-metadata"]["failure-reason"]


def test_the_truth_of_a_text_is_found_by_its_content(sandbox: Sandbox, role: str) -> None:
    text = "👍 Zoë\u2028went to Bern"
    entity = {"label": "Person", "startOffset": 2, "endOffset": 5}
    control(sandbox, "POST", "workforce", {"truth": {text: [entity]}})
    labeled, other = output_of(
        sandbox, run(sandbox, named_entities(sandbox, role, text, "nothing known"))
    )
    assert labeled["source"] == text
    assert labeled["ticket"] == 7
    assert labeled["label"]["annotations"]["entities"] == [entity]
    assert labeled["label"]["annotations"]["labels"] == CATEGORIES["labels"]
    assert labeled["label-metadata"]["entities"] == [{"confidence": 1}]
    assert other["label"]["annotations"]["entities"] == []


def test_a_truth_of_another_type_fails_the_job(sandbox: Sandbox, role: str) -> None:
    control(sandbox, "POST", "workforce", {"truth": {"text": "Person"}})
    described = run(sandbox, named_entities(sandbox, role, "text"))
    assert described["LabelingJobStatus"] == "Failed"
    assert "not a list of entities" in described["FailureReason"]


@pytest.mark.parametrize(
    "interface",
    [
        {"UiTemplateS3Uri": f"s3://{BUCKET}/template.html"},
        {"HumanTaskUiArn": INTERFACE.replace("us-east-1", "us-west-2")},
        {"HumanTaskUiArn": INTERFACE.replace("394669845002", "432418664414")},
        {"HumanTaskUiArn": INTERFACE.replace("NamedEntity", "Entity")},
        {"HumanTaskUiArn": INTERFACE, "UiTemplateS3Uri": f"s3://{BUCKET}/template.html"},
    ],
)
def test_named_entities_take_the_interface_of_the_service(
    sandbox: Sandbox, role: str, interface: dict[str, str]
) -> None:
    given = named_entities(sandbox, role, "text")
    given["HumanTaskConfig"]["UiConfig"] = interface
    with pytest.raises(ClientError, match="ValidationException"):
        sandbox.client("sagemaker").create_labeling_job(**given)


def test_only_segmentation_labels_end_in_ref(sandbox: Sandbox, role: str) -> None:
    for given, attribute in (
        (segmentation(sandbox, role, "0.png"), "label"),
        (named_entities(sandbox, role, "text"), "label-ref"),
    ):
        with pytest.raises(ClientError, match="'-ref'"):
            sandbox.client("sagemaker").create_labeling_job(
                **{**given, "LabelAttributeName": attribute}
            )


def test_a_template_of_another_type_fails_the_job(sandbox: Sandbox, role: str) -> None:
    lines = [{"source-ref": f"s3://{BUCKET}/upload/0.png"}]
    described = run(sandbox, request(sandbox, role, "BoundingBox", lines))
    assert described["LabelingJobStatus"] == "Failed"
    assert "no crowd-bounding-box" in described["FailureReason"]

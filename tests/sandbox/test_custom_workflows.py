"""Custom labeling workflows: events, results and permissions of their functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox import verification
from tests.sandbox.resources import control, make_function, make_key, make_role, put_policy
from tests.sandbox.verification import JUDGEMENTS, LAMBDAS

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox
    from tests.sandbox.verification import Line

pytestmark = pytest.mark.usefixtures("default_ground_truth")

BUCKET = "custom-labels"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TEMPLATE = """<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form><crowd-classifier name="verification" header="{{ task.input.given }}"
    categories="{{ task.input.labels | to_json | escape }}">
  <classification-target>{{ task.input.taskObject }}</classification-target></crowd-classifier>
  <crowd-text-area name="comment"></crowd-text-area></crowd-form>"""

#: Shows the class of an earlier label to the workers, unless the line requests something else.
PREPARE = """
def handler(event, context):
    line = event["dataObject"]
    assert event["version"] == "2018-10-16", event
    assert ":labeling-job/" in event["labelingJobArn"], event
    task_input = {
        "taskObject": line["source"],
        "labels": ["Correct", "Wrong class", "Wrong place"],
        "given": [line["first-metadata"]["class-name"]] if "first" in line else [],
    }
    answer = {"taskInput": task_input, "isHumanAnnotationRequired": True}
    answers = {
        "fail": lambda: 1 / 0,
        "no input": lambda: {"isHumanAnnotationRequired": True},
        "not needed": lambda: {**answer, "isHumanAnnotationRequired": False},
        "odd flag": lambda: {**answer, "isHumanAnnotationRequired": "true"},
        "by default": lambda: {"taskInput": task_input},
        "nothing to choose": lambda: {"taskInput": {**task_input, "labels": []}},
        "echo": lambda: {"taskInput": {**task_input, "labels": [repr(sorted(line))]}},
    }
    return answers[line["mode"]]() if "mode" in line else answer
"""

#: Gives each object the whole event and its entry of the payload.
CONSOLIDATE = """
import json, boto3

def handler(event, context):
    bucket, _, key = event["payload"]["s3Uri"].removeprefix("s3://").partition("/")
    stored = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    entries = json.loads(stored["Body"].read())
    attribute = event["labelAttributeName"]
    key = stored.get("SSEKMSKeyId")
    seen = {"event": event, "objects": len(entries), "key": key}
    results = [
        {
            "datasetObjectId": entry["datasetObjectId"],
            "consolidatedAnnotation": {"content": {attribute: {**seen, "entry": entry}}},
        }
        for entry in entries
    ]
    if attribute == "fails":
        raise ValueError("on purpose")
    if attribute == "object":
        return {"results": results}
    if attribute == "forgets":
        return results[1:]
    if attribute == "renames":
        other = {"content": {"other": 1}}
        return [{**result, "consolidatedAnnotation": other} for result in results]
    return results
"""


@pytest.fixture(scope="module", autouse=True)
def bucket(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(Bucket=BUCKET)


@pytest.fixture(scope="module")
def functions(sandbox: Sandbox) -> dict[str, str]:
    return {
        "pre": make_function(sandbox, "prepare-labels", PREPARE),
        "post": make_function(sandbox, "consolidate-labels", CONSOLIDATE),
    }


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "custom-labeling", "sagemaker.amazonaws.com")


def labeled(number: int, name: str = "refund", **changes: Any) -> Line:
    metadata = {"class-name": name, "type": "groundtruth/text-classification"}
    return {
        "source": f"text {number} é",
        "item-id": f"item-{number}",
        "first": 0,
        "first-metadata": metadata,
        **changes,
    }


def request(
    sandbox: Sandbox, role: str, functions: dict[str, str], lines: list[Line], **changes: Any
) -> dict[str, Any]:
    template = changes.pop("template", TEMPLATE)
    return verification.request(sandbox, BUCKET, role, lines, template, **{**functions, **changes})


def know(sandbox: Sandbox, count: int = 3, **behaviour: Any) -> None:
    truth = {f"text {number} é": "refund" for number in range(count)}
    control(sandbox, "POST", "workforce", {"truth": truth, **behaviour})


def answers(line: Line) -> list[dict[str, Any]]:
    """Return the answers of an object's workers, decoded from the payload."""
    given = line["verdict"]["entry"]["annotations"]
    return [json.loads(annotation["annotationData"]["content"]) for annotation in given]


def test_functions_receive_the_documented_event(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    know(sandbox, comments=["not that"])
    key = make_key(sandbox)
    output = {"S3OutputPath": f"s3://{BUCKET}/labeling-jobs/", "KmsKeyId": key}
    lines = [labeled(0), labeled(1, "praise", ticket=7)]
    given = request(sandbox, role, functions, lines, OutputConfig=output, reviewers=2)
    right, wrong = verification.run(sandbox, given)
    event = right["verdict"]["event"]
    payload = event.pop("payload")
    name = given["LabelingJobName"]
    assert payload["s3Uri"].startswith(f"s3://{BUCKET}/labeling-jobs/{name}/annotations/")
    assert right["verdict"]["key"] == key
    assert event == {
        "version": "2018-10-16",
        "labelingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:labeling-job/{name}",
        "labelCategories": JUDGEMENTS,
        "labelAttributeName": "verdict",
        "roleArn": role,
        "outputConfig": output["S3OutputPath"],
        "kmsKeyId": key,
    }
    assert right["verdict"]["objects"] == 2
    assert right["verdict"]["entry"]["datasetObjectId"] == "0"
    assert right["verdict"]["entry"]["dataObject"] == {"content": "text 0 é"}
    workers = {annotation["workerId"] for annotation in right["verdict"]["entry"]["annotations"]}
    assert len(workers) == 2
    assert answers(right) == [{"verification": {"label": "Correct"}, "comment": ""}] * 2
    assert all(answer["verification"]["label"] in JUDGEMENTS[1:] for answer in answers(wrong))
    assert {answer["comment"] for answer in answers(wrong)} == {"not that"}
    assert {key: wrong[key] for key in lines[1]} == lines[1]
    metadata = right["verdict-metadata"]
    assert metadata.pop("creation-date")
    assert metadata == {
        "type": "groundtruth/custom",
        "job-name": f"labeling-job/{name}",
        "human-annotated": "yes",
    }


def test_the_whole_line_is_the_data_object(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    line = labeled(0, mode="echo")
    (found,) = verification.run(sandbox, request(sandbox, role, functions, [line]))
    assert answers(found)[0]["verification"]["label"] == repr(sorted(line))


def test_one_object_that_cannot_be_prepared_fails_alone_and_is_not_shown(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    know(sandbox, 10)
    modes = ["fail", "no input", "not needed", "odd flag", "nothing to choose"]
    lines = [labeled(number, mode=mode) for number, mode in enumerate(modes)]
    lines += [labeled(5, mode="by default"), labeled(6)]
    given = request(sandbox, role, functions, lines)
    *failed, shown, usual = verification.run(sandbox, given)
    for line in failed:
        assert "verdict" not in line
        assert line["verdict-metadata"]["failure-reason"].startswith("ClientError")
    # None of them reaches the function for consolidation.
    assert shown["verdict"]["objects"] == usual["verdict"]["objects"] == 2
    assert verification.shown(sandbox, given)["shown"] == 2


def test_objects_that_nobody_worked_on_never_reach_the_consolidation(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    know(sandbox, 20, expiry_rate=0.5)
    given = request(sandbox, role, functions, [labeled(number) for number in range(20)])
    lines = verification.run(sandbox, given)
    done = [line for line in lines if "verdict" in line]
    assert 0 < len(done) < 20
    assert {line["verdict"]["objects"] for line in done} == {len(done)}
    expired = [line for line in lines if "verdict" not in line]
    assert all("expired" in line["verdict-metadata"]["failure-reason"] for line in expired)


@pytest.mark.parametrize(
    ("attribute", "labels"), [("fails", 0), ("object", 0), ("renames", 0), ("forgets", 2)]
)
def test_a_consolidation_that_goes_wrong_fails_what_it_gives_no_label(
    sandbox: Sandbox, role: str, functions: dict[str, str], attribute: str, labels: int
) -> None:
    lines = [labeled(number) for number in range(3)]
    given = request(sandbox, role, functions, lines, attribute=attribute)
    found = verification.run(sandbox, given)
    assert sum(attribute in line for line in found) == labels
    missing = [line for line in found if attribute not in line]
    assert all("failure-reason" in line[f"{attribute}-metadata"] for line in missing)
    # Workers answered, so they are paid for.
    assert verification.shown(sandbox, given)["shown"] == 3


@pytest.mark.parametrize("side", ["pre", "post"])
def test_the_role_of_the_job_must_be_allowed_to_call_the_functions(
    sandbox: Sandbox, functions: dict[str, str], side: str
) -> None:
    name = f"custom-without-{side}"
    role = make_role(sandbox, name, "sagemaker.amazonaws.com")
    other = functions["post" if side == "pre" else "pre"]
    calls = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": other}
    files = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    put_policy(sandbox, name, files, calls)
    described = verification.end_of(sandbox, request(sandbox, role, functions, [labeled(0)]))
    assert described["LabelingJobStatus"] == "Failed"
    assert "lambda:InvokeFunction" in described["FailureReason"]
    assert functions[side] in described["FailureReason"]


def test_a_custom_workflow_needs_two_custom_functions(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    for changes in (
        {"pre": f"{LAMBDAS}:PRE-TextMultiClass"},
        {"post": f"{LAMBDAS}:ACS-TextMultiClass"},
        {"pre": functions["pre"].replace("us-east-1", "us-west-2")},
        {"pre": functions["pre"].replace("123456789012", "210987654321")},
        {"attribute": "verdict-ref"},
    ):
        with pytest.raises(ClientError, match="ValidationException"):
            sandbox.client("sagemaker").create_labeling_job(
                **request(sandbox, role, functions, [labeled(0)], **changes)
            )


def test_workers_see_only_what_the_template_shows(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    know(sandbox)
    blind = TEMPLATE.replace("task.input.given", "task.input.nothing")
    lines = [labeled(0)]
    (seen,) = verification.run(sandbox, request(sandbox, role, functions, lines))
    (unseen,) = verification.run(sandbox, request(sandbox, role, functions, lines, template=blind))
    assert answers(seen)[0]["verification"]["label"] == "Correct"
    assert answers(unseen)[0]["verification"]["label"] != "Correct"


def test_answers_have_the_names_of_the_templates_elements(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    template = """<crowd-form><crowd-image-classifier name="q" categories="['yes', 'no']">
        {{ task.input["taskObject"] }}</crowd-image-classifier></crowd-form>"""
    given = request(
        sandbox, role, functions, [labeled(0)], template=template, LabelCategoryConfigS3Uri=None
    )
    (line,) = verification.run(sandbox, given)
    assert answers(line) == [{"q": {"label": "yes"}}]
    assert line["verdict"]["event"]["labelCategories"] is None
    assert "kmsKeyId" not in line["verdict"]["event"]


def test_a_template_without_a_question_fails_the_job(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    for template in (
        "<crowd-form></crowd-form>",
        TEMPLATE.replace('name="verification"', ""),
        TEMPLATE.replace("categories=", "labels="),
    ):
        given = request(sandbox, role, functions, [labeled(0)], template=template)
        described = verification.end_of(sandbox, given)
        assert described["LabelingJobStatus"] == "Failed"
        assert "needs one" in described["FailureReason"]


def test_objects_shown_without_a_label_are_counted(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    bare = {"source": "text 1 é", "item-id": "item-1"}
    given = request(sandbox, role, functions, [labeled(0), bare])
    verification.run(sandbox, given)
    job = verification.shown(sandbox, given)
    assert (job["shown"], job["shown_without_label"]) == (2, 1)


def test_two_hundred_objects_take_seconds_and_few_consolidations(
    sandbox: Sandbox, role: str, functions: dict[str, str]
) -> None:
    know(sandbox, 200)
    given = request(sandbox, role, functions, [labeled(number) for number in range(200)])
    lines = verification.run(sandbox, given)  # fails after 40 s
    assert all("verdict" in line for line in lines)
    batches = {line["verdict"]["event"]["payload"]["s3Uri"] for line in lines}
    assert 1 < len(batches) <= 10
    assert min(line["verdict"]["objects"] for line in lines) > 1

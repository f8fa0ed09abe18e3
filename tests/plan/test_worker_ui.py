"""What workers are shown, by task type: the template as a browser reads it, and the categories."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.validate import validate_parameters

from in_process_aws import validation
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings, labeling_job_request
from tests.plan.scenarios import TASK_TYPES, UNSAFE, UNSAFE_LABELS
from tests.plan.worker_page import Page, rendered_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned
    from tests.plan.worker_page import Element

pytestmark = pytest.mark.terraform

SERVICE_UI_TYPES = ["named_entity_recognition"]
TEMPLATE_TYPES = [name for name in TASK_TYPES if name not in SERVICE_UI_TYPES]
TEXT_TYPES = ["text_multi_label_classification", "text_single_label_classification"]

# The element of each task type with its name, under which the service reads the answer, and the
# attribute that takes the labels.
ELEMENTS = {
    "image_bounding_box": ("crowd-bounding-box", "boundingBox", "labels"),
    "image_multi_label_classification": (
        "crowd-image-classifier-multi-select",
        "crowd-image-classifier-multi-select",
        "categories",
    ),
    "image_semantic_segmentation": (
        "crowd-semantic-segmentation",
        "crowd-semantic-segmentation",
        "labels",
    ),
    "image_single_label_classification": (
        "crowd-image-classifier",
        "crowd-image-classifier",
        "categories",
    ),
    "text_multi_label_classification": (
        "crowd-classifier-multi-select",
        "crowd-classifier-multi-select",
        "categories",
    ),
    "text_single_label_classification": ("crowd-classifier", "crowd-classifier", "categories"),
}
IMAGE = "s3://bucket/red flower.png"
TEXT = (
    '</classification-target></crowd-form><script>alert("x")</script> {{ task.input.labels }}\n'
    "  & &amp; \"quoted\" 'text' {% raw %} line\u2028separator --> 🚗"
)


def rendered(planned: Planned, task_object: str, labels: list[str]) -> Element:
    """Render the planned template as the service does for one task."""
    content = planned.resources["module.ground_truth[0].aws_s3_object.template[0]"]["content"]
    return rendered_page(content, {"taskObject": task_object, "labels": labels})


def categories(planned: Planned) -> dict[str, Any]:
    content = planned.resources["module.ground_truth[0].aws_s3_object.categories"]["content"]
    parsed: dict[str, Any] = json.loads(content)
    return parsed


def described(element: Element) -> dict[str, str]:
    names = [each.text for each in element.all("dt")]
    return dict(zip(names, [each.text for each in element.all("dd")], strict=True))


def unsafe(plan: Callable[[str], Planned], task_type: str) -> Planned:
    return plan(f"unsafe verified {task_type}")


@pytest.mark.parametrize("task_type", TEMPLATE_TYPES)
def test_a_template_has_the_element_that_the_service_reads(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    page = rendered(unsafe(plan, task_type), IMAGE, UNSAFE_LABELS)
    tag, name, labels_attribute = ELEMENTS[task_type]
    (script,) = page.all("script")
    assert script.attributes == {"src": "https://assets.crowd.aws/crowd-html-elements.js"}
    (form,) = page.all("crowd-form")
    (element,) = form.children
    assert (element.name, element.attributes["name"]) == (tag, name)
    assert element.attributes["header"] == UNSAFE["task"]["title"]
    assert json.loads(element.attributes[labels_attribute] or "") == UNSAFE_LABELS


@pytest.mark.parametrize("task_type", TEMPLATE_TYPES)
def test_a_template_shows_the_instructions_as_text(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    page = rendered(unsafe(plan, task_type), IMAGE, UNSAFE_LABELS)
    (full,) = page.all("full-instructions")
    (short,) = page.all("short-instructions")
    assert full.attributes["header"] == UNSAFE["task"]["title"]
    assert full.all("p")[0].text == UNSAFE["instructions"]["full"]
    assert described(full) == {label: f"All about {label}" for label in UNSAFE_LABELS}
    assert short.text.strip() == UNSAFE["instructions"]["short"]


@pytest.mark.parametrize("task_type", TEMPLATE_TYPES)
def test_nothing_of_the_caller_becomes_an_element(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    page = rendered(unsafe(plan, task_type), TEXT, UNSAFE_LABELS)
    known = {"script", "crowd-form", ELEMENTS[task_type][0], "full-instructions"}
    known |= {"short-instructions", "p", "dl", "dt", "dd"}
    known |= {"classification-target"} if task_type in TEXT_TYPES else set()
    assert page.tags() == known
    assert len(page.all("script")) == 1


@pytest.mark.parametrize("task_type", TEMPLATE_TYPES)
def test_a_template_shows_the_object(plan: Callable[[str], Planned], task_type: str) -> None:
    planned = unsafe(plan, task_type)
    if task_type in TEXT_TYPES:
        (target,) = rendered(planned, TEXT, UNSAFE_LABELS).all("classification-target")
        assert target.text == TEXT
        assert target.attributes == {"style": "white-space: pre-wrap"}
    else:
        (element,) = rendered(planned, IMAGE, UNSAFE_LABELS).all(ELEMENTS[task_type][0])
        assert element.attributes["src"] == f"https://signed/{IMAGE}"


@pytest.mark.parametrize("task_type", TEMPLATE_TYPES)
def test_the_categories_hold_the_labels_and_nothing_else(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    assert categories(unsafe(plan, task_type)) == {
        "document-version": "2018-11-28",
        "labels": [{"label": label} for label in UNSAFE_LABELS],
    }


@pytest.mark.parametrize("task_type", SERVICE_UI_TYPES)
def test_the_categories_hold_the_instructions_where_no_template_does(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    found = categories(unsafe(plan, task_type))
    assert found["labels"] == [
        {"label": label, "shortDisplayName": label[:4].strip()} for label in UNSAFE_LABELS
    ]
    assert set(found) == {"document-version", "instructions", "labels"}
    full = Page(found["instructions"]["fullInstruction"]).root
    short = Page(found["instructions"]["shortInstruction"]).root
    assert full.all("p")[0].text == UNSAFE["instructions"]["full"]
    assert described(full) == {label: f"All about {label}" for label in UNSAFE_LABELS}
    assert short.text == UNSAFE["instructions"]["short"]
    assert full.tags() | short.tags() == {"p", "dl", "dt", "dd"}
    for text in found["instructions"].values():
        assert "{{" not in text
        assert "{%" not in text


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_a_job_names_either_a_template_or_the_user_interface_of_the_service(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = unsafe(plan, task_type)
    job = json.loads(planned.environment("start_labeling_job")["LABELING_JOB"])
    template = "module.ground_truth[0].aws_s3_object.template[0]"
    if task_type in SERVICE_UI_TYPES:
        assert job["template_s3_uri"] is None
        ui = "arn:aws:sagemaker:us-east-1:394669845002:human-task-ui/NamedEntityRecognition"
        assert job["human_task_ui_arn"] == ui
        assert template not in planned.resources
    else:
        assert job["human_task_ui_arn"] is None
        assert job["template_s3_uri"].startswith("s3://digits-123456789012-us-east-1-output/")
        assert template in planned.resources


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_the_request_that_is_made_of_the_settings_is_one_that_boto3_knows(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    environment = unsafe(plan, task_type).environment("start_labeling_job")
    request = labeling_job_request(
        LabelingJobSettings(**json.loads(environment["LABELING_JOB"])),
        name="digits-20260101t000000-0123456789-label",
        manifest_uri="s3://digits-output/runs/r/manifests/label.manifest",
        output_bucket="digits-output",
        kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/k",
    )
    # Lengths, patterns and enumerations too, which boto3 itself leaves to the service.
    assert validation.breaches("sagemaker", "CreateLabelingJob", request) == []
    model = boto3.client("sagemaker", region_name="us-east-1").meta.service_model
    shape = model.operation_model("CreateLabelingJob").input_shape
    assert shape is not None
    validate_parameters(request, shape)


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_the_functions_know_the_labels(plan: Callable[[str], Planned], task_type: str) -> None:
    labels = json.loads(unsafe(plan, task_type).environment("plan_results")["LABELS"])
    assert labels == UNSAFE_LABELS


def test_the_functions_know_no_labels_of_the_callers_category_file(
    plan: Callable[[str], Planned],
) -> None:
    assert json.loads(plan("overrides").environment("plan_results")["LABELS"]) is None

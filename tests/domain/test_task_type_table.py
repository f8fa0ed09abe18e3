"""The table of task types says what the documentation of the service's own API model says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, Any] = json.loads(
    (ROOT / "lambda_src/src/labeling_lambdas/task_types.json").read_text(encoding="utf-8")
)
ROWS: dict[str, dict[str, Any]] = TABLE["task_types"]
SHAPES: dict[str, Any] = Loader().load_service_model("sagemaker", "service-2")["shapes"]

# One ARN of the documentation runs into the next sentence, so a name ends where a known one does.
MANAGED_FUNCTION = re.compile(
    r"arn:aws:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):function:(?P<name>(?:PRE|ACS)-\w+)"
)
# Where the documentation lists the functions that make tasks, and those that merge answers.
FUNCTION_MEMBERS = [
    ("PRE", "HumanTaskConfig", "PreHumanTaskLambdaArn"),
    ("ACS", "AnnotationConsolidationConfig", "AnnotationConsolidationLambdaArn"),
]
TEXT_TYPES = {
    "named_entity_recognition",
    "text_multi_label_classification",
    "text_single_label_classification",
}
IMAGE_TYPES = {
    "image_bounding_box",
    "image_multi_label_classification",
    "image_semantic_segmentation",
    "image_single_label_classification",
}
# The columns every row has, so that no reader needs a default.
COLUMNS = {
    "default_task",
    "extensions",
    "label_attribute_suffix",
    "managed_function_suffix",
    "manifest_key",
    "max_labels",
    "max_object_bytes",
    "max_objects_per_job",
    "max_text_characters",
    "media_type",
    "min_labels",
    "service_ui",
    "verification",
    "worker_template",
    "worker_ui",
}


def documentation(shape: str, member: str) -> str:
    """What the API model says about a member, without markup."""
    text: str = SHAPES[shape]["members"][member]["documentation"]
    return re.sub(r"<[^>]+>", "", text)


def managed_functions(shape: str, member: str) -> set[tuple[str, str, str]]:
    """Region, account and name of each function that the service documents."""
    found = MANAGED_FUNCTION.finditer(documentation(shape, member))
    return {(match["region"], match["account"], match["name"]) for match in found}


def test_the_table_has_the_seven_task_types() -> None:
    assert set(ROWS) == TEXT_TYPES | IMAGE_TYPES
    assert {name for name, row in ROWS.items() if row["media_type"] == "text"} == TEXT_TYPES


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_row_has_every_column(name: str) -> None:
    assert set(ROWS[name]) == COLUMNS


@pytest.mark.parametrize(("prefix", "shape", "member"), FUNCTION_MEMBERS)
@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_service_has_the_functions_of_a_task_type_in_every_region_of_the_table(
    name: str, prefix: str, shape: str, member: str
) -> None:
    function = f"{prefix}-{ROWS[name]['managed_function_suffix']}"
    documented = {
        (region, account)
        for region, account, found in managed_functions(shape, member)
        if found == function
    }
    assert documented == set(TABLE["managed_function_accounts"].items())


def test_accounts_keep_their_leading_zeros() -> None:
    assert TABLE["managed_function_accounts"]["us-west-2"].startswith("0")


@pytest.mark.parametrize("name", sorted(ROWS))
def test_verification_is_native_where_the_service_has_functions_for_it(name: str) -> None:
    verification = ROWS[name]["verification"]
    function = f"Verification{ROWS[name]['managed_function_suffix']}"
    for prefix, shape, member in FUNCTION_MEMBERS:
        documented = {
            (region, account)
            for region, account, found in managed_functions(shape, member)
            if found == f"{prefix}-{function}"
        }
        expected = set(TABLE["managed_function_accounts"].items())
        assert documented == (expected if verification["workflow"] == "native" else set())
    suffix = function if verification["workflow"] == "native" else None
    assert verification["managed_function_suffix"] == suffix


@pytest.mark.parametrize("name", sorted(ROWS))
def test_verification_has_a_page_and_judgements(name: str) -> None:
    verification = ROWS[name]["verification"]
    assert set(verification) == {
        "categories",
        "default_task",
        "managed_function_suffix",
        "worker_template",
        "workflow",
    }
    assert (ROOT / "modules/ground_truth/templates" / verification["worker_template"]).is_file()
    categories = verification["categories"]
    assert categories[0] == "Correct"
    assert 2 <= len(categories) == len(set(categories)) <= 10


@pytest.mark.parametrize("name", sorted(ROWS))
def test_a_task_type_has_a_template_or_a_user_interface_of_the_service(name: str) -> None:
    row = ROWS[name]
    documented = documentation("UiConfig", "HumanTaskUiArn")
    arn = f":{TABLE['service_ui_account']}:human-task-ui/{row['managed_function_suffix']}"
    assert (arn in documented) == (row["worker_ui"] == "service")
    if row["worker_ui"] == "service":
        assert row["worker_template"] is None
        assert row["service_ui"] == row["managed_function_suffix"]
    else:
        assert (ROOT / "modules/ground_truth/templates" / row["worker_template"]).is_file()
        assert row["service_ui"] is None


def test_the_label_attribute_of_a_segmentation_alone_is_a_reference() -> None:
    documented = documentation("CreateLabelingJobRequest", "LabelAttributeName")
    assert "-ref" in documented
    for name, row in ROWS.items():
        suffix = row["label_attribute_suffix"]
        assert suffix.endswith("-ref") == (name == "image_semantic_segmentation")
        assert re.fullmatch(SHAPES["LabelAttributeName"]["pattern"], f"digits{suffix}")


@pytest.mark.parametrize("stage", ["labeling", "verification"])
@pytest.mark.parametrize("name", sorted(ROWS))
def test_the_default_settings_of_a_task_are_valid_for_boto3(name: str, stage: str) -> None:
    row = ROWS[name]["verification"] if stage == "verification" else ROWS[name]
    task = row["default_task"]
    assert 1 <= len(task["title"]) <= SHAPES["TaskTitle"]["max"]
    assert 1 <= len(task["description"]) <= SHAPES["TaskDescription"]["max"]
    assert 1 <= len(task["keywords"]) <= SHAPES["TaskKeywords"]["max"]
    for keyword in task["keywords"]:
        assert re.fullmatch(SHAPES["TaskKeyword"]["pattern"], keyword)
        assert len(keyword) <= SHAPES["TaskKeyword"]["max"]

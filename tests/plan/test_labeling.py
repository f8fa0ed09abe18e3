"""The worker template, the categories, the Ground Truth role and the feature group."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import REVIEW_ASKED_FOR, TASK_ASKED_FOR

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

BUCKETS = "arn:aws:s3:::digits-123456789012-us-east-1"
BASE_COLUMNS = {
    "attempts": "Integral",
    "confidence": "Fractional",
    "event_time": "String",
    "extra_json": "String",
    "label": "String",
    "label_json": "String",
    "label_schema": "String",
    "labeling_job": "String",
    "run_id": "String",
    "source_etag": "String",
    "source_ref": "String",
    "source_version_id": "String",
    "status": "String",
    "task_type": "String",
    "verification_job": "String",
}


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


def feature_group(planned: Planned) -> dict[str, Any]:
    (group,) = planned.of_type("aws_sagemaker_feature_group").values()
    return group


def columns(planned: Planned) -> dict[str, str]:
    definitions = feature_group(planned)["feature_definition"]
    return {each["feature_name"]: each["feature_type"] for each in definitions}


def test_the_categories_are_the_labels_in_order(own_key: Planned) -> None:
    categories = own_key.resources["module.ground_truth[0].aws_s3_object.categories"]
    assert json.loads(categories["content"]) == {
        "document-version": "2018-11-28",
        "labels": [{"label": "cat"}, {"label": "dog"}],
    }


def test_the_callers_template_and_category_file_are_used(plan: Callable[[str], Planned]) -> None:
    planned = plan("overrides")
    job = json.loads(planned.environment("start_labeling_job")["LABELING_JOB"])
    assert job["categories_s3_uri"] == "s3://my-files/categories.json"
    assert job["template_s3_uri"] == "s3://my-files/templates/mine.liquid.html"
    role = planned.statements("module.ground_truth[0].aws_iam_role_policy.this[0]")
    readable = as_list(role["ReadInputs"]["Resource"])
    assert "arn:aws:s3:::my-files/categories.json" in readable
    assert "arn:aws:s3:::my-files/templates/mine.liquid.html" in readable


@pytest.mark.parametrize(
    ("step", "setting", "asked"),
    [
        ("start_labeling_job", "LABELING_JOB", TASK_ASKED_FOR),
        ("start_verification_job", "VERIFICATION_JOB", REVIEW_ASKED_FOR),
    ],
)
def test_a_job_is_as_the_caller_asks(
    plan: Callable[[str], Planned], step: str, setting: str, asked: dict[str, Any]
) -> None:
    job = json.loads(plan("asked_for").environment(step)[setting])
    # In its request both times begin with "task_".
    given = {name.removeprefix("task_"): value for name, value in job.items()}
    assert {name: given[name] for name in asked} == asked


def test_records_name_the_label_schema_they_were_made_with(
    plan: Callable[[str], Planned],
) -> None:
    schemas = [
        plan(name).environment("plan_results")["LABEL_SCHEMA"]
        for name in ("own_key", "overrides", "online_store")
    ]
    assert all(schema.startswith("sha256:") and len(schema) == 23 for schema in schemas)
    assert schemas[0] != schemas[1]
    assert schemas[0] == schemas[2]


def test_the_ground_truth_role_reads_inputs_and_writes_annotations(own_key: Planned) -> None:
    role = own_key.statements("module.ground_truth[0].aws_iam_role_policy.this[0]")
    assert as_list(role["ReadInputs"]["Resource"]) == [
        f"{BUCKETS}-output/runs/*/manifests/*",
        f"{BUCKETS}-upload/*",
    ]
    assert role["ReadInputs"]["Action"] == "s3:GetObject"
    assert role["WriteAnnotations"]["Resource"] == f"{BUCKETS}-output/labeling-jobs/*"
    assert as_list(role["InspectBuckets"]["Resource"]) == [f"{BUCKETS}-output", f"{BUCKETS}-upload"]
    # AWS's pages name several namespaces of labeling jobs.
    assert "Condition" not in role["Metrics"]


def test_the_feature_group_has_every_column_of_a_record(own_key: Planned) -> None:
    assert columns(own_key) == BASE_COLUMNS
    group = feature_group(own_key)
    assert group["record_identifier_feature_name"] == "source_ref"
    assert group["event_time_feature_name"] == "event_time"
    assert group["online_store_config"] == []
    offline = group["offline_store_config"][0]
    assert offline["table_format"] == "Iceberg"
    uri = offline["s3_storage_config"][0]["s3_uri"]
    assert uri == "s3://digits-123456789012-us-east-1-features/offline-store"


def test_extra_features_known_at_creation_are_columns(plan: Callable[[str], Planned]) -> None:
    planned = plan("extra_features")
    assert columns(planned) == BASE_COLUMNS | {"weather": "String"}
    features = json.loads(planned.environment("plan_results")["EXTRA_FEATURES"])
    assert features == {"weather": {"path": "capture.weather", "column": True}}


def test_the_feature_group_role_writes_the_offline_store_only(own_key: Planned) -> None:
    role = own_key.statements("module.feature_group.aws_iam_role_policy.this")
    assert role["WriteOfflineStore"]["Resource"] == f"{BUCKETS}-features/offline-store/*"
    assert role["ReadTableMetadata"]["Action"] == "s3:GetObject"
    metadata = f"{BUCKETS}-features/offline-store/*/metadata/*"
    assert role["ReadTableMetadata"]["Resource"] == metadata
    assert as_list(role["Catalog"]["Action"]) == ["glue:GetTable", "glue:UpdateTable"]
    assert all(
        resource.startswith(f"{BUCKETS}-features")
        for statement in role.values()
        for resource in as_list(statement["Resource"])
        if resource.startswith("arn:aws:s3")
    )

"""A provider with default tags: they reach what they fit on, and no object of the module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import copy_module
from labeling_deployment.planned import Planned
from labeling_deployment.terraform import planning_terraform
from tests.plan.scenarios import KEYED, REVIEWERS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.terraform

# An object takes ten: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
DEFAULT_TAGS = {f"tag-{number}": "x" for number in range(11)}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Planned:
    folder: Path = copy_module(tmp_path_factory.mktemp("default-tags"))
    provider = {"provider": {"aws": {"default_tags": {"tags": DEFAULT_TAGS}}}}
    (folder / "provider.tf.json").write_text(json.dumps(provider), encoding="utf-8")
    variables = KEYED | {"verification": {"workteam_arn": REVIEWERS}}
    (folder / "terraform.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
    with planning_terraform(folder) as terraform:
        return Planned(terraform.plan(output=True))


def test_objects_have_no_default_tags(planned: Planned) -> None:
    objects = planned.of_type("aws_s3_object")
    assert len(objects) == 4
    assert [values["tags_all"] for values in objects.values() if values.get("tags_all")] == []


def test_everything_else_has_them(planned: Planned) -> None:
    for kind in ("aws_s3_bucket", "aws_sagemaker_feature_group", "aws_iam_role"):
        for values in planned.of_type(kind).values():
            assert values["tags_all"].items() >= DEFAULT_TAGS.items()

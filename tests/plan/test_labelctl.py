"""The permissions that labelctl's page lists are for the resources that the module makes."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned

pytestmark = pytest.mark.terraform

_DOCUMENT = (ROOT / "docs" / "labelctl.md").read_text(encoding="utf-8")
_PLACES = {"REGION": "us-east-1", "ACCOUNT": "123456789012", "JOB_NAME": "digits"}
#: What an ARN's resource part names, by the kinds of resources that the plan shows.
_KINDS = {
    "aws_cloudwatch_event_rule": ["rule/{name}"],
    "aws_dynamodb_table": ["table/{name}"],
    "aws_iam_role": ["role{path}{name}"],
    "aws_lambda_function": ["function:{function_name}"],
    "aws_s3_bucket": ["{bucket}"],
    "aws_sagemaker_feature_group": ["feature-group/{feature_group_name}"],
    "aws_scheduler_schedule": ["schedule/{group_name}/{name}"],
    "aws_sfn_state_machine": ["stateMachine:{name}", "execution:{name}:id"],
    "aws_sqs_queue": ["{name}"],
    "aws_ssm_parameter": ["parameter{name}"],
}
#: What runs and Feature Store create, and what the user names.
_NOT_PLANNED = {
    "catalog",
    "database/sagemaker_featurestore",
    "labeling-job/digits-0a1b",
    "table/sagemaker_featurestore/digits-1767225600",
    "workteam/private-crowd/labelers",
}


def listed_resources() -> set[str]:
    """Return the resource part of every ARN on the page, without the keys of objects."""
    found = set()
    for pattern in re.findall(r'"arn:aws:[^"]+"', _DOCUMENT):
        arn = pattern.strip('"')
        for placeholder, value in _PLACES.items():
            arn = arn.replace(placeholder, value)
        service, resource = (arn.split(":", 5)[index] for index in (2, 5))
        found.add(resource.partition("/")[0] if service == "s3" else resource)
    return found


def test_each_resource_of_the_policies_is_made_by_the_module(
    plan: Callable[[str], Planned],
) -> None:
    made = _NOT_PLANNED | {
        form.format(**values)
        for planned in (plan("text"), plan("label_studio"))
        for kind, forms in _KINDS.items()
        for form in forms
        for values in planned.of_type(kind).values()
    }
    assert {
        listed
        for listed in listed_resources()
        if not any(fnmatchcase(name, listed) for name in made)
    } == set()


def test_each_parameter_that_labelctl_reads_is_published(
    plan: Callable[[str], Planned],
) -> None:
    source = (ROOT / "labelctl" / "src" / "labelctl" / "pipeline.py").read_text(encoding="utf-8")
    read = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', source))
    published = {
        values["name"].removeprefix("/digits/")
        for scenario in ("text", "extra_features")
        for values in plan(scenario).of_type("aws_ssm_parameter").values()
    }
    assert {"ledger-table-name", "splitter-function-name", "ignored-keys"} <= read
    assert read <= published

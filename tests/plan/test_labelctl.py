"""The permissions that labelctl's page lists are for the resources that the module makes."""

from __future__ import annotations

import re
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
    "aws_dynamodb_table": "table/{name}",
    "aws_lambda_function": "function:{function_name}",
    "aws_s3_bucket": "{bucket}",
    "aws_sfn_state_machine": "execution:{name}:*",
    "aws_sqs_queue": "{name}",
    "aws_ssm_parameter": "parameter{name}",
}


def listed_resources() -> set[str]:
    """The resource parts of every ARN on the page, with the values of the planned pipeline."""
    found = set()
    for pattern in re.findall(r'"arn:aws:[^"]+"', _DOCUMENT):
        arn = pattern.strip('"')
        for placeholder, value in _PLACES.items():
            arn = arn.replace(placeholder, value)
        found.add(arn.split(":", 5)[5])
    return found


def test_each_resource_of_the_policies_is_made_by_the_module(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("text")
    made = {
        form.format(**values)
        for kind, form in _KINDS.items()
        for values in planned.of_type(kind).values()
    }
    # Objects of a bucket, all parameters of the pipeline, and jobs, which runs create.
    made |= {f"{name}/*" for name in made if name.endswith("-upload")}
    made |= {"parameter/digits/*", "labeling-job/digits-*"}
    assert listed_resources() <= made


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

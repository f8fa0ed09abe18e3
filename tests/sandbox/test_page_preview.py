"""RenderUiTemplate: a page as workers see it, or the errors of its template."""

from __future__ import annotations

import html
import json
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from tests.sandbox.resources import make_role

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


@pytest.fixture(scope="module")
def role(sandbox: Sandbox) -> str:
    return make_role(sandbox, "shows-pages", "sagemaker.amazonaws.com")


def render(client: Any, template: str, role: str, **task_input: Any) -> Any:
    return client.render_ui_template(
        UiTemplate={"Content": template}, Task={"Input": json.dumps(task_input)}, RoleArn=role
    )


def test_a_page_is_filled_with_links_that_the_role_signs(sandbox: Sandbox, role: str) -> None:
    bucket = f"pages-{uuid.uuid4().hex}"
    sandbox.client("s3").create_bucket(Bucket=bucket)
    sandbox.client("s3").put_object(Bucket=bucket, Key="a b.png", Body=b"the picture")
    template = '<img src="{{ task.input.taskObject | grant_read_access }}">{{ task.input.text }}'
    answer = render(
        sandbox.client("sagemaker"), template, role, taskObject=f"s3://{bucket}/a b.png", text="<b>"
    )
    assert answer["Errors"] == []
    page = answer["RenderedContent"]
    assert page.endswith("&lt;b&gt;")
    link = html.unescape(page.partition('"')[2].partition('"')[0])
    with urllib.request.urlopen(link, timeout=60) as found:
        assert found.read() == b"the picture"


@pytest.mark.parametrize("template", ["{% if x %}", "{{ a | nothing }}"])
def test_the_errors_of_a_template_are_in_the_answer(
    sandbox: Sandbox, role: str, template: str
) -> None:
    answer = render(sandbox.client("sagemaker"), template, role)
    assert [error["Code"] for error in answer["Errors"]] == ["InvalidTemplate"]


def test_the_role_must_be_passed(sandbox: Sandbox, role: str) -> None:
    caller = make_role(
        sandbox,
        "renders-pages",
        "ec2.amazonaws.com",
        {"Effect": "Allow", "Action": "sagemaker:RenderUiTemplate", "Resource": "*"},
    )
    held = credentials.assume(caller, "operator").for_client()
    with pytest.raises(ClientError, match="iam:PassRole"):
        render(sandbox.client("sagemaker", **held), "x", role)

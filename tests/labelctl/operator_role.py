"""A role with the permissions of the page, as an operator has it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from labelctl.connection import Connection
from labeling_sandbox.iam import credentials
from tests.labelctl.test_permissions import POLICIES
from tests.sandbox.resources import make_role, put_policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.labelctl.deployed import Deployed


@contextmanager
def operator(deployed: Deployed, role: str) -> Iterator[tuple[Connection, Callable[..., None]]]:
    """Let commands run as a role; yield its connection, and what replaces its policy."""
    sandbox = deployed.deployment.sandbox
    held = credentials.assume(make_role(sandbox, role, "ec2.amazonaws.com"), "operator")
    iam = sandbox.client("iam")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", held.access_key_id)
        environment.setenv("AWS_SECRET_ACCESS_KEY", held.secret_access_key)
        environment.setenv("AWS_SESSION_TOKEN", held.session_token)
        yield Connection(sandbox.region), partial(put_policy, sandbox, role)
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=name)
    iam.delete_role(RoleName=role)


def without(policy: list[dict[str, Any]], missing: set[str]) -> list[dict[str, Any]]:
    """Return a policy without some actions."""
    reduced = [
        {**statement, "Action": [each for each in statement["Action"] if each not in missing]}
        for statement in policy
    ]
    return [statement for statement in reduced if statement["Action"]]


def named_permission(text: str) -> str:
    """Return the permission that an error message names as missing."""
    found = re.search(r"missing permission (\S+) on ", text)
    return found[1] if found else text


def documented(deployed: Deployed, title: str) -> list[dict[str, Any]]:
    """The statements of a policy in the documentation, with the names of the deployed pipeline."""
    sandbox = deployed.deployment.sandbox
    text = json.dumps(POLICIES[title])
    for placeholder, value in {
        "JOB_NAME": deployed.name,
        "TOKEN_SECRET_ARN": deployed.parameter("resources")["label_studio"]["token_secret_arn"],
        "KEY_ARN": deployed.output("kms_key_arn"),
        "REGION": sandbox.region,
        "ACCOUNT": sandbox.account,
    }.items():
        text = text.replace(placeholder, value)
    result: list[dict[str, Any]] = json.loads(text)
    return result

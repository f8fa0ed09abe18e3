"""AWS resources that several tests of the sandbox create, and functions to wait for results."""

from __future__ import annotations

import io
import json
import time
import urllib.request
import zipfile
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_sandbox.server import Sandbox

T = TypeVar("T")
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def make_role(
    sandbox: Sandbox, name: str, service: str, *statements: dict[str, Any], **condition: Any
) -> str:
    """Create a role that trusts one service; without statements it may do everything."""
    iam = sandbox.client("iam")
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        trust["Condition"] = condition["condition"]
    document = {"Version": "2012-10-17", "Statement": [trust]}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(document))["Role"][
        "Arn"
    ]
    put_policy(sandbox, name, *(statements or (ANYTHING,)))
    return str(arn)


def put_policy(sandbox: Sandbox, role: str, *statements: dict[str, Any]) -> None:
    """Replace the inline policy of a role."""
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    sandbox.client("iam").put_role_policy(
        RoleName=role, PolicyName="inline", PolicyDocument=json.dumps(policy)
    )


def make_function(sandbox: Sandbox, name: str, source: str) -> str:
    """Create a function from the source of its module ``app``; return its ARN."""
    role = make_role(sandbox, f"{name}-role", "lambda.amazonaws.com")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", source)
    created = sandbox.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": packed.getvalue()},
        # A process that starts beside all other tests may be slow.
        Timeout=60,
    )
    return str(created["FunctionArn"])


def make_key(sandbox: Sandbox, *statements: dict[str, Any]) -> str:
    """Create a customer-managed key that delegates to IAM; return its ARN."""
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{sandbox.account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = {"Version": "2012-10-17", "Statement": [root, *statements]}
    key = sandbox.client("kms").create_key(Policy=json.dumps(policy))
    return str(key["KeyMetadata"]["Arn"])


def wait_until(found: Callable[[], T | None], what: str, seconds: float = 60.0) -> T:
    """Call until the answer is true and return it; fail the test at the deadline."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = found()
        if answer:
            return answer
        time.sleep(0.02)
    message = f"{what} did not happen within {seconds} s"
    raise AssertionError(message)


def control(sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Call a control route; an error status raises ``urllib.error.HTTPError``."""
    request = urllib.request.Request(
        f"{sandbox.endpoint}/sandbox/{path}",
        data=json.dumps(body or {}).encode() if method == "POST" else None,
        method=method,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())

"""Create functions in the sandbox from source text."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]


def create_role(
    sandbox: Sandbox,
    name: str,
    statements: list[dict[str, Any]] | None = None,
    service: str = "lambda.amazonaws.com",
) -> str:
    """Create a role that trusts one service and holds one inline policy."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        ],
    }
    iam = sandbox.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"][
        "Arn"
    ]
    put_policy(sandbox, name, statements or [])
    return arn


def put_policy(sandbox: Sandbox, role: str, statements: list[dict[str, Any]]) -> None:
    """Replace the role's inline policy."""
    nothing = {"Effect": "Deny", "Action": "none:None", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statements or [nothing]}
    sandbox.client("iam").put_role_policy(
        RoleName=role, PolicyName="inline", PolicyDocument=json.dumps(document)
    )


def allow(*actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
    """Return an allowing statement."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}


def package(source: str, module: str = "code_under_test") -> bytes:
    """Return a deployment package that holds one module."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{module}.py", source)
    return buffer.getvalue()


def create_function(sandbox: Sandbox, name: str, source: str, **options: Any) -> str:
    """Create a function whose role may write its logs."""
    role = options.pop("Role", None) or create_role(sandbox, f"{name}-role", [allow(*LOGS)])
    arguments = {
        "Runtime": "python3.13",
        "Handler": "code_under_test.handler",
        "Timeout": 60,
        "MemorySize": 128,
        **options,
    }
    created = sandbox.client("lambda").create_function(
        FunctionName=name, Role=role, Code={"ZipFile": package(source)}, **arguments
    )
    arn: str = created["FunctionArn"]
    return arn

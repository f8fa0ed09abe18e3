"""Takes a grant away from a function's role for a while."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.deployment import Deployment


@contextmanager
def without(deployment: Deployment, step: str, action: str) -> Iterator[None]:
    """Take an action out of the policy of a step's role, and give it back at the end."""
    iam = deployment.sandbox.client("iam")
    role = _role_of(deployment, step)
    (policy,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]

    def put(changed: dict[str, Any]) -> None:
        iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(changed))

    deployment.taken_away.add((role, action))
    put(_without_action(document, action))
    try:
        yield
    finally:
        put(document)


def _role_of(deployment: Deployment, step: str) -> str:
    client = deployment.sandbox.client("lambda")
    function = deployment.pipeline.outputs["function_arns"][step]
    role = client.get_function_configuration(FunctionName=function)["Role"]
    return str(role.rpartition("/")[2])


def _without_action(document: dict[str, Any], action: str) -> dict[str, Any]:
    kept, found = [], False
    for statement in document["Statement"]:
        named = statement["Action"]
        actions = [named] if isinstance(named, str) else list(named)
        found = found or action in actions
        others = [name for name in actions if name != action]
        if others:
            kept.append({**statement, "Action": others})
    assert found, f"no statement grants {action}"
    return {**document, "Statement": kept}

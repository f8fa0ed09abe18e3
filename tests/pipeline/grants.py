"""Takes a grant away from a function's role for a while."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.sabotage import policies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.deployment import Deployment


@contextmanager
def without(deployment: Deployment, step: str, action: str) -> Iterator[None]:
    """Take an action out of the policy of a step's role, and give it back at the end."""
    role = _role_of(deployment, step)
    deployment.taken_away.add((role, action))
    with policies.action_taken(deployment.pipeline, role, action):
        yield


def _role_of(deployment: Deployment, step: str) -> str:
    client = deployment.sandbox.client("lambda")
    function = deployment.pipeline.outputs["function_arns"][step]
    role = client.get_function_configuration(FunctionName=function)["Role"]
    return str(role.rpartition("/")[2])

"""A request whose answer was lost is answered again, and carried out once."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


def attempts_of(client: Any, call: str, *attempts: int) -> None:
    """Let the next requests of a client be these attempts of one call."""
    numbers = iter(attempts)

    def name(request: Any, **_: object) -> None:
        request.headers["amz-sdk-invocation-id"] = call
        request.headers["amz-sdk-request"] = f"attempt={next(numbers)}; max=3"

    client.meta.events.register("before-send", name)


def test_what_was_created_is_reported_again(sandbox: Sandbox) -> None:
    client = sandbox.client("iam", region_name=sandbox.region)
    attempts_of(client, str(uuid.uuid4()), 1, 2, 3)
    request = {"RoleName": "repeated", "AssumeRolePolicyDocument": '{"Statement": []}'}
    created = [client.create_role(**request)["Role"]["RoleId"] for _ in range(3)]
    assert len(set(created)) == 1


def test_another_call_and_a_call_that_failed_are_carried_out(sandbox: Sandbox) -> None:
    client = sandbox.client("iam", region_name=sandbox.region)
    attempts_of(client, str(uuid.uuid4()), 1, 2, 1)
    with pytest.raises(ClientError, match="NoSuchEntity"):
        client.delete_role(RoleName="repeated-later")
    request = {"RoleName": "repeated-later", "AssumeRolePolicyDocument": '{"Statement": []}'}
    client.create_role(**request)
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        client.create_role(**request)

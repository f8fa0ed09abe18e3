"""Clients that act with a role's credentials, as AWS services act for their customers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from labeling_sandbox.iam import authorization, credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The longest function runs for fifteen minutes and the interpreter waits for its answer.
_READ_TIMEOUT_SECONDS = 910
Client = Any
"""boto3 makes the classes of its clients at run time."""

_clients: dict[tuple[str, str, str], Client] = {}
_lock = threading.Lock()
# The stubs know one overload for each service, not one for a name that is chosen at run time.
_make: Callable[..., Client] = boto3.client


class LocalAWS(Protocol):
    """The sandbox, as far as a client needs it."""

    region: str

    @property
    def endpoint(self) -> str:
        """The URL that every AWS call goes to."""


def client_as(
    sandbox: LocalAWS,
    service: str,
    role_arn: str,
    principal: str,
    context: Mapping[str, str] | None = None,
) -> Client:
    """Return a client whose calls are authorised by a role's policies.

    The trust policy is evaluated at each call of this function, so that a test which changes it
    sees the effect at once; the client itself is kept, because making one costs some 30 ms.

    Args:
        sandbox: The sandbox to call.
        service: The boto3 name of the service to call.
        role_arn: The role that acts.
        principal: The service principal that assumes the role.
        context: Condition keys for the trust policy.

    Returns:
        A boto3 client that never retries by itself.

    Raises:
        PermissionError: The role does not exist or does not trust the principal.
    """
    if not authorization.trusts(role_arn, principal, context or {}):
        message = f"The role {role_arn} cannot be assumed by {principal}: its trust policy does not allow it"  # noqa: E501
        raise PermissionError(message)
    key = (sandbox.endpoint, service, role_arn)
    with _lock:
        if key not in _clients:
            session = principal.split(".", maxsplit=1)[0]
            _clients[key] = _make(
                service,
                endpoint_url=sandbox.endpoint,
                region_name=sandbox.region,
                config=Config(
                    parameter_validation=False,
                    retries={"total_max_attempts": 1},
                    read_timeout=_READ_TIMEOUT_SECONDS,
                    max_pool_connections=50,
                ),
                **credentials.assume(role_arn, session).for_client(),
            )
        return _clients[key]

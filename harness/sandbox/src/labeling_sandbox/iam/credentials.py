"""Temporary credentials of a role, as a service receives them when it assumes the role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto.sts.models import sts_backends

from labeling_sandbox.iam import authorization

if TYPE_CHECKING:
    from collections.abc import Mapping

# AWS gives a role chained by a service one hour; the longest labeling function runs for fifteen
# minutes.
SESSION_SECONDS = 3600
_SESSION_NAME_LENGTH = 64


@dataclass(frozen=True)
class Credentials:
    """A set of temporary security credentials.

    Attributes:
        access_key_id: The key id that signs requests.
        secret_access_key: The secret that belongs to it.
        session_token: The token that each request carries.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str

    def for_client(self) -> dict[str, str]:
        """Return the credentials as keyword arguments of ``boto3.client``."""
        return {
            "aws_access_key_id": self.access_key_id,
            "aws_secret_access_key": self.secret_access_key,
            "aws_session_token": self.session_token,
        }


def assume(
    role_arn: str,
    session: str,
    service: str | None = None,
    context: Mapping[str, str] | None = None,
) -> Credentials:
    """Assume a role, on behalf of a service when one is named.

    Args:
        role_arn: The role.
        session: A name for the session; cut to the 64 characters that STS takes.
        service: The service principal that assumes the role, such as ``lambda.amazonaws.com``.
            None leaves the trust policy unchecked.
        context: Condition keys for the trust policy, such as ``aws:SourceArn``.

    Returns:
        Credentials whose requests are authorised by the role's policies.

    Raises:
        PermissionError: The role does not exist or its trust policy does not allow the service.
    """
    if service and not authorization.trusts(role_arn, service, context or {}):
        message = f"The role {role_arn} does not exist or does not trust {service}"
        raise PermissionError(message)
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    assumed = sts_backends[account][partition].assume_role(
        region_name=authorization.region(),
        role_session_name=session[:_SESSION_NAME_LENGTH],
        role_arn=role_arn,
        policy="",
        duration=SESSION_SECONDS,
        external_id="",
    )
    return Credentials(assumed.access_key_id, assumed.secret_access_key, assumed.session_token)

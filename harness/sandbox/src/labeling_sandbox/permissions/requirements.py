"""The permissions that a request needs, in the types that the mappings of each service return."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.utilities.utils import get_partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from moto.core.responses import BaseResponse

    from labeling_sandbox.iam.policy_evaluation import ContextValue, PolicyDocument


@dataclass(frozen=True)
class KeyUse:
    """The use of a customer-managed key that a request brings with it.

    Attributes:
        key_id: The key as the resource names it: id, ARN or alias.
        actions: The KMS actions, such as ``kms:Decrypt``.
        via: The value of ``kms:ViaService``; None when the caller uses KMS itself.
        encryption_context: The encryption context that the service sends.
    """

    key_id: str | None
    actions: tuple[str, ...]
    via: str | None = None
    encryption_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Requirement:
    """One action on one resource that the caller must be allowed.

    Attributes:
        action: The IAM action with its service prefix.
        resource: The ARN; None when it is unknown, so that no policy is judged by it.
        context: Condition keys that this service sets.
        resource_policy: The resource's own policy.
    """

    action: str
    resource: str | None
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    resource_policy: str | PolicyDocument | None = None


@dataclass(frozen=True)
class Needs:
    """Everything that one request must be allowed.

    Attributes:
        requirements: Actions, each of which must be allowed.
        key_uses: Uses of keys, each of which must be allowed.
    """

    requirements: tuple[Requirement, ...]
    key_uses: tuple[KeyUse, ...] = ()


@dataclass(frozen=True)
class Call:
    """A request as the mappings see it.

    Attributes:
        response: moto's response object, for what only it knows.
        service: The signing name, such as ``sagemaker``.
        operation: The API's operation, such as ``PutRecord``.
        parameters: The parsed body; {} for bodies that are not JSON.
        given_resource: The ARN that moto found, ``*`` where it found none.
    """

    response: BaseResponse
    service: str
    operation: str
    parameters: Mapping[str, Any]
    given_resource: str

    @property
    def region(self) -> str:
        """The region that the request is signed for."""
        return str(self.response.region)

    @property
    def account(self) -> str:
        """The account that the request belongs to."""
        return str(self.response.current_account)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource in the request's account and region.

        Args:
            service: The ARN's service part.
            resource: The ARN's resource part.
        """
        partition = get_partition(self.region)
        return f"arn:{partition}:{service}:{self.region}:{self.account}:{resource}"

    def via(self, service: str) -> str:
        """Return the value of ``kms:ViaService`` for a service in the request's region."""
        return f"{service}.{self.region}.amazonaws.com"


def tag_context(tags: Iterable[Mapping[str, Any]] | None) -> dict[str, ContextValue]:
    """Return the condition keys ``aws:RequestTag/...`` and ``aws:TagKeys`` for Key/Value tags."""
    pairs = {str(tag["Key"]): str(tag["Value"]) for tag in tags or []}
    if not pairs:
        return {}
    return {f"aws:RequestTag/{key}": value for key, value in pairs.items()} | {
        "aws:TagKeys": list(pairs)
    }


def body_parameters(response: BaseResponse) -> Mapping[str, Any]:
    """Return a request's parameters, from moto's parser, its JSON body or its query string."""
    if response.automated_parameter_parsing and getattr(response, "params", None):
        parsed: Mapping[str, Any] = response.params
        return parsed
    try:
        body = json.loads(response.body) if response.body else {}
    except (ValueError, UnicodeDecodeError):
        body = None
    if isinstance(body, dict):
        return body
    return {key: value[0] for key, value in response.querystring.items() if isinstance(value, list)}

"""Authorization decisions from the policies of roles, resources and keys that moto stores.

Only credentials of an assumed role are evaluated; any other access key is the administrator's.
`enforcement` applies these decisions to each request, and the seams that act for a service
(EventBridge, Scheduler, Ground Truth) call them directly.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto.kms.models import Key, kms_backends
from moto.sts.models import AssumedRole, STSBackend, sts_backends

from labeling_sandbox.iam import used_grants
from labeling_sandbox.iam.denial import access_denied, not_passable
from labeling_sandbox.iam.policy_evaluation import (
    ContextValue,
    Decision,
    PolicyDocument,
    Principal,
    evaluate,
    judge,
)
from labeling_sandbox.iam.role_policies import (
    account_principal,
    boundary,
    documents,
    find_role,
    identity_context,
    is_foreign,
)
from labeling_sandbox.iam.used_grants import RESOURCE_POLICY, TRUST_POLICY, Grant

if TYPE_CHECKING:
    from moto.core.responses import BaseResponse


Context = Mapping[str, ContextValue]


@dataclass(frozen=True)
class TraceEntry:
    """One decision about a role.

    Attributes:
        role: The role's name.
        action: The IAM action, with its service prefix.
        resource: The ARN that was judged; ``*`` for actions without a resource.
        allowed: Whether the role may do it.
    """

    role: str
    action: str
    resource: str
    allowed: bool


TRACE: list[TraceEntry] = []
"""Every decision about a role since the start or the last reset, in order."""

UNMAPPED: set[str] = set()
"""Operations that a role called and that have no known resource ARN, so none was judged."""


@dataclass
class _Settings:
    account: str = "123456789012"
    enforcing: bool = True
    region: str = "us-east-1"


_SERVICE_CONTEXT: Mapping[str, str] = {
    "aws:PrincipalIsAWSService": "true",
    "aws:SecureTransport": "true",
}
# Pages of these services do not say whether they set aws:SourceAccount when they assume a role, so
# a trust policy must hold with it and without it.
_PERHAPS_WITHOUT_ACCOUNT = frozenset({"sagemaker.amazonaws.com"})
_settings = _Settings()
_trace_lock = threading.Lock()


def enforcing() -> bool:
    """Tell whether IAM is enforced (``Sandbox(enforce_iam=...)``)."""
    return _settings.enforcing


def region() -> str:
    """Return the region that the sandbox stands for."""
    return _settings.region


def role_of(access_key_id: str) -> AssumedRole | None:
    """Return the assumed role of an access key, or None for the administrator's keys."""
    for account in list(sts_backends.values()):
        for backend in list(account.values()):
            assumed = _assumed_roles(backend).get(access_key_id)
            if assumed is not None:
                return assumed
    return None


def _assumed_roles(backend: STSBackend) -> dict[str, AssumedRole]:
    # moto keeps a list and scans it on every request; an index keeps a long session fast.
    index: dict[str, AssumedRole] = backend.__dict__.setdefault("sandbox_role_index", {})
    roles: list[AssumedRole] = backend.assumed_roles
    for assumed in roles[len(index) :]:
        index[assumed.access_key_id] = assumed
    return index


def trusts(role_arn: str, service: str, context: Context) -> bool:
    """Tell whether a role's trust policy lets a service assume it.

    Args:
        role_arn: The role.
        service: A service principal, such as ``lambda.amazonaws.com``.
        context: Condition keys such as ``aws:SourceArn`` and ``aws:SourceAccount``.

    Returns:
        True when the role exists and trusts the service, or when IAM is not enforced.
    """
    if not _settings.enforcing:
        return True
    role = find_role(role_arn)
    if role is None:
        return False
    account = {"aws:SourceAccount": role_arn.split(":")[4]}
    contexts = [{**_SERVICE_CONTEXT, **account, **context}]
    if service in _PERHAPS_WITHOUT_ACCOUNT:
        contexts.append({**_SERVICE_CONTEXT, **context})
    evaluations = [
        judge(
            role.assume_role_policy_document,
            "sts:AssumeRole",
            None,
            full,
            Principal(service=service),
        )
        for full in contexts
    ]
    for evaluation in evaluations:
        used_grants.note(used_grants.of(str(role.name), TRUST_POLICY, evaluation))
    return all(evaluation.decision is Decision.ALLOW for evaluation in evaluations)


def service_allowed(
    policy: str | PolicyDocument | None, service: str, action: str, resource: str, context: Context
) -> bool:
    """Tell whether a resource policy (queue, key, topic, function) lets a service act.

    Args:
        policy: The resource's policy.
        service: The service principal that acts, such as ``events.amazonaws.com``.
        action: The IAM action, such as ``sqs:SendMessage``.
        resource: The ARN of the resource.
        context: Condition keys such as ``aws:SourceArn``.

    Returns:
        True when the policy allows it, or when IAM is not enforced.
    """
    if not _settings.enforcing:
        return True
    full = {**_SERVICE_CONTEXT, **context}
    evaluation = judge(policy, action, resource, full, Principal(service=service))
    used_grants.note(used_grants.of(resource, RESOURCE_POLICY, evaluation))
    return evaluation.decision is Decision.ALLOW


def service_may_use_key(
    key_id: str, region: str, account: str, service: str, actions: tuple[str, ...], context: Context
) -> bool:
    """Tell whether a key's policy lets a service use the key directly, not on behalf of a role.

    Args:
        key_id: A key's id, ARN, alias or alias ARN.
        region: The region of the key.
        account: The account of the key.
        service: The service principal.
        actions: Every KMS action that it needs, such as ``kms:Decrypt``.
        context: Condition keys such as ``aws:SourceArn``.

    Returns:
        True when every action is allowed. A key managed by AWS admits no foreign service, so it
        gives False.
    """
    if not _settings.enforcing:
        return True
    arn = kms_key_arn(key_id, region, account)
    key = _find_key(arn) if arn else None
    if key is None or arn is None:
        return False
    return all(service_allowed(key.policy, service, action, arn, context) for action in actions)


def role_allows(
    role_arn: str,
    action: str,
    resource: str | None,
    context: Context,
    resource_policy: str | PolicyDocument | None = None,
) -> bool:
    """Decide a role's request by its policies, its boundary and the resource's policy.

    The decision is recorded in `TRACE`.

    Args:
        role_arn: The role that asks.
        action: The IAM action, such as ``s3:GetObject``.
        resource: The resource's ARN; None when it is unknown, so that no policy is judged by it.
        context: Condition keys of the request.
        resource_policy: The resource's own policy, where it has one.

    Returns:
        True when the request is allowed.
    """
    grants = _decide(role_arn, action, resource, context, resource_policy)
    used_grants.note(grants)
    _record(TraceEntry(_name(role_arn), action, resource or "*", bool(grants)))
    return bool(grants)


def role_may_use_key(role_arn: str, key_arn: str, action: str, context: Context) -> bool:
    """Decide a role's use of a customer-managed key, by the key policy and the role's own.

    Args:
        role_arn: The role that asks.
        key_arn: The key.
        action: The KMS action, such as ``kms:Decrypt``.
        context: Condition keys, ``kms:ViaService`` among them where a service uses the key for the
            role.

    Returns:
        True when the key policy allows the role itself, or delegates to the account and the role's
        policies allow it.
    """
    key = _find_key(key_arn)
    if key is None:
        return False
    account = role_arn.split(":")[4]
    full = {"kms:CallerAccount": account, **identity_context(role_arn, _settings.region), **context}
    direct = judge(key.policy, action, key_arn, full, Principal(frozenset({role_arn})))
    delegated = judge(key.policy, action, key_arn, full, account_principal(role_arn))
    grants: list[Grant] = []
    if Decision.EXPLICIT_DENY not in (direct.decision, delegated.decision):
        by_identity = _decide(role_arn, action, key_arn, full, None)
        if by_identity:
            grants = used_grants.of(key_arn, RESOURCE_POLICY, delegated)
            grants += by_identity if grants else []
        if not _denied_by_identity(role_arn, action, key_arn, full):
            grants += used_grants.of(key_arn, RESOURCE_POLICY, direct)
    used_grants.note(grants)
    _record(TraceEntry(_name(role_arn), action, key_arn, bool(grants)))
    return bool(grants)


def kms_key_arn(key_id: str | None, region: str, account: str) -> str | None:
    """Resolve a key id, key ARN, alias or alias ARN.

    Args:
        key_id: What a resource names as its key.
        region: The region of the resource.
        account: The account of the resource.

    Returns:
        The ARN of the customer-managed key, or None for a key managed by AWS or a key that does
        not exist.
    """
    if not key_id or "alias/aws/" in key_id:
        return None
    backend = kms_backends[account][region]
    if ":key/" in key_id:
        return key_id
    if "alias/" in key_id:
        key_id = backend.get_key_id_from_alias(backend.get_alias_name(key_id)) or ""
    key = backend.keys.get(key_id)
    return None if key is None else str(key.arn)


def check_pass_role(response: BaseResponse, role_arn: str, service: str) -> None:
    """Refuse a request that passes a role which it may not pass, or which distrusts the service.

    Args:
        response: The moto response object of the request.
        role_arn: The role that is passed.
        service: The service principal that will assume it.

    Raises:
        werkzeug.exceptions.HTTPException: The caller lacks ``iam:PassRole``, or the role does not
        trust the service.
    """
    check_may_pass(response, role_arn, service)
    if _settings.enforcing and not trusts(role_arn, service, {}):
        raise not_passable(service.partition(".")[0], role_arn, service)


def check_may_pass(response: BaseResponse, role_arn: str, service: str) -> None:
    """Refuse a request that passes a role which the caller may not pass.

    Args:
        response: The moto response object of the request.
        role_arn: The role that is passed.
        service: The service principal that will assume it.

    Raises:
        werkzeug.exceptions.HTTPException: The caller lacks ``iam:PassRole``.
    """
    caller = role_of(response.access_key) if _settings.enforcing else None
    context = {"iam:PassedToService": service}
    if caller is not None and not role_allows(caller.role_arn, "iam:PassRole", role_arn, context):
        raise access_denied(service.partition(".")[0], caller.arn, "iam:PassRole", role_arn)


def reset_trace() -> None:
    """Forget the decisions recorded so far."""
    with _trace_lock:
        TRACE.clear()
        UNMAPPED.clear()
    used_grants.reset()


def configure(account: str, region: str, *, enforcing: bool) -> None:
    """Set the account and region of the sandbox, and whether IAM is enforced."""
    _settings.account, _settings.region = account, region
    _settings.enforcing = enforcing


def _record(entry: TraceEntry) -> None:
    with _trace_lock:
        TRACE.append(entry)


def _name(role_arn: str) -> str:
    return role_arn.rsplit("/", 1)[-1]


def _decide(
    role_arn: str,
    action: str,
    resource: str | None,
    context: Context,
    resource_policy: str | PolicyDocument | None,
) -> list[Grant]:
    """Return the grants that allow a role's request; none where it is refused."""
    role = find_role(role_arn)
    if role is None:
        return []
    full = {**identity_context(role_arn, _settings.region), **context}
    identity = {
        name: judge(document, action, resource, full) for name, document in documents(role).items()
    }
    direct = judge(resource_policy, action, resource, full, Principal(frozenset({role_arn})))
    delegated = judge(resource_policy, action, resource, full, account_principal(role_arn))
    if any(
        evaluation.decision is Decision.EXPLICIT_DENY
        for evaluation in (*identity.values(), direct, delegated)
    ):
        return []
    limit = boundary(role)
    if limit is not None and evaluate(limit, action, resource, full) is not Decision.ALLOW:
        return []
    owner = resource or "*"
    by_role = [
        grant
        for name, evaluation in identity.items()
        for grant in used_grants.of(str(role.name), name, evaluation)
    ]
    if is_foreign(role_arn, resource, _settings.account):
        # Across accounts both sides must allow; a grant to the account leaves it to the role's.
        by_resource = used_grants.of(owner, RESOURCE_POLICY, delegated)
        return [*by_role, *by_resource] if by_role and by_resource else []
    # A grant to the account delegates to its IAM policies; only a grant to the role itself stands
    # alone.
    return [*by_role, *used_grants.of(owner, RESOURCE_POLICY, direct)]


def _denied_by_identity(role_arn: str, action: str, resource: str, context: Context) -> bool:
    role = find_role(role_arn)
    if role is None:
        return True
    decisions = {
        evaluate(document, action, resource, context) for document in documents(role).values()
    }
    limit = boundary(role)
    if limit is not None and evaluate(limit, action, resource, context) is not Decision.ALLOW:
        return True
    return Decision.EXPLICIT_DENY in decisions


def _find_key(key_arn: str) -> Key | None:
    _, _, _, region, account, resource = key_arn.split(":", 5)
    key: Key | None = kms_backends[account][region].keys.get(resource.removeprefix("key/"))
    return key

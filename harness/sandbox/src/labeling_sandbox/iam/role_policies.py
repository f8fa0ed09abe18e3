"""The data of a role in moto: its policies, its boundary, and its context in a request."""

from __future__ import annotations

from moto.iam.models import ManagedPolicy, Role, iam_backends

from labeling_sandbox.iam.policy_evaluation import (
    ContextValue,
    PolicyDocument,
    Principal,
    parse_document,
)

_ACCOUNT_PART = 4


def find_role(role_arn: str) -> Role | None:
    """Return moto's role for an ARN, or None where there is none."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    roles: dict[str, Role] = iam_backends[account][partition].roles
    return next((role for role in list(roles.values()) if role.arn == role_arn), None)


def identity_context(role_arn: str, region: str) -> dict[str, ContextValue]:
    """Return the condition keys that describe a role's session in a region."""
    account = role_arn.split(":")[4]
    return {
        # The sandbox speaks HTTP; the callers under test would speak HTTPS.
        "aws:SecureTransport": "true",
        "aws:PrincipalArn": role_arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": "AssumedRole",
        "aws:PrincipalIsAWSService": "false",
        "aws:ResourceAccount": account,
        "aws:RequestedRegion": region,
    }


def account_principal(role_arn: str) -> Principal:
    """Return the principal values that stand for the role's account, the role itself included."""
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    return Principal(frozenset({role_arn, account, f"arn:{partition}:iam::{account}:root"}))


def is_foreign(role_arn: str, resource: str | None, home_account: str) -> bool:
    """Tell whether a role belongs to another account than a resource.

    Args:
        role_arn: The role.
        resource: The resource's ARN, if it is known.
        home_account: The account of a resource without an account in its ARN, such as a bucket.
    """
    parts = (resource or "").split(":")
    account = parts[_ACCOUNT_PART] if len(parts) > _ACCOUNT_PART else ""
    return (account or home_account) != role_arn.split(":")[_ACCOUNT_PART]


def documents(role: Role) -> dict[str, PolicyDocument]:
    """Return the role's inline and attached policies by name."""
    inline = {name: parse_document(text) for name, text in list(role.policies.items())}
    managed = {
        str(policy.name): _managed_document(policy)
        for policy in list(role.managed_policies.values())
    }
    return {name: policy for name, policy in (inline | managed).items() if policy is not None}


def boundary(role: Role) -> PolicyDocument | None:
    """Return the role's permissions boundary; one that does not exist allows nothing."""
    arn = role.permissions_boundary_arn
    if not arn:
        return None
    policy = iam_backends[role.account_id][role.partition].managed_policies.get(arn)
    return _managed_document(policy) if policy is not None else {"Statement": []}


def _managed_document(policy: ManagedPolicy) -> PolicyDocument | None:
    current = next(
        entry for entry in policy.versions if entry.version_id == policy.default_version_id
    )
    return parse_document(current.document)

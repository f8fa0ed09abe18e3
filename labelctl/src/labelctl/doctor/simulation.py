"""Permissions of roles, as the policy simulator of IAM decides them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelctl.doctor.checks import Problem
from labelctl.doctor.lookups import APPLY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labelctl.doctor.checks import Subject


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a permission.

    Attributes:
        action: Name of the action in a policy.
        resource: The ARN of the resource.
        via: The service through which a key is used, such as ``s3``; empty for other uses.
    """

    action: str
    resource: str
    via: str = ""


def _denied_uses(subject: Subject, role_arn: str, uses: Iterable[Use]) -> Iterator[Use]:
    # One call decides each of its actions on each of its resources.
    together: dict[tuple[str, str], list[str]] = defaultdict(list)
    for use in uses:
        together[use.resource, use.via].append(use.action)
    for (resource, via), actions in together.items():
        answer = subject.client("iam").simulate_principal_policy(
            PolicySourceArn=role_arn,
            ActionNames=actions,
            ResourceArns=[resource],
            ContextEntries=_context(subject, via),
        )
        for result in answer["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                yield Use(result["EvalActionName"], resource, via)


def _context(subject: Subject, via: str) -> list[dict[str, object]]:
    if not via:
        return []
    suffix = "amazonaws.com.cn" if subject.connection.partition == "aws-cn" else "amazonaws.com"
    return [
        {
            "ContextKeyName": "kms:ViaService",
            "ContextKeyValues": [f"{via}.{subject.connection.region_name}.{suffix}"],
            "ContextKeyType": "string",
        }
    ]


def denied(subject: Subject, role_arn: str, uses: Iterable[Use]) -> Iterator[Problem]:
    """Yield a problem for each use that policies of a role, its boundary or organization deny.

    Policies of resources are not simulated.

    Args:
        subject: What the checks look at.
        role_arn: The role.
        uses: What the role must be allowed.
    """
    for use in _denied_uses(subject, role_arn, uses):
        yield Problem(
            f"the role {role_arn.rpartition('/')[2]} may not {use.action} on {use.resource}",
            f"{APPLY}; if it changes nothing, look for a permissions boundary or a policy of the"
            " organization that denies it",
        )

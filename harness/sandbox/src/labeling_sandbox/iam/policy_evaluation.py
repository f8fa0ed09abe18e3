"""IAM policy evaluation for one policy document.

Follows "Policy evaluation logic" and "Condition operators" of the AWS Identity and Access
Management User Guide. moto's own evaluator ignores most condition operators, ``NotResource`` and
``?``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from labeling_sandbox.iam.policy_conditions import (
    ARN_PARTS,
    ContextValue,
    matches_pattern,
    normalise,
    satisfies,
    substitute,
    without_variables,
)

__all__ = [
    "ContextValue",
    "Decision",
    "Evaluation",
    "Principal",
    "evaluate",
    "judge",
    "parse_document",
]

PolicyDocument = Mapping[str, Any]

# Policy variables exist only from this version on; in an older document "${...}" is literal text.
_VERSION_WITH_VARIABLES = "2012-10-17"


class Decision(Enum):
    """What one policy document says about one request."""

    ALLOW = "Allow"
    EXPLICIT_DENY = "ExplicitDeny"
    IMPLICIT_DENY = "ImplicitDeny"


@dataclass(frozen=True)
class Evaluation:
    """What one policy document says about one request, and by which of its statements.

    Attributes:
        decision: The decision of this document alone.
        grants: Id and action, as they are written, of each statement that allows the request.
    """

    decision: Decision
    grants: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Principal:
    """Who asks, for policies that name a principal.

    Attributes:
        aws: Every ``AWS`` principal value that stands for the caller: a role ARN, the account's
            root ARN, the account id.
        service: The service principal of the caller, such as ``events.amazonaws.com``.
    """

    aws: frozenset[str] = field(default_factory=frozenset)
    service: str | None = None


def parse_document(document: str | bytes | PolicyDocument | None) -> PolicyDocument | None:
    """Return a policy as a mapping, whether it is stored as text or parsed already.

    Args:
        document: A policy, its JSON text, or nothing.

    Returns:
        The parsed policy, or None where there is none.
    """
    if not document:
        return None
    if isinstance(document, (str, bytes)):
        parsed: PolicyDocument = json.loads(document)
        return parsed
    return document


def evaluate(
    document: str | bytes | PolicyDocument | None,
    action: str,
    resource: str | None,
    context: Mapping[str, ContextValue],
    principal: Principal | None = None,
) -> Decision:
    """Evaluate one policy document; see `judge`, which also names the statements."""
    return judge(document, action, resource, context, principal).decision


def judge(
    document: str | bytes | PolicyDocument | None,
    action: str,
    resource: str | None,
    context: Mapping[str, ContextValue],
    principal: Principal | None = None,
) -> Evaluation:
    """Evaluate one policy document; an explicit deny wins over every allow.

    Args:
        document: An identity, resource, key or trust policy.
        action: The IAM action with its service prefix, such as ``sqs:SendMessage``.
        resource: The ARN of the resource, or None to leave the resource unjudged.
        context: Condition keys and their values; the keys are compared without regard to case.
        principal: Who asks; None for identity policies, which name no principal.

    Returns:
        The decision of this document alone, with the statements that allow the request.

    Raises:
        ValueError: The document uses a condition operator that IAM does not know, or a resource
            that is no whole ARN.
    """
    parsed = parse_document(document)
    if parsed is None:
        return Evaluation(Decision.IMPLICIT_DENY)
    variables = normalise(context) if parsed.get("Version") == _VERSION_WITH_VARIABLES else None
    grants: list[tuple[str, str]] = []
    for statement in _as_list(parsed.get("Statement", [])):
        if not _applies(statement, action, resource, normalise(context), variables, principal):
            continue
        if statement["Effect"] == "Deny":
            return Evaluation(Decision.EXPLICIT_DENY)
        grants += [(str(statement.get("Sid", "")), name) for name in _names(statement, action)]
    return Evaluation(Decision.ALLOW if grants else Decision.IMPLICIT_DENY, tuple(grants))


def _applies(
    statement: Mapping[str, Any],
    action: str,
    resource: str | None,
    context: Mapping[str, ContextValue],
    variables: Mapping[str, ContextValue] | None,
    principal: Principal | None,
) -> bool:
    return (
        _action_matches(statement, action)
        and (resource is None or _resource_matches(statement, resource, variables))
        and (principal is None or _principal_matches(statement, principal))
        and satisfies(statement.get("Condition"), context, variables)
    )


def _action_matches(statement: Mapping[str, Any], action: str) -> bool:
    return bool(_names(statement, action))


def _names(statement: Mapping[str, Any], action: str) -> list[str]:
    """Return the parts of the action element by which a statement covers an action."""
    patterns = statement["Action"] if "Action" in statement else statement["NotAction"]
    matching = [
        pattern
        for pattern in _as_list(patterns)
        if matches_pattern(pattern.lower(), action.lower())
    ]
    if "Action" in statement:
        return matching
    return [] if matching else ["NotAction"]


def _resource_matches(
    statement: Mapping[str, Any], resource: str, variables: Mapping[str, ContextValue] | None
) -> bool:
    def named(patterns: object) -> bool:
        for pattern in _as_list(patterns):
            _check_resource(pattern)
        resolved = (substitute(pattern, variables) for pattern in _as_list(patterns))
        return any(
            regex is not None and re.fullmatch(regex, resource, re.DOTALL) for regex in resolved
        )

    if "Resource" in statement:
        return named(statement["Resource"])
    if "NotResource" in statement:
        return not named(statement["NotResource"])
    return True


def _check_resource(pattern: str) -> None:
    """Reject a resource that IAM rejects, or whose matches are not documented."""
    if pattern == "*":
        return
    parts = without_variables(pattern).split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        message = f"resource pattern {pattern!r} has fewer than {ARN_PARTS} parts"
        raise ValueError(message)
    if set(parts[2]) & set("*?"):
        message = f"resource pattern {pattern!r} has a wildcard for the service"
        raise ValueError(message)


def _principal_matches(statement: Mapping[str, Any], principal: Principal) -> bool:
    def named(element: object) -> bool:
        if element == "*":
            return True
        if not isinstance(element, Mapping):
            return False
        return any(_principal_of_type(kind, values, principal) for kind, values in element.items())

    if "Principal" in statement:
        return named(statement["Principal"])
    if "NotPrincipal" in statement:
        return not named(statement["NotPrincipal"])
    return True


def _principal_of_type(kind: str, values: object, principal: Principal) -> bool:
    if kind == "AWS":
        return any(value == "*" or value in principal.aws for value in _as_list(values))
    return kind == "Service" and principal.service in _as_list(values)


def _as_list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]

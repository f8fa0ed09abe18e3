"""Lookups that several checks make: a resource that may not exist, a rule, a resource policy."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labelctl.doctor.checks import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from labelctl.doctor.checks import Subject

APPLY = "run terraform apply"

_ABSENT_CODES = frozenset(
    {
        "404",
        "AWS.SimpleQueueService.NonExistentQueue",
        "ExecutionDoesNotExist",
        "NoSuchBucket",
        "NoSuchCORSConfiguration",
        "NoSuchEntity",
        "NoSuchKey",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
    }
)


def found(call: Callable[..., dict[str, Any]], **parameters: object) -> dict[str, Any] | None:
    """Return the answer of a call, or None if what it asks for does not exist."""
    try:
        return call(**parameters)
    except ClientError as error:
        if error.response["Error"]["Code"] in _ABSENT_CODES:
            return None
        raise


def statements(policy: str | None) -> list[dict[str, Any]]:
    """Return the statements of a policy document that allow something."""
    if not policy:
        return []
    document = json.loads(policy)["Statement"]
    return [
        statement
        for statement in (document if isinstance(document, list) else [document])
        if statement["Effect"] == "Allow"
    ]


def principals(statement: Mapping[str, Any]) -> frozenset[str]:
    """Return the AWS principals and service principals of a statement."""
    stated = statement.get("Principal", {})
    if isinstance(stated, str):
        return frozenset({stated})
    return frozenset(name for names in stated.values() for name in _listed(names))


def allows(statement: Mapping[str, Any], action: str) -> bool:
    """Return whether a statement names an action, which may end with an asterisk."""
    return any(
        fnmatchcase(action.lower(), pattern.lower())
        for pattern in _listed(statement.get("Action", ()))
    )


def values(statement: Mapping[str, Any], key: str) -> frozenset[str]:
    """Return the values that the conditions of a statement have for a key."""
    return frozenset(
        value
        for entries in statement.get("Condition", {}).values()
        for name, stated in entries.items()
        if name.lower() == key.lower()
        for value in _listed(stated)
    )


def rule_problems(subject: Subject, rule: str, target: str) -> Iterator[Problem]:
    """Yield what is wrong with a rule of EventBridge.

    Args:
        subject: What the checks look at.
        rule: Name of the rule.
        target: ARN of the target that it must have.
    """
    events = subject.client("events")
    described = found(events.describe_rule, Name=rule)
    if described is None:
        yield Problem(f"the rule {rule} does not exist", APPLY)
        return
    if described["State"] != "ENABLED":
        yield Problem(
            f"the rule {rule} is disabled", f"enable it: aws events enable-rule --name {rule}"
        )
    targets = {entry["Arn"]: entry for entry in events.list_targets_by_rule(Rule=rule)["Targets"]}
    if target not in targets:
        yield Problem(f"the rule {rule} does not have the target {target}", APPLY)
    elif "DeadLetterConfig" not in targets[target]:
        yield Problem(
            f"events that the rule {rule} cannot deliver are not kept in the undelivered queue",
            APPLY,
        )


def invocable(subject: Subject, function: str, rule: str) -> Iterator[Problem]:
    """Yield a problem if a rule may not invoke a function.

    Args:
        subject: What the checks look at.
        function: Name of the function.
        rule: Name of the rule.
    """
    answer = found(subject.client("lambda").get_policy, FunctionName=function)
    policy = answer["Policy"] if answer else None
    if not permits_events(
        statements(policy), "lambda:InvokeFunction", subject.arn("events", f"rule/{rule}")
    ):
        yield Problem(f"the policy of {function} does not allow the rule {rule}", APPLY)


def permits_events(policy: Iterable[Mapping[str, Any]], action: str, rule_arn: str) -> bool:
    """Return whether statements allow an action to a rule of EventBridge."""
    return any(
        "events.amazonaws.com" in principals(statement)
        and allows(statement, action)
        and rule_arn in values(statement, "aws:SourceArn")
        for statement in policy
    )


def _listed(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)

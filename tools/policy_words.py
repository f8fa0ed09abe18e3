"""Statements of policies in words: resources and conditions by their names in this pipeline.

The plans are of a pipeline named ``digits``; an ARN that is not known here is an error, so that a
new resource gets a name before it gets into the documentation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_OTHER_KEY = r"arn:aws:kms:us-east-1:123456789012:key/99999999-[0-9a-f-]+"
_KEY = r"arn:aws:kms:us-east-1:123456789012:key/[0-9a-f-]+"
_REGIONAL = r"arn:aws:\w+:us-east-1:123456789012:"
#: Names of resources, tried in this order.
_NAMES = [
    (r"arn:aws:s3:::digits-123456789012-us-east-1-(\w+)", r"\1 bucket"),
    (r"arn:aws:s3:::digits-123456789012-us-east-1-(\w+)/\*", r"objects of the \1 bucket"),
    (r"arn:aws:s3:::digits-123456789012-us-east-1-(\w+)/(.+)", r"`\2` in the \1 bucket"),
    (_REGIONAL + r"digits-(dead-letter|intake|undelivered)", r"\1 queue"),
    (_REGIONAL + r"digits-alarms", "alarm topic"),
    (_REGIONAL + r"alarm:digits-\*", "the alarms"),
    (_REGIONAL + r"table/digits-ledger", "ledger"),
    (_REGIONAL + r"labeling-job/digits-\*", "labeling jobs `<job_name>-*`"),
    (_REGIONAL + r"workteam/private-crowd/\w+", "`workteam_arn`"),
    (_REGIONAL + r"workteam/vendor-crowd/\w+", "`verification.workteam_arn`"),
    (_REGIONAL + r"feature-group/digits", "feature group"),
    (_REGIONAL + r"stateMachine:digits", "state machine"),
    (_REGIONAL + r"execution:digits:\*", "executions of the state machine"),
    (_REGIONAL + r"schedule/default/digits", "the schedule"),
    (_REGIONAL + r"schedule/default/digits-label-studio", "the schedule for Label Studio"),
    (_REGIONAL + r"secret:label-studio/[A-Za-z-]+", "`label_studio.token_secret_arn`"),
    (_REGIONAL + r"rule/digits-upload", "rule on uploads"),
    (_REGIONAL + r"rule/digits-job-state", "rule on labeling jobs"),
    (_REGIONAL + r"event-bus/default", "default event bus"),
    (_REGIONAL + r"log-group:/aws/lambda/digits-[a-z-]+:\*", "the function's log group"),
    (_REGIONAL + r"log-group:/aws/lambda/digits-[a-z-]+", "the functions' log groups"),
    (
        _REGIONAL + r"log-group:/aws/vendedlogs/states/digits(?::\*)?",
        "the state machine's log group",
    ),
    (_REGIONAL + r"log-group:(/aws/sagemaker/LabelingJobs)(:\*)?", r"log group `\1`"),
    (_REGIONAL + r"\*", "this region and account"),
    (_REGIONAL + r"function:digits-([a-z-]+)", r"`\1`"),
    (_REGIONAL + r"catalog", "Glue catalog"),
    (_REGIONAL + r"database/(\w+)", r"Glue database `\1`"),
    (_REGIONAL + r"table/(\w+/\*)", r"Glue tables `\1`"),
    (_REGIONAL + r"network-interface/\*", "network interfaces of the region"),
    (_REGIONAL + r"security-group/sg-\d", "the given security groups"),
    (_REGIONAL + r"subnet/subnet-\d", "the given subnets"),
    (r"arn:aws:iam::123456789012:root", "this account"),
    (r"arn:aws:iam::123456789012:role/(?:\*/)?platform", "`administrator_principal_arns`"),
    (r"arn:aws:iam::123456789012:role/(?:\*/)?deployment", "the deploying principal"),
    (r"arn:aws:iam::123456789012:role/cameras", "`upload_principal_arns`"),
    (r"arn:aws:iam::123456789012:role/compactor", "`feature_group.maintenance_role_arns`"),
    (r"arn:aws:iam::123456789012:role/label-studio-task", "`label_studio.reader_role_arns`"),
    (r"arn:aws:iam::210987654321:role/analysis", "`reader_principal_arns`"),
    (r"arn:aws:iam::123456789012:role/(?:labeling/)?digits-([a-z-]+)-us-east-1", r"role `\1`"),
    (_OTHER_KEY, "`label_studio.token_secret_kms_key_arn`"),
    (_KEY, "the key"),
]
_ROLES_TO_NAME = 8
_OPERATORS = {
    "ArnEquals": "is",
    "ArnEqualsIfExists": "is absent or",
    "ArnLike": "is like",
    "ArnNotLike": "is none of",
    "Bool": "is",
    "ForAllValues:StringEquals": "is only",
    "StringEquals": "is",
    "StringEqualsIfExists": "is absent or",
    "StringLike": "is like",
    "StringNotEquals": "is not",
}


class UnknownNameError(Exception):
    """A policy names something that has no name in the documentation."""


def as_list(value: str | Iterable[str]) -> list[str]:
    """Give an element of a policy as a list.

    Args:
        value: One string, or several.

    Returns:
        The strings, sorted.
    """
    return [value] if isinstance(value, str) else sorted(value)


def resources_in_words(arns: Iterable[str], everything: str = "every resource") -> str:
    """Name resources.

    Args:
        arns: ARNs, or a star.
        everything: What a star means here.

    Returns:
        Their names, each once.
    """
    names = [everything if arn == "*" else _named(arn) for arn in arns]
    roles = [name for name in names if name.startswith("role ")]
    if len(roles) > _ROLES_TO_NAME:
        names = ["every role of the pipeline", *(name for name in names if name not in roles)]
    return ", ".join(dict.fromkeys(names))


def conditions_in_words(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    """Tell conditions.

    Args:
        conditions: The element of a statement.

    Returns:
        The conditions, joined by "and"; empty where there is none.
    """
    return " and ".join(
        _condition(operator, key, as_list(values))
        for operator, keys in sorted(conditions.items())
        for key, values in sorted(keys.items())
    )


def principal_in_words(principal: str | Mapping[str, Any]) -> str:
    """Name who a statement is about.

    Args:
        principal: The element of a statement.

    Returns:
        Services as they are, principals of accounts by their names here.
    """
    if isinstance(principal, str):
        return "everyone"
    ((kind, values),) = principal.items()
    if kind == "Service":
        return ", ".join(f"`{_generalized(value)}`" for value in as_list(values))
    return resources_in_words(as_list(values), everything="everyone")


def _condition(operator: str, key: str, values: list[str]) -> str:
    if operator == "Null":
        return f"`{key}` is {'not ' if values == ['true'] else ''}given"
    if any(value.startswith("arn:") for value in values):
        return f"`{key}` {_OPERATORS[operator]} {resources_in_words(values)}"
    told = " or ".join(f"`{_generalized(value)}`" for value in values)
    return f"`{key}` {_OPERATORS[operator]} {told}"


def _named(arn: str) -> str:
    for pattern, name in _NAMES:
        if match := re.fullmatch(pattern, arn):
            told = match.expand(name)
            # Functions and roles are known by their steps.
            return told.replace("-", "_") if "function:" in arn or "role/" in arn else told
    message = f"{arn} has no name in tools/policy_words.py"
    raise UnknownNameError(message)


def _generalized(value: str) -> str:
    return value.replace("us-east-1", "<region>").replace("123456789012", "<account>")

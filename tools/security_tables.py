"""Write the tables of docs/security.md from plans of the module and tools/security_reasons.toml.

``make docs`` runs it. What a statement allows is read from the plans; why, from the reasons.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.marked_sections import table
from tools.policy_words import (
    as_list,
    conditions_in_words,
    principal_in_words,
    resources_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from labeling_deployment.planned import Planned

    Statement = dict[str, Any]
    Plan = Callable[[str], Planned]

SECURITY = Path(__file__).resolve().parent.parent / "docs" / "security.md"
REASONS = Path(__file__).with_name("security_reasons.toml")

#: Plans whose statements are all shown, each under the first plan that has it.
SCENARIOS = (
    "own_key",
    "text",
    "locked_down",
    "verified text_single_label_classification",
    "both engines",
)
#: The plan with principals of other accounts, with Label Studio's, and with a key of the module.
PRINCIPALS, ENGINES, WITH_KEY = "enterprise", "both engines", "default"
EVERY_FUNCTION = "every_function"
_SOURCE_FUNCTION = re.compile(r"(`lambda:SourceFunctionArn` is) `\w+`")


class ReasonError(Exception):
    """A statement has no reason, or a reason has no statement."""


class Reasons:
    """The reasons, and which of them were used."""

    def __init__(self, text: str) -> None:
        """Read the reasons.

        Args:
            text: The text of tools/security_reasons.toml.
        """
        self._known = _flat(tomllib.loads(text))
        self._used: set[tuple[str, ...]] = set()

    def of(self, *path: str) -> str:
        """Give a reason.

        Args:
            *path: The keys that lead to it.

        Returns:
            The reason.

        Raises:
            ReasonError: There is none.
        """
        if path not in self._known:
            message = f"{'.'.join(path)} has no reason in {REASONS.name}"
            raise ReasonError(message)
        self._used.add(path)
        return self._known[path]

    def knows(self, *path: str) -> bool:
        """Tell whether there is a reason.

        Args:
            *path: The keys that lead to it.

        Returns:
            Whether there is.
        """
        return path in self._known

    @property
    def unused(self) -> list[str]:
        """Reasons that nothing asked for."""
        return sorted(".".join(path) for path in self._known.keys() - self._used)


def sections(plan: Plan, reasons: Reasons) -> dict[str, str]:
    """Write the tables.

    Args:
        plan: Plans a scenario of tests/plan.
        reasons: Why each statement is there.

    Returns:
        Markdown by the section's name.

    Raises:
        ReasonError: A statement has no reason, or a reason no statement.
    """
    written = {
        "roles": _roles([plan(name) for name in SCENARIOS], reasons),
        "key": _key(plan(WITH_KEY), [plan(PRINCIPALS), plan(ENGINES)], reasons),
        "buckets": _buckets([plan(PRINCIPALS), plan(ENGINES)], reasons),
        "queues": _queues(plan("own_key"), plan("text"), reasons),
    }
    if reasons.unused:
        message = f"{', '.join(reasons.unused)} in {REASONS.name}: there is no such statement"
        raise ReasonError(message)
    return written


def role_of(address: str) -> str:
    """Tell whose role a resource belongs to.

    Args:
        address: Its address in a plan.

    Returns:
        The step of a function, or the name of the other role.
    """
    function = re.match(r'module\.function\["(\w+)"\]', address)
    if function is not None:
        return function[1]
    pattern = r"^module\.(\w+)(?:\[0\])?\.aws_iam_role(?:_policy)?\.(\w+)"
    module, name = re.findall(pattern, address)[0]
    if module != "workflow":
        return str(module)
    return "schedule" if name == "schedule" else "workflow"


def _roles(plans: list[Planned], reasons: Reasons) -> str:
    statements: dict[str, dict[str, Statement]] = {}
    descriptions: dict[str, str] = {}
    for planned in plans:
        for address, values in planned.of_type("aws_iam_role").items():
            descriptions.setdefault(role_of(address), values["description"])
        for address in planned.of_type("aws_iam_role_policy"):
            known = statements.setdefault(role_of(address), {})
            for sid, statement in planned.statements(address).items():
                known.setdefault(sid, statement)
    services = ("feature_group", "ground_truth", "label_studio", "schedule", "workflow")
    functions = sorted(statements.keys() - set(services))
    shared = _shared(plans)
    parts = [
        "### Every function",
        f"Assumed by {reasons.of('services', EVERY_FUNCTION)}.",
        _allowed(EVERY_FUNCTION, shared, reasons),
    ]
    for role in functions:
        own = {sid: each for sid, each in statements[role].items() if sid not in shared}
        parts += [f"### {role}", descriptions[role], _allowed(role, own, reasons)]
    for role in services:
        assumed = f"Assumed by {reasons.of('services', role)}."
        told = descriptions[role].replace("digits", "the pipeline")
        parts += [f"### {role}", f"{told} {assumed}", _allowed(role, statements[role], reasons)]
    return "\n\n".join(parts)


def _shared(plans: list[Planned]) -> dict[str, Statement]:
    """Give the statements that each function has, but for its own name in them.

    Some are in those plans only in which an input asks for them.
    """
    found: dict[str, Statement] = {}
    told: dict[str, set[tuple[str, str, str]]] = {}
    owned: set[str] = set()
    for planned in plans:
        functions = [
            planned.statements(address)
            for address in planned.of_type("aws_iam_role_policy")
            if address.startswith("module.function[")
        ]
        for sid in dict.fromkeys(sid for statements in functions for sid in statements):
            if not all(sid in statements for statements in functions):
                owned.add(sid)
            for statements in functions:
                if sid in statements:
                    found.setdefault(sid, statements[sid])
                    told.setdefault(sid, set()).add(_in_words(statements[sid]))
    return {
        sid: statement
        for sid, statement in found.items()
        if sid not in owned and len(told[sid]) == 1
    }


def _in_words(statement: Statement) -> tuple[str, str, str]:
    condition = conditions_in_words(statement.get("Condition", {}))
    return (
        _actions(statement),
        resources_in_words(as_list(statement["Resource"])),
        _SOURCE_FUNCTION.sub(r"\1 the function", condition),
    )


def _allowed(role: str, statements: Mapping[str, Statement], reasons: Reasons) -> str:
    rows = []
    for sid, statement in statements.items():
        known = role if reasons.knows("roles", role, sid) else EVERY_FUNCTION
        actions, on, condition = _in_words(statement)
        reason = reasons.of("roles", known, sid)
        rows.append((actions, f"{on}, where {condition}" if condition else on, reason))
    if not rows:
        return "Nothing more."
    return table(("May", "On", "Why"), rows)


def _actions(statement: Statement) -> str:
    actions = ", ".join(f"`{action}`" for action in as_list(statement["Action"]))
    return f"**not** {actions}" if statement["Effect"] == "Deny" else actions


def _key(with_key: Planned, principals: list[Planned], reasons: Reasons) -> str:
    statements = with_key.statements("module.encryption.aws_kms_key.this[0]")
    for planned in principals:
        for statement in json.loads(planned.outputs["required_key_policy_json"])["Statement"]:
            statements.setdefault(statement["Sid"], statement)
    return _attached("key", dict(sorted(statements.items())), reasons)


def _buckets(plans: list[Planned], reasons: Reasons) -> str:
    parts = []
    for address in sorted(plans[0].of_type("aws_s3_bucket_policy")):
        use = re.findall(r'\["(\w+)"\]', address)[0]
        statements: dict[str, Statement] = {}
        for planned in plans:
            statements = {**planned.statements(address), **statements}
        rows = _attached("buckets", statements, reasons)
        parts += [f"### {use.capitalize()} bucket", rows]
    return "\n\n".join(parts)


def _queues(planned: Planned, with_texts: Planned, reasons: Reasons) -> str:
    parts = []
    for kind in ("aws_sqs_queue_policy", "aws_sns_topic_policy"):
        for address in sorted(planned.of_type(kind)):
            statements = planned.statements(address)
            on = resources_in_words(as_list(next(iter(statements.values()))["Resource"]))
            parts += [f"### {on.capitalize()}", _attached("queues", statements, reasons)]
    permissions = with_texts.of_type("aws_lambda_permission").values()
    called = {each["statement_id"]: _permission(each) for each in permissions}
    return "\n\n".join([*parts, "### Functions", _attached("queues", called, reasons)])


def _permission(permission: Mapping[str, Any]) -> Statement:
    """Write the statement that Lambda makes of a permission."""
    rule = permission["source_arn"]
    prefix = rule[: rule.index(":rule/")].replace(":events:", ":lambda:")
    return {
        "Effect": "Allow",
        "Principal": {"Service": permission["principal"]},
        "Action": permission["action"],
        "Resource": f"{prefix}:function:{permission['function_name']}",
        "Condition": {"ArnLike": {"aws:SourceArn": rule}},
    }


def _attached(kind: str, statements: Mapping[str, Statement], reasons: Reasons) -> str:
    rows = []
    for sid, statement in statements.items():
        who = principal_in_words(statement["Principal"])
        condition = conditions_in_words(statement.get("Condition", {}))
        rows.append(
            (
                f"{who}, where {condition}" if condition else who,
                _actions(statement),
                resources_in_words(as_list(statement["Resource"]), everything="the key"),
                reasons.of(kind, sid),
            )
        )
    return table(("Who", "May", "On", "Why"), rows)


def _flat(nested: Mapping[str, Any], path: tuple[str, ...] = ()) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for key, value in nested.items():
        if isinstance(value, str):
            found[(*path, key)] = value
        else:
            found |= _flat(value, (*path, key))
    return found

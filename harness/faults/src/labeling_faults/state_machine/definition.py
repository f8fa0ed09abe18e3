"""The state machine's definition, and a check that the interpreter supports all of it."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_COMMON = {"Type", "Comment", "Next", "End"}
_FIELDS: dict[str, set[str]] = {
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Fail": {"Type", "Comment", "Error", "Cause"},
    "Map": {
        *_COMMON,
        *("ItemsPath", "ItemSelector", "MaxConcurrency", "ItemProcessor", "ResultPath", "Catch"),
    },
    "Pass": {*_COMMON, "Parameters", "Result", "ResultPath"},
    "Succeed": {"Type", "Comment"},
    "Task": {
        *_COMMON,
        *("Resource", "Parameters", "ResultSelector", "ResultPath", "OutputPath"),
        *("Retry", "Catch", "TimeoutSeconds"),
    },
}
_RETRY_FIELDS = {
    *("ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds"),
    "JitterStrategy",
}
_CATCH_FIELDS = {"ErrorEquals", "ResultPath", "Next"}
_RULE_FIELDS = {"Variable", "Next", "IsPresent", "BooleanEquals", "NumericGreaterThan"} | {
    "StringEquals"
}
_PROCESSOR_FIELDS = {"ProcessorConfig", "StartAt", "States"}
_RESOURCE = re.compile(r"arn:[a-z-]+:states:::lambda:invoke(\.waitForTaskToken)?")


class UnknownDefinitionError(Exception):
    """The definition holds what this interpreter would not do as Step Functions does."""


@functools.cache
def read(text: str) -> dict[str, Any]:
    """Return a definition.

    Raises:
        UnknownDefinitionError: Naming everything in it that the interpreter does not know.
    """
    definition: dict[str, Any] = json.loads(text)
    problems = [
        f"field {name}" for name in definition if name not in ("Comment", "StartAt", "States")
    ]
    problems += _problems_of(definition["States"])
    if problems:
        message = f"not known to the interpreter: {'; '.join(problems)}"
        raise UnknownDefinitionError(message)
    return definition


def _problems_of(states: Mapping[str, Any], *, inner: bool = False) -> Iterator[str]:
    for name, state in states.items():
        known = _FIELDS.get(state["Type"])
        if known is None:
            yield f"{name}: type {state['Type']}"
            continue
        yield from _unknown(name, state, known)
        yield from _unknown_parts(name, state)
        if state["Type"] == "Task":
            if _RESOURCE.fullmatch(state["Resource"]) is None:
                yield f"{name}: resource {state['Resource']}"
            if inner and state["Resource"].endswith("waitForTaskToken"):
                yield f"{name}: waiting for a token within a Map"
        if state["Type"] == "Map":
            processor = state["ItemProcessor"]
            yield from _unknown(name, processor, _PROCESSOR_FIELDS)
            if processor["ProcessorConfig"] != {"Mode": "INLINE"}:
                yield f"{name}: {processor['ProcessorConfig']}"
            yield from _problems_of(processor["States"], inner=True)


def _unknown_parts(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    parts = [("Retry", _RETRY_FIELDS), ("Catch", _CATCH_FIELDS), ("Choices", _RULE_FIELDS)]
    for part, fields in parts:
        for entry in state.get(part, []):
            yield from _unknown(f"{name}.{part}", entry, fields)


def _unknown(where: str, part: Mapping[str, Any], known: set[str]) -> Iterator[str]:
    yield from (f"{where}: field {field}" for field in part if field not in known)

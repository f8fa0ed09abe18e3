"""A plan of the module, read by address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Statement = dict[str, Any]


def as_list(value: str | list[str]) -> list[str]:
    """Return an IAM element, which may be one string or a list, as a sorted list."""
    return [value] if isinstance(value, str) else sorted(value)


def by_sid(document: str) -> dict[str, Statement]:
    """Return the statements of a policy document by their ids.

    Raises:
        ValueError: If an id occurs twice.
    """
    statements: list[Statement] = json.loads(document)["Statement"]
    ids = [statement["Sid"] for statement in statements]
    if len(ids) != len(set(ids)):
        message = f"a statement id occurs twice in {ids}"
        raise ValueError(message)
    return dict(zip(ids, statements, strict=True))


@dataclass(frozen=True)
class Planned:
    """One plan, as ``terraform show -json`` prints it.

    Attributes:
        shown: The parsed document.
    """

    shown: dict[str, Any]

    @cached_property
    def _managed(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        modules = [self.shown["planned_values"]["root_module"]]
        while modules:
            module = modules.pop()
            modules.extend(module.get("child_modules", []))
            found += [each for each in module.get("resources", []) if each["mode"] == "managed"]
        return found

    @cached_property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Planned values by address; an attribute that is unknown at plan is missing."""
        return {each["address"]: each.get("values", {}) for each in self._managed}

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """Outputs that are known at plan, by name."""
        outputs = self.shown["planned_values"]["outputs"]
        return {name: output["value"] for name, output in outputs.items() if "value" in output}

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the resources of one type by address."""
        return {
            each["address"]: each.get("values", {})
            for each in self._managed
            if each["type"] == kind
        }

    def statements(self, address: str, attribute: str = "policy") -> dict[str, Statement]:
        """Return the statements of a resource's policy by id."""
        return by_sid(self.resources[address][attribute])

    def function_statements(self, step: str) -> dict[str, Statement]:
        """Return the statements of one function's role by id."""
        return self.statements(f'module.function["{step}"].aws_iam_role_policy.this')

    def expressions(self, module: str, address: str) -> dict[str, Any]:
        """Return what a resource of a submodule is configured with.

        What a value refers to shows here also when the value is unknown at plan.
        """
        called = self.shown["configuration"]["root_module"]["module_calls"][module]["module"]
        (found,) = [each for each in called["resources"] if each["address"] == address]
        expressions: dict[str, Any] = found["expressions"]
        return expressions

    def environment(self, step: str) -> dict[str, str]:
        """Return the environment of one function."""
        function = self.resources[f'module.function["{step}"].aws_lambda_function.this']
        variables: dict[str, str] = function["environment"][0]["variables"]
        return variables

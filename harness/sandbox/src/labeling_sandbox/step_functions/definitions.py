"""The validation of state machine definitions by Step Functions, and versions of a machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse

from labeling_sandbox.base.moto_seams import add_operations, parameter, replace
from labeling_sandbox.iam import authorization

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PRINCIPAL = "states.amazonaws.com"

_TERMINAL_TYPES = ("Succeed", "Fail", "Choice")


class DefinitionRefusal(ServiceException):  # type: ignore[misc] # moto has no types
    """A state machine that cannot be made; the code is given where it is raised."""


def problems(definition: str) -> list[str]:
    """List what is wrong with a definition.

    moto parses the language, but leaves names of states that do not exist to the execution.

    Args:
        definition: The definition in Amazon States Language, JSON text.

    Returns:
        One sentence for each fault.
    """
    try:
        StepFunctionsParserBackend._validate_definition(definition)  # noqa: SLF001 - its parser
        parsed = json.loads(definition)
    except InvalidDefinition as error:
        return [str(error.message)]
    except ValueError as error:
        return [f"Invalid JSON description: {error}"]
    return list(_dangling(parsed, ""))


def install() -> None:
    """Add the missing operations, and check what a state machine is made of."""

    def create(self: StepFunctionResponse) -> ActionResult:
        _check(self._get_param("definition"))
        role_arn = self._get_param("roleArn")
        authorization.check_pass_role(self, role_arn, PRINCIPAL)
        _check_name_is_free(self, role_arn)
        return create_in_moto(self)

    def update(self: StepFunctionResponse) -> ActionResult:
        if self._get_param("definition"):
            _check(self._get_param("definition"))
        if self._get_param("roleArn"):
            authorization.check_pass_role(self, self._get_param("roleArn"), PRINCIPAL)
        return update_in_moto(self)

    create_in_moto = replace(StepFunctionResponse, "create_state_machine", create)
    update_in_moto = replace(StepFunctionResponse, "update_state_machine", update)
    add_operations(
        StepFunctionResponse,
        {
            "validate_state_machine_definition": _validate,
            "list_state_machine_versions": _list_versions,
        },
    )


def _check(definition: str) -> None:
    found = problems(definition)
    if found:
        message = f"Invalid State Machine Definition: '{'; '.join(found)}'"
        code = "InvalidDefinition"
        raise DefinitionRefusal(code, message)


def _check_name_is_free(response: StepFunctionResponse, role_arn: str) -> None:
    name = parameter(response, "name")
    definition = parameter(response, "definition")
    for machine in response.stepfunction_backend.state_machines:
        # The same request again is answered with the machine that it made.
        same = (machine.definition, machine.roleArn) == (definition, role_arn)
        if machine.name == name and not same:
            code = "StateMachineAlreadyExists"
            message = f"State Machine Already Exists: '{machine.arn}'"
            raise DefinitionRefusal(code, message)


def _dangling(machine: Mapping[str, Any], path: str) -> Iterator[str]:
    states = machine.get("States", {})
    if machine.get("StartAt") not in states:
        yield f"Missing 'StartAt' target: {machine.get('StartAt')} at {path}/StartAt"
    for name, state in states.items():
        place = f"{path}/States/{name}"
        for target in _targets(state):
            if target not in states:
                yield f"Missing 'Next' target: {target} at {place}"
        if not state.get("End") and "Next" not in state and state["Type"] not in _TERMINAL_TYPES:
            yield f"Neither Next nor End at {place}"
        inner = [*state.get("Branches", [])]
        inner += [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for index, branch in enumerate(inner):
            yield from _dangling(branch, f"{place}/{index}")


def _targets(state: Mapping[str, Any]) -> list[str]:
    direct = [state[key] for key in ("Next", "Default") if key in state]
    rules = [*state.get("Catch", []), *state.get("Choices", [])]
    return [*direct, *(rule["Next"] for rule in rules if "Next" in rule)]


def _validate(response: StepFunctionResponse) -> ActionResult:
    found = problems(parameter(response, "definition"))
    diagnostics = [
        {
            "severity": "ERROR",
            "code": "SCHEMA_VALIDATION_FAILED",
            "message": problem,
            "location": "/",
        }
        for problem in found
    ]
    result = "FAIL" if found else "OK"
    return ActionResult({"result": result, "diagnostics": diagnostics, "truncated": False})


def _list_versions(response: StepFunctionResponse) -> ActionResult:
    arn = parameter(response, "stateMachineArn")
    machine = response.stepfunction_backend.describe_state_machine(arn)
    versions = [
        {"stateMachineVersionArn": version.arn, "creationDate": version.creation_date}
        for version in sorted(
            machine.versions.values(), key=lambda version: version.version, reverse=True
        )
    ]
    return ActionResult({"stateMachineVersions": versions})

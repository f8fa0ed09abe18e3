"""The state machine's definition as Terraform renders it, and a check that it is supported."""

from __future__ import annotations

import base64
import functools
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2
from hcl2.utils import SerializationOptions

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping

ROOT = Path(__file__).resolve().parents[5]
TEMPLATE = "statemachine.asl.json.tftpl"
_TASK_TYPES = "lambda_src/src/labeling_lambdas/task_types.json"
_LOCAL = re.compile(r"\blocal\.(\w+)")
_SECONDS_FOR_TERRAFORM = 60

_COMMON = {"Type", "Comment", "Next", "End"}
_FIELDS: dict[str, set[str]] = {
    "Choice": {"Type", "Comment", "Choices", "Default"},
    "Fail": {"Type", "Comment", "Error", "Cause"},
    "Map": {
        *_COMMON,
        *("ItemsPath", "ItemSelector", "MaxConcurrency", "ItemProcessor", "ResultPath"),
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


class RenderingError(Exception):
    """Terraform could not render the definition."""


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


@functools.cache
def rendered(
    job_name: str,
    account: str,
    region: str,
    verification: str = "null",
    **replaced_locals: Hashable,
) -> str:
    """Render the definition by Terraform itself, without the resources around it.

    The module's own expression and every local that it needs go as they are into a module of their
    own, which needs no provider: only what Terraform would ask AWS for is given. Nothing is planned
    or applied: ``terraform console`` evaluates the expression.

    Args:
        job_name: The module's variable of this name.
        account: The account id.
        region: The region.
        verification: The module's variable of this name, JSON.
        **replaced_locals: Locals to be replaced by other values.

    Returns:
        The definition, JSON text.

    Raises:
        RenderingError: With what Terraform says.
    """
    given = {
        "account_id": account,
        "job_name": job_name,
        "partition": "aws",
        "region": region,
        **replaced_locals,
    }
    expression = _definition_expression()
    module = {
        "variable": {
            "job_name": {"type": "string", "default": job_name},
            "task_type": {"type": "string", "default": "image_single_label_classification"},
            "verification": {"type": "any", "default": json.loads(verification)},
        },
        "locals": _needed_locals(expression, given),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "main.tf.json").write_text(json.dumps(module))
        shutil.copy2(ROOT / TEMPLATE, folder)
        (folder / _TASK_TYPES).parent.mkdir(parents=True)
        shutil.copy2(ROOT / _TASK_TYPES, folder / _TASK_TYPES)
        answer = _console(folder, expression.removeprefix("${").removesuffix("}"))
    return base64.b64decode(answer.strip().strip('"')).decode()


def _console(folder: Path, expression: str) -> str:
    program = shutil.which("terraform")
    if program is None:
        message = "terraform is not on the PATH; install Terraform 1.9 or newer"
        raise RenderingError(message)
    # The console reads an expression per line.
    line = " ".join(f"base64encode({expression})".splitlines())
    done = subprocess.run(
        [program, "console"],
        cwd=folder,
        env={"CHECKPOINT_DISABLE": "1", "HOME": str(folder), "TF_IN_AUTOMATION": "1"},
        input=line,
        capture_output=True,
        text=True,
        timeout=_SECONDS_FOR_TERRAFORM,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.strip():
        message = f"terraform console failed:\n{done.stdout}\n{done.stderr}"
        raise RenderingError(message)
    return done.stdout


def _definition_expression() -> str:
    modules = {name: body for block in _parse("main.tf")["module"] for name, body in block.items()}
    return str(modules["workflow"]["definition"])


def _needed_locals(expression: str, given: Mapping[str, object]) -> dict[str, object]:
    known = {
        name: value for block in _parse("locals.tf")["locals"] for name, value in block.items()
    }
    known |= given
    needed: dict[str, object] = {}
    wanted = _LOCAL.findall(expression)
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed[name] = known[name]
            wanted += _LOCAL.findall(json.dumps(known[name]))
    return needed


def _parse(name: str) -> dict[str, Any]:
    # What hcl2 then gives is Terraform's own JSON syntax.
    options = SerializationOptions(
        with_comments=False, explicit_blocks=False, strip_string_quotes=True
    )
    parsed: dict[str, Any] = hcl2.loads((ROOT / name).read_text(), serialization_options=options)
    return parsed

"""The workflow's definition as Terraform renders it, without the resources around it.

The `definition` expression of main.tf, and every local that it needs, go as they are into a module
of their own; only what Terraform would ask AWS for is given. Such a module needs no provider.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import hcl2
from hcl2.utils import SerializationOptions

from tests.terraform_module import ROOT, TASK_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TASK_TYPE = "image_single_label_classification"
TEMPLATE = "statemachine.asl.json.tftpl"
_SECONDS_FOR_ONE_COMMAND = 60
_LOCAL = re.compile(r"\blocal\.(\w+)")


@dataclass(frozen=True)
class Deployment:
    """Where the workflow is deployed, and under which name.

    Attributes:
        account: The account id.
        region: The region.
        job_name: The module's variable of this name.
    """

    account: str
    region: str
    job_name: str


class Rendering(Protocol):
    """Renders the definition for the tests' deployment."""

    def __call__(self, **replaced_locals: object) -> str:
        """Return the definition, JSON text, with these locals replaced."""
        ...


def render(folder: Path, deployment: Deployment, **replaced_locals: object) -> str:
    """Render the definition.

    Args:
        folder: An empty folder for Terraform.
        deployment: What Terraform would learn from AWS and from the user.
        **replaced_locals: Locals to be replaced by other values.

    Returns:
        The definition, JSON text.
    """
    given = {
        "account_id": deployment.account,
        "partition": "aws",
        "region": deployment.region,
        **replaced_locals,
    }
    expression = _definition_expression()
    module = {
        "variable": {
            "job_name": {"type": "string", "default": deployment.job_name},
            "task_type": {"type": "string", "default": TASK_TYPE},
            "verification": {"type": "string", "default": None},
        },
        "locals": _needed_locals(expression, given),
        "output": {"definition": {"value": expression}},
    }
    (folder / "main.tf.json").write_text(json.dumps(module))
    shutil.copy2(ROOT / TEMPLATE, folder)
    (folder / TASK_TYPES).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / TASK_TYPES, folder / TASK_TYPES)
    _terraform(folder, "apply", "-auto-approve", "-input=false", "-no-color")
    return _terraform(folder, "output", "-raw", "definition")


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


def _terraform(folder: Path, *arguments: str) -> str:
    program = shutil.which("terraform")
    assert program, "terraform is not on the PATH; install Terraform 1.9 or newer"
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env={"CHECKPOINT_DISABLE": "1", "HOME": str(folder), "TF_IN_AUTOMATION": "1"},
        capture_output=True,
        text=True,
        timeout=_SECONDS_FOR_ONE_COMMAND,
        check=False,
    )
    assert done.returncode == 0, f"terraform {arguments[0]} failed:\n{done.stdout}\n{done.stderr}"
    return done.stdout

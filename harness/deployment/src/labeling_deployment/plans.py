"""Plans of the module: real provider, no AWS account, several pipelines in one plan.

Terraform needs some three seconds of processor time to read the provider and to print a plan, and
one and a half to plan the module. So a root configuration calls the module once for each pipeline,
and each pipeline is then read as if it had been planned alone. Plans are kept from one run to the
next, under a digest of everything that they depend on.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hcl2

from labeling_deployment.module import ROOT, copy_module, digest_of
from labeling_deployment.planned import Planned
from labeling_deployment.provider_mirror import provider_versions
from labeling_deployment.terraform import planning_terraform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Inputs = dict[str, Any]

CACHE = ROOT / ".cache" / "deployment"
FIRST_REGION = "us-east-1"

#: Seconds that one process waits for the plan of another before it makes its own.
SECONDS_FOR_ONE_PLAN = 1200
#: Plans that are kept; older ones are of modules or inputs that have changed since.
KEPT_PLANS = 40

_MODULE = "labeling"
_INPUTS_FILE = "inputs.tfvars.json"


class TerraformMissingError(Exception):
    """Terraform is not installed."""


def plan_together(
    pipelines: Mapping[str, Inputs],
    region: str = FIRST_REGION,
    *,
    override_files: Mapping[str, str] | None = None,
) -> dict[str, Planned]:
    """Plan several pipelines at once, or read their plan if nothing has changed since.

    Args:
        pipelines: The module's inputs, by any name.
        region: The region of all of them.
        override_files: Terraform's override files, by their place in the module.

    Returns:
        The plan of each, by the same names.

    Raises:
        TerraformMissingError: If there is no ``terraform`` program.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _MODULE).mkdir()
        copy_module(folder / _MODULE)
        for place, text in (override_files or {}).items():
            (folder / _MODULE / place).write_text(text, encoding="utf-8")
        root = folder / "root"
        root.mkdir()
        _write_root_configuration(root, pipelines)
        text = kept(folder, region, lambda: json.dumps(_plan(root, region)))
    shown = json.loads(text)
    return {pipeline: _alone(shown, pipeline) for pipeline in pipelines}


def kept(folder: Path, region: str, make: Callable[[], str]) -> str:
    """Return what is made of a folder, or was made of the same files and programs before.

    Args:
        folder: Everything that the text depends on, besides region, Terraform and provider.
        region: The region.
        make: Makes the text.

    Raises:
        TerraformMissingError: If there is no ``terraform`` program.
    """
    versions = [_terraform_version(), *provider_versions(os.environ)]
    parts = [digest_of(folder), region, *versions]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return once(CACHE / f"{digest}.json", make)


def once(file: Path, make: Callable[[], str]) -> str:
    """Return what is in a file. One process makes it, the others wait for that.

    Args:
        file: Where the text is kept.
        make: Makes the text.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with _locked(file.with_suffix(".lock")):
        if file.exists():
            file.touch()
            return file.read_text(encoding="utf-8")
        text = make()
        unfinished = file.with_suffix(f".{os.getpid()}")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(file)
        _drop_old_files(file.parent)
    return text


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Hold a lock, which ends with the process; go on without it when the wait takes too long."""
    ends = time.monotonic() + SECONDS_FOR_ONE_PLAN
    with file.open("a") as lock:
        while time.monotonic() < ends:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(0.2)
        yield


def _drop_old_files(folder: Path) -> None:
    newest_first = sorted(folder.glob("*.json"), key=lambda it: it.stat().st_mtime, reverse=True)
    for old in newest_first[KEPT_PLANS:]:
        old.unlink(missing_ok=True)
        old.with_suffix(".lock").unlink(missing_ok=True)


@functools.cache
def _terraform_version() -> str:
    program = shutil.which("terraform")
    if program is None:
        message = "terraform is not on the PATH; install Terraform 1.9 or newer"
        raise TerraformMissingError(message)
    shown = subprocess.run(
        [program, "version", "-json"],
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return str(json.loads(shown.stdout)["terraform_version"])


def _plan(root: Path, region: str) -> dict[str, Any]:
    with planning_terraform(root, region) as terraform:
        plan = terraform.plan(output=True, tf_var_file=_INPUTS_FILE)
    return {name: plan[name] for name in ("planned_values", "configuration")}


def _write_root_configuration(root: Path, pipelines: Mapping[str, Inputs]) -> None:
    # Terraform repeats the line of an error, and tftest reads no long text of errors.
    configuration = json.dumps(_root_configuration(pipelines), indent=1)
    (root / "main.tf.json").write_text(configuration, encoding="utf-8")
    inputs = json.dumps({"pipelines": dict(pipelines)})
    (root / _INPUTS_FILE).write_text(inputs, encoding="utf-8")


def _root_configuration(pipelines: Mapping[str, Inputs]) -> dict[str, Any]:
    outputs = [
        name.strip('"')
        for block in hcl2.loads((ROOT / "outputs.tf").read_text(encoding="utf-8"))["output"]
        for name in block
    ]
    return {
        "variable": {"pipelines": {}},
        "module": {
            _call(name): {
                "source": f"../{_MODULE}",
                **{given: f"${{var.pipelines[{json.dumps(name)}].{given}}}" for given in inputs},
            }
            for name, inputs in pipelines.items()
        },
        "output": {
            f"{_call(name)}-{output}": {"value": f"${{module.{_call(name)}.{output}}}"}
            for name in pipelines
            for output in outputs
        },
    }


def _call(pipeline: str) -> str:
    return pipeline.replace(" ", "-")


def _alone(shown: dict[str, Any], pipeline: str) -> Planned:
    """Return a pipeline's part of a plan, as if the module had been planned by itself."""
    call = _call(pipeline)
    values = shown["planned_values"]
    (module,) = [
        each
        for each in values["root_module"]["child_modules"]
        if each["address"] == f"module.{call}"
    ]
    return Planned(
        {
            "planned_values": {
                "root_module": _with_addresses_below(module, f"module.{call}."),
                "outputs": {
                    name.removeprefix(f"{call}-"): output
                    for name, output in values["outputs"].items()
                    if name.startswith(f"{call}-")
                },
            },
            "configuration": {
                "root_module": shown["configuration"]["root_module"]["module_calls"][call]["module"]
            },
        }
    )


def _with_addresses_below(module: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {
        "resources": [
            {**each, "address": each["address"].removeprefix(prefix)}
            for each in module.get("resources", [])
        ],
        "child_modules": [
            _with_addresses_below(each, prefix) for each in module.get("child_modules", [])
        ],
    }

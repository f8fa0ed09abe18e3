"""Plans of named scenarios: real provider, no AWS account, several scenarios in one plan.

Terraform needs some ten seconds of processor time to start the provider and to print a plan, and
about three to plan the module. So a root configuration calls the module once for each scenario of a
group, and a scenario is then read as if it had been planned alone.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hcl2

from tests.plan.planned import Planned
from tests.plan.scenarios import REGIONS, SCENARIOS
from tests.plan.stub import plan_time_aws
from tests.terraform_module import ROOT, copy_module, offline_environment, terraform_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

#: Scenarios of one plan. More take less time in all, and keep the first test waiting.
SCENARIOS_PER_PLAN = 10

#: Seconds that one worker waits for the plan of another before it makes its own.
SECONDS_FOR_ONE_PLAN = 280

_MODULE = "labeling"
_FIRST_REGION = "us-east-1"


def groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the scenarios that are planned together, by the name of their plan."""
    found: dict[str, list[str]] = {}
    by_region: dict[str, list[str]] = {}
    for name in names:
        by_region.setdefault(REGIONS.get(name, _FIRST_REGION), []).append(name)
    for region, together in by_region.items():
        for number, start in enumerate(range(0, len(together), SCENARIOS_PER_PLAN)):
            found[f"{region}-{number}"] = together[start : start + SCENARIOS_PER_PLAN]
    return found


@contextmanager
def offline_plans(folder: Path, shared: Path) -> Iterator[Callable[[str], Planned]]:
    """Make plans of scenarios.

    Args:
        folder: An empty folder of this process.
        shared: A folder in which processes that test together leave their plans for each other.

    Yields:
        A function that returns the plan of a scenario.
    """
    (folder / _MODULE).mkdir()
    copy_module(folder / _MODULE)
    together = groups(list(SCENARIOS))
    done: dict[str, Planned] = {}
    with plan_time_aws() as endpoint:

        def planned(scenario: str) -> Planned:
            if scenario not in done:
                (group,) = [name for name, members in together.items() if scenario in members]
                root = folder / group
                text = once(
                    shared / f"{group}.json",
                    lambda: json.dumps(_plan(root, together[group], endpoint)),
                )
                shown = json.loads(text)
                done.update((name, _alone(shown, name)) for name in together[group])
            return done[scenario]

        yield planned


def once(file: Path, make: Callable[[], str]) -> str:
    """Return what one worker makes and the others wait for; one that waits too long makes it."""
    try:
        file.with_suffix(".begun").touch(exist_ok=False)
    except FileExistsError:
        ends = time.monotonic() + SECONDS_FOR_ONE_PLAN
        while not file.exists() and time.monotonic() < ends:
            time.sleep(0.2)
        if file.exists():
            return file.read_text(encoding="utf-8")
    text = make()
    unfinished = file.with_suffix(f".{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(file)
    return text


def _plan(root: Path, names: list[str], endpoint: str) -> dict[str, Any]:
    root.mkdir()
    (root / "main.tf.json").write_text(
        # Terraform repeats the line of an error, and tftest reads no long text of errors.
        json.dumps(_root_configuration(names), indent=1),
        encoding="utf-8",
    )
    inputs = {"scenarios": {name: SCENARIOS[name] for name in names}}
    (root / "inputs.tfvars.json").write_text(json.dumps(inputs), encoding="utf-8")
    region = REGIONS.get(names[0], _FIRST_REGION)
    environment = offline_environment(root, endpoint)
    environment |= {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    terraform = terraform_test(root, environment)
    terraform.setup()
    plan = terraform.plan(output=True, tf_var_file="inputs.tfvars.json")
    return {name: plan[name] for name in ("planned_values", "configuration")}


def _root_configuration(names: list[str]) -> dict[str, Any]:
    outputs = [
        name.strip('"')
        for block in hcl2.loads((ROOT / "outputs.tf").read_text(encoding="utf-8"))["output"]
        for name in block
    ]
    return {
        "variable": {"scenarios": {}},
        "module": {
            _call(name): {
                "source": f"../{_MODULE}",
                **{
                    given: f"${{var.scenarios[{json.dumps(name)}].{given}}}"
                    for given in SCENARIOS[name]
                },
            }
            for name in names
        },
        "output": {
            f"{_call(name)}-{output}": {"value": f"${{module.{_call(name)}.{output}}}"}
            for name in names
            for output in outputs
        },
    }


def _call(scenario: str) -> str:
    return scenario.replace(" ", "-")


def _alone(shown: dict[str, Any], scenario: str) -> Planned:
    """Return a scenario's part of a plan, as if the module had been planned by itself."""
    call = _call(scenario)
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

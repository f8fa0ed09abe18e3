"""Plans of the module as the tests of tests/plan make them: real provider, no AWS account."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.plan.conftest import SCENARIOS, run_terraform
from tests.plan.planned import Planned
from tests.plan.stub import plan_time_aws
from tests.terraform_module import copy_module, offline_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@contextmanager
def offline_plans(work: Path) -> Iterator[Callable[[str], Planned]]:
    """Make plans of named scenarios.

    Args:
        work: An empty folder.

    Yields:
        A function that plans a scenario of tests/plan.
    """
    folder = copy_module(work)
    with plan_time_aws() as endpoint:
        environment = offline_environment(folder, endpoint)
        run_terraform(["init", "-input=false", "-no-color"], folder, environment)

        def planned(scenario: str) -> Planned:
            variables = folder / "documented.tfvars.json"
            variables.write_text(json.dumps(SCENARIOS[scenario]), encoding="utf-8")
            options = ["-input=false", "-no-color", f"-var-file={variables.name}"]
            run_terraform(["plan", *options, "-out=documented.tfplan"], folder, environment)
            shown = run_terraform(["show", "-json", "documented.tfplan"], folder, environment)
            return Planned(json.loads(shown))

        yield planned

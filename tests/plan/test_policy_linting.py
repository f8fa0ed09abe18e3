"""Policies of roles hold no mistake that a linter knows: no unknown action, no wrong resource."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned

SECONDS = 1500
SCANNERS = ROOT / ".venv-scan" / "bin"

#: Findings of parliament that are none, each with what it is about and why.
NO_FINDINGS = {
    # Newer than parliament's list of actions.
    # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_BatchWriteRecord.html
    ("UNKNOWN_ACTION", "sagemaker:BatchWriteRecord"),
    # The reference lists no resource for it, and a state machine's ARN is taken all the same: it is
    # what the CDK's StateMachine.grantTaskResponse gives.
    ("RESOURCE_MISMATCH", "states:SendTaskSuccess"),
    # Asks for the ARN of an express execution besides; this state machine is a standard one.
    ("RESOURCE_MISMATCH", "states:DescribeExecution"),
    # A global key of every call that a function's code makes.
    # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
    ("UNKNOWN_CONDITION_FOR_ACTION", "lambda:SourceFunctionArn"),
}


def _policies(planned: Planned) -> dict[str, str]:
    return {
        f"{address}.{attribute}": values[attribute]
        for address, values in planned.resources.items()
        for attribute in ("policy", "assume_role_policy")
        if isinstance(values.get(attribute), str) and values[attribute].startswith("{")
    }


@pytest.mark.terraform
@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("scenario", ["own_key", "text", "locked_down", "enterprise"])
def test_policies_hold_no_mistake_that_parliament_knows(
    plan: Callable[[str], Planned], scenario: str
) -> None:
    policies = {
        name: text for name, text in _policies(plan(scenario)).items() if "iam_role_policy" in name
    }
    assert len(policies) >= 10
    done = subprocess.run(
        [SCANNERS / "python", Path(__file__).with_name("lint_policies.py")],
        input=json.dumps(policies),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    unexpected = [
        finding
        for finding in json.loads(done.stdout)
        if not any(finding[1] == code and about in finding[2] for code, about in NO_FINDINGS)
    ]
    assert unexpected == []

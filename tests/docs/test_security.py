"""docs/security.md lists the statements of a plan with reasons, and the status of controls."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from labeling_deployment.module import ROOT
from tests.security.controls import controls
from tools import deployment_actions, marked_sections, policy_words, security_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned

PAGE = security_tables.SECURITY.read_text(encoding="utf-8")
REASONS = security_tables.REASONS.read_text(encoding="utf-8")
SCANNERS = ROOT / ".venv-scan" / "bin"
#: Actions that are newer than parliament's list.
NEW_ACTIONS = {"states:ValidateStateMachineDefinition"}


@pytest.mark.terraform
def test_the_page_is_current(plan: Callable[[str], Planned]) -> None:
    written = security_tables.sections(plan, security_tables.Reasons(REASONS))
    written |= deployment_actions.sections()
    assert marked_sections.replaced(PAGE, written) == PAGE, "mend it: make docs"


@pytest.mark.terraform
def test_each_statement_has_a_reason_and_each_reason_a_statement(
    plan: Callable[[str], Planned],
) -> None:
    without = REASONS.replace("DrainIntake = ", "DrainTheIntake = ")
    with pytest.raises(security_tables.ReasonError, match="DrainIntake has no reason"):
        security_tables.sections(plan, security_tables.Reasons(without))
    surplus = f'{REASONS}\nGoneByNow = "To keep what is no more."\n'
    with pytest.raises(
        security_tables.ReasonError, match=r"queues\.GoneByNow .* no such statement"
    ):
        security_tables.sections(plan, security_tables.Reasons(surplus))


def test_an_arn_without_a_name_is_refused() -> None:
    with pytest.raises(policy_words.UnknownNameError, match="has no name"):
        policy_words.resources_in_words(["arn:aws:sqs:us-east-1:123456789012:others"])


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ({"Null": {"s3:x": "false"}}, "`s3:x` is given"),
        ({"Null": {"s3:x": "true"}}, "`s3:x` is not given"),
        ({"StringEquals": {"a:b": ["y", "x"]}}, "`a:b` is `x` or `y`"),
        (
            {
                "ArnEquals": {"aws:SourceArn": "arn:aws:iam::123456789012:root"},
                "Bool": {"b": "true"},
            },
            "`aws:SourceArn` is this account and `b` is `true`",
        ),
    ],
)
def test_conditions_are_told(condition: dict[str, dict[str, str]], told: str) -> None:
    assert policy_words.conditions_in_words(condition) == told


def test_each_test_that_a_control_names_exists() -> None:
    source = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
    )
    named = {name for control in controls() for name in control.tests}
    assert len(named) > 15
    assert {name for name in named if f"def {name}(" not in source} == set()


def test_each_control_has_a_status() -> None:
    begins = ("Met", "On demand", "Waived", "Logged and encrypted", "No bare star")
    assert len(controls()) > 30
    assert [each.name for each in controls() if not each.stands.startswith(begins)] == []


def test_an_operation_is_named_as_its_action() -> None:
    calls = [("s3", "HeadBucket"), ("s3", "ListObjectsV2"), ("monitoring", "PutMetricAlarm")]
    named = ["cloudwatch:PutMetricAlarm", "s3:ListBucket", "s3:ListObjectsV2"]
    assert deployment_actions.actions(calls) == named


def test_each_action_of_the_page_is_one_that_iam_knows() -> None:
    part = PAGE[PAGE.index("## Who deploys") :]
    named = sorted(set(re.findall(r"`([a-z0-9]+:[A-Z]\w+)`", part)) - NEW_ACTIONS)
    assert len(named) > 100
    statement = {"Effect": "Allow", "Action": named, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    done = subprocess.run(
        [SCANNERS / "python", ROOT / "tests" / "plan" / "lint_policies.py"],
        input=json.dumps({"deployment": policy}),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    unknown = [what for _, code, what in json.loads(done.stdout) if code == "UNKNOWN_ACTION"]
    assert unknown == []

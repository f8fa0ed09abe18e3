"""What all scenarios together show, and the end: the destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools import deployment_actions

if TYPE_CHECKING:
    from tests.pipeline.deployment import Deployment


def test_no_role_was_denied_anything_and_every_call_was_judged(deployment: Deployment) -> None:
    seen = deployment.pipeline.control("authorization")
    denied = {
        (judgement["role"], judgement["action"], judgement["resource"])
        for judgement in seen["trace"]
        if not judgement["allowed"]
        and (judgement["role"], judgement["action"]) not in deployment.taken_away
    }
    assert denied == set()
    assert seen["unmapped"] == []


def test_second_plan_changes_nothing(deployment: Deployment) -> None:
    assert not deployment.changes_after_apply


def test_terraform_called_nothing_that_the_page_does_not_name(deployment: Deployment) -> None:
    called = deployment.deploying_calls
    assert ("states", "CreateStateMachine") in called
    named = set(deployment_actions.actions(deployment_actions.recorded()))
    assert set(deployment_actions.actions(called)) <= named, "mend: tools/record_deployment.py"


def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    deployment.destroy()
    assert deployment.left() == set()

"""What all scenarios together show, and the end: the sabotage of a grant, and the destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pipeline.grants import without
from tools import deployment_actions

if TYPE_CHECKING:
    from tests.pipeline.deployment import Deployment
    from tests.pipeline.scenario import Scenario


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


def test_missing_grant_is_named_and_loses_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    with without(scenario.deployment, "poll_queue", "sqs:ReceiveMessage"):
        failed = scenario.run()
    assert (failed.status, failed.error) == ("FAILED", "RunLeftOpen")
    assert "to perform: sqs:ReceiveMessage on resource" in scenario.history_of(failed.arn)
    assert scenario.items(uploads) == [{}, {}, {}]
    scenario.audit()
    # What was claimed before the messages could not be deleted stays claimed, and the run open.
    with without(scenario.deployment, "poll_queue", "sqs:DeleteMessage"):
        undeleted = scenario.run()
    assert (undeleted.status, undeleted.error) == ("FAILED", "RunLeftOpen")
    assert "to perform: sqs:DeleteMessage on resource" in scenario.history_of(undeleted.arn)
    run_id = scenario.run_worked_on_by(undeleted.arn)
    scenario.run()
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def test_terraform_called_nothing_that_the_page_does_not_name(deployment: Deployment) -> None:
    called = deployment.deploying_calls
    assert ("states", "CreateStateMachine") in called
    named = set(deployment_actions.actions(deployment_actions.recorded()))
    assert set(deployment_actions.actions(called)) <= named, "mend: tools/record_deployment.py"


def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    deployment.destroy()
    assert deployment.left() == set()

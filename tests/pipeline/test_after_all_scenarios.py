"""What all scenarios together show, and the end: no right in vain, sabotage, and the destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from labeling_sandbox.used_grants import Grant
from tests.pipeline.grants import without
from tests.sabotage import deployed_grants, sabotage, unexercised
from tests.sabotage.plays import PLAYS
from tests.sabotage.removals import Removal, all_removals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.conftest import Noted
    from tests.sabotage.sabotage import Rehearsal
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
    # What was claimed before the messages could not be deleted is claimed: the repeated poll finds
    # nothing more and the run goes on.
    with without(scenario.deployment, "poll_queue", "sqs:DeleteMessage"):
        repeated = scenario.run()
    assert repeated.status == "SUCCEEDED"
    assert "to perform: sqs:DeleteMessage on resource" in scenario.history_of(repeated.arn)
    scenario.assert_stored(uploads)


def test_destroy_leaves_nothing(deployment: Deployment) -> None:
    deployment.destroy()
    assert deployment.left() == set()

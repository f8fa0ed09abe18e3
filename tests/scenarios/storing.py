"""A Feature Store that refuses costs time, never a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.scenario import outcome

if TYPE_CHECKING:
    from tests.scenarios.scenario import Scenario


def writes_that_fail_now_and_then_are_repeated(scenario: Scenario) -> None:
    uploads = scenario.upload(40)
    scenario.refuse_records(0.3)
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def run_that_cannot_store_stays_open_and_is_finished_without_a_second_job(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(4)
    scenario.refuse_records(1.0, "AccessForbidden")
    open_run = scenario.run()
    assert outcome(open_run) == ("FAILED", "RunLeftOpen")
    report = scenario.report_of(open_run)
    assert report["outcome"] == "left_open"
    assert {row["item_state"] for row in scenario.items(uploads)} == {"claimed"}
    scenario.refuse_records(0.0)
    assert scenario.run().status == "SUCCEEDED"
    (successor,) = scenario.executions_of(report["run_id"])
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert len(scenario.jobs_with(uploads)) == 1

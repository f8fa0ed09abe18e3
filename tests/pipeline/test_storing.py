"""A Feature Store that refuses costs time, never a label."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pipeline.scenario import Scenario


def test_writes_that_fail_now_and_then_are_repeated(scenario: Scenario) -> None:
    uploads = scenario.upload(40)
    faults = {"put_record_failure_rate": 0.3, "unprocessed_rate": 0.1, "seed": 3}
    scenario.pipeline.control("feature-store/faults", faults)
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def test_run_that_cannot_store_stays_open_and_is_finished_without_a_second_job(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(4)
    faults = {"put_record_failure_rate": 1.0, "error_code": "AccessForbidden"}
    scenario.pipeline.control("feature-store/faults", faults)
    open_run = scenario.run()
    assert (open_run.status, open_run.error) == ("FAILED", "RunLeftOpen")
    report = scenario.report_of(open_run)
    assert report["outcome"] == "left_open"
    assert {row["item_state"] for row in scenario.items(uploads)} == {"claimed"}
    scenario.pipeline.control("feature-store/faults", {})
    assert scenario.run().status == "SUCCEEDED"
    (successor,) = scenario.executions_of(report["run_id"])
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert len(scenario.jobs_with(uploads)) == 1

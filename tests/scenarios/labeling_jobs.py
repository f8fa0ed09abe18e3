"""A labeling job that goes wrong never costs an item, and an attempt only where workers had it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.scenarios.scenario import outcome

if TYPE_CHECKING:
    from labeling_sandbox.audit.uploads import Upload
    from labeling_sandbox.demo.pipeline import Execution
    from tests.scenarios.scenario import Scenario

#: A request that the quota of jobs refuses is repeated five times.
QUOTA_REFUSALS = 6


def three_refused_jobs_lead_to_a_probe_and_its_success_back(scenario: Scenario) -> None:
    uploads = scenario.upload(4)
    scenario.break_job("create_refused", QUOTA_REFUSALS)
    _assert_refused(scenario, scenario.run(), uploads)
    with scenario.without("start_labeling_job", "sagemaker:CreateLabelingJob"):
        for _ in range(2):
            refused = scenario.run()
            _assert_refused(scenario, refused, uploads)
            scenario.assert_denied(refused, "sagemaker:CreateLabelingJob")
    probe = scenario.run()
    assert outcome(probe) == ("SUCCEEDED", "")
    assert scenario.report_of(probe)["claimed"] == 1
    usual = scenario.run()
    assert scenario.report_of(usual)["claimed"] == 3
    scenario.assert_stored(uploads)


def _assert_refused(scenario: Scenario, execution: Execution, uploads: list[Upload]) -> None:
    assert outcome(execution) == ("FAILED", "LabelingJobFailed")
    assert scenario.report_of(execution)["returned"] == {"labeling_job_not_created": len(uploads)}
    assert {row["item_state"] for row in scenario.items(uploads)} == {"returned"}
    assert {row["attempts"] for row in scenario.items(uploads)} == {0}
    assert scenario.messages_waiting() == len(uploads)
    scenario.audit()


def failed_job_costs_no_attempt(scenario: Scenario) -> None:
    uploads = scenario.upload(6)
    scenario.break_job("job_failed")
    failed = scenario.run()
    assert outcome(failed) == ("FAILED", "LabelingJobFailed")
    report = scenario.report_of(failed)
    assert report["returned"] == {"labeling_job_failed": 6}
    assert report["labeling_job"]["failure_reason"]
    assert {row["attempts"] for row in scenario.items(uploads)} == {0}
    scenario.audit()
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def job_that_somebody_stops_costs_no_attempt_and_what_was_labeled_is_stored(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(10)
    scenario.workers(delay_seconds=1000)
    started = scenario.start()
    scenario.stop_job()
    scenario.workers(delay_seconds=0)
    assert_partly_stored(scenario, scenario.end_of(started), uploads)
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def assert_partly_stored(scenario: Scenario, stopped: Execution, uploads: list[Upload]) -> None:
    """Check the end of a run whose job was stopped while workers labeled."""
    assert outcome(stopped) == ("FAILED", "LabelingJobFailed")
    stored = scenario.note_labeled_at_stop(uploads)
    rest = len(uploads) - stored
    assert 1 <= stored < len(uploads)
    report = scenario.report_of(stopped)
    assert (report["stored"], report["returned"]) == (stored, {"labeling_job_stopped": rest})
    rows = scenario.items(uploads)
    assert Counter(row["item_state"] for row in rows) == {"stored": stored, "returned": rest}
    assert {row["attempts"] for row in rows if row["item_state"] == "returned"} == {0}
    scenario.audit()


def used_up_attempts_end_as_dead_letter_that_an_operator_can_move_back(scenario: Scenario) -> None:
    uploads = scenario.upload(2)
    scenario.workers(expiry_rate=1)
    first = scenario.run()
    assert outcome(first) == ("FAILED", "NothingLabeled")
    assert scenario.report_of(first)["returned"] == {"annotation_expired": 2}
    assert {row["attempts"] for row in scenario.items(uploads)} == {1}
    scenario.audit()
    second = scenario.run()
    assert outcome(second) == ("FAILED", "NothingLabeled")
    assert scenario.report_of(second)["dead_lettered"] == {"attempts_exhausted": 2}
    for letter in scenario.dead_letters(uploads).values():
        assert (letter["reason"], letter["attempts"]) == ("attempts_exhausted", 2)
        assert letter["detail"] == "annotation_expired"
    scenario.workers(expiry_rate=0)
    scenario.redrive()
    assert scenario.run().status == "SUCCEEDED"
    findings = scenario.assert_stored(uploads)
    assert {findings.records[upload.uri]["attempts"] for upload in uploads} == {"1"}

"""A label is paid once, whatever happens to its verification."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.scenario import outcome

if TYPE_CHECKING:
    from tests.scenarios.scenario import Scenario


def verification_job_that_fails_costs_no_label(scenario: Scenario) -> None:
    uploads = scenario.upload(4)
    scenario.break_job("job_failed", name_ends="-verify")
    failed = scenario.run()
    assert outcome(failed) == ("FAILED", "VerificationJobFailed")
    assert scenario.report_of(failed)["labeled"] == 4
    rows = scenario.items(uploads)
    found = {(row["item_state"], row["attempts"], row["reason"]) for row in rows}
    assert found == {("labeled", 0, "verification_job_failed")}
    scenario.audit()
    assert scenario.run().status == "SUCCEEDED"
    _assert_verified(scenario, labeled=1, verified=2, attempts="1")


def rejected_labels_are_made_anew(scenario: Scenario) -> None:
    uploads = scenario.upload(4)
    scenario.workers(reject_right_rate=1)
    rejected = scenario.run()
    assert outcome(rejected) == ("SUCCEEDED", "")
    assert scenario.report_of(rejected)["returned"] == {"verification_rejected": 4}
    assert {row["attempts"] for row in scenario.items(uploads)} == {1}
    scenario.audit()
    scenario.workers(reject_right_rate=0)
    assert scenario.run().status == "SUCCEEDED"
    _assert_verified(scenario, labeled=2, verified=2, attempts="2")


def _assert_verified(scenario: Scenario, *, labeled: int, verified: int, attempts: str) -> None:
    findings = scenario.assert_stored(scenario.uploads)
    for upload in scenario.uploads:
        record = findings.records[upload.uri]
        assert (record["status"], record["attempts"]) == ("VERIFIED", attempts)
        assert record["verification_job"]
    assert set(scenario.endings[-1].jobs.values()) == {(labeled, verified)}

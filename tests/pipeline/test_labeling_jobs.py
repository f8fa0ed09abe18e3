"""A labeling job that goes wrong never costs an item, and an attempt only where workers had it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.pipeline.grants import without

if TYPE_CHECKING:
    from labeling_sandbox.auditor import Upload
    from labeling_sandbox.demo.pipeline import Execution
    from tests.pipeline.scenario import Scenario

#: A request that the quota of jobs refuses is repeated five times.
QUOTA_REFUSALS = 6


def outcome(execution: Execution) -> tuple[str, str]:
    return execution.status, execution.error


def test_three_refused_jobs_lead_to_a_probe_and_its_success_back(scenario: Scenario) -> None:
    uploads = scenario.upload(4)
    scenario.break_job("create_refused", QUOTA_REFUSALS)
    assert_refused(scenario, scenario.run(), uploads)
    with without(scenario.deployment, "start_labeling_job", "sagemaker:CreateLabelingJob"):
        for _ in range(2):
            refused = scenario.run()
            assert_refused(scenario, refused, uploads)
            assert "to perform: sagemaker:CreateLabelingJob" in scenario.history_of(refused.arn)
    probe = scenario.run()
    assert outcome(probe) == ("SUCCEEDED", "")
    assert scenario.report_of(probe)["claimed"] == 1
    usual = scenario.run()
    assert scenario.report_of(usual)["claimed"] == 3
    scenario.assert_stored(uploads)


def assert_refused(scenario: Scenario, execution: Execution, uploads: list[Upload]) -> None:
    assert outcome(execution) == ("FAILED", "LabelingJobFailed")
    assert scenario.report_of(execution)["returned"] == {"labeling_job_not_created": len(uploads)}
    assert {row["item_state"] for row in scenario.items(uploads)} == {"returned"}
    assert {row["attempts"] for row in scenario.items(uploads)} == {0}
    assert scenario.pipeline.messages_waiting() == len(uploads)
    scenario.audit()


def test_failed_and_stopped_jobs_cost_no_attempt_and_what_was_labeled_is_stored(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(10)
    scenario.break_job("job_failed")
    failed = scenario.run()
    assert outcome(failed) == ("FAILED", "LabelingJobFailed")
    report = scenario.report_of(failed)
    assert report["returned"] == {"labeling_job_failed": 10}
    assert report["labeling_job"]["failure_reason"]
    assert {row["attempts"] for row in scenario.items(uploads)} == {0}
    scenario.audit()
    stopped = scenario.end_of(_start_and_stop_the_job(scenario))
    assert outcome(stopped) == ("FAILED", "LabelingJobFailed")
    report = scenario.report_of(stopped)
    stored, rest = report["stored"], 10 - report["stored"]
    assert 1 <= stored < 10
    assert report["returned"] == {"labeling_job_stopped": rest}
    rows = scenario.items(uploads)
    assert Counter(row["item_state"] for row in rows) == {"stored": stored, "returned": rest}
    assert {row["attempts"] for row in rows if row["item_state"] == "returned"} == {0}
    scenario.audit()
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def _start_and_stop_the_job(scenario: Scenario) -> str:
    scenario.workers(delay_seconds=1000)
    started = scenario.start()
    job = scenario.busy_job()
    scenario.client("sagemaker").stop_labeling_job(LabelingJobName=job["name"])
    scenario.workers(delay_seconds=0)
    return started


def test_used_up_attempts_end_as_dead_letter_that_an_operator_can_move_back(
    scenario: Scenario,
) -> None:
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
    _move_dead_letters_back(scenario)
    assert scenario.run().status == "SUCCEEDED"
    findings = scenario.assert_stored(uploads)
    assert {findings.records[it.uri]["attempts"] for it in uploads} == {"1"}


def _move_dead_letters_back(scenario: Scenario) -> None:
    sqs = scenario.client("sqs")
    source, destination = (
        sqs.get_queue_attributes(QueueUrl=scenario.output(name), AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        for name in ("dead_letter_queue_url", "upload_queue_url")
    )
    sqs.start_message_move_task(SourceArn=source, DestinationArn=destination)
    (task,) = sqs.list_message_move_tasks(SourceArn=source)["Results"]
    assert task["Status"] == "COMPLETED"

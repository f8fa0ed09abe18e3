"""Whatever is lost or dies on the way, the next schedule finishes it, and nobody labels twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.labeling_jobs import assert_partly_stored
from tests.scenarios.scenario import created_event, outcome

if TYPE_CHECKING:
    from labeling_sandbox.audit.uploads import Upload
    from tests.scenarios.scenario import Scenario


def assert_one_job(scenario: Scenario, uploads: list[Upload]) -> None:
    """Check that all uploads were in one job, and in no other."""
    (job,) = scenario.jobs_with(uploads)
    assert len(job["item_ids"]) == len(uploads)


def lost_completion_event_is_made_up_for_and_a_doubled_one_is_harmless(scenario: Scenario) -> None:
    lost = scenario.upload(3, "lost")
    scenario.break_job("lose_event")
    waiting = scenario.start()
    scenario.wait_for(
        "the end of the job",
        lambda: [job for job in scenario.jobs_with(lost) if job["status"] == "Completed"],
    )
    assert scenario.status_of(waiting) == "RUNNING"
    doubled = scenario.upload(3, "doubled")
    scenario.break_job("duplicate_event")
    assert scenario.run().status == "SUCCEEDED"
    assert scenario.end_of(waiting).status == "SUCCEEDED"
    scenario.assert_stored([*lost, *doubled])
    assert_one_job(scenario, lost)
    assert_one_job(scenario, doubled)


def run_whose_execution_died_while_workers_label_is_resumed_once(scenario: Scenario) -> None:
    uploads = scenario.upload(10)
    scenario.workers(delay_seconds=1500)
    dead = scenario.start()
    scenario.busy_job()
    run_id = scenario.run_worked_on_by(dead)
    scenario.stop(dead)
    assert scenario.end_of(dead).status == "ABORTED"
    schedules = scenario.start_together(2)
    (successor,) = scenario.wait_for("the successor", lambda: scenario.executions_of(run_id))
    assert successor.endswith(f":{run_id}-r1")
    by_hand = scenario.resume(run_id)
    assert outcome(by_hand) == ("FAILED", "RunAliveError")
    for schedule in schedules:
        assert list(scenario.end_of(schedule).steps)[-1] == "QueueEmpty"
    assert scenario.end_of(successor).status == "SUCCEEDED"
    assert scenario.executions_of(run_id) == [successor]
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def job_of_an_aborted_execution_is_adopted_and_what_workers_gave_is_stored(
    scenario: Scenario,
) -> None:
    # The poll of the schedule must have ended before there is anything to return.
    uploads, run_id = _abort_a_job_that_ends_partly(scenario, delay_seconds=1500)
    assert list(scenario.run().steps)[-1] == "QueueEmpty"
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    _assert_adopted(scenario, uploads)


def job_of_an_aborted_execution_is_adopted_by_hand_too(scenario: Scenario) -> None:
    uploads, run_id = _abort_a_job_that_ends_partly(scenario, delay_seconds=600)
    assert scenario.resume(run_id).status == "SUCCEEDED"
    assert scenario.executions_of(run_id) == []
    _assert_adopted(scenario, uploads)


def _abort_a_job_that_ends_partly(
    scenario: Scenario, *, delay_seconds: float
) -> tuple[list[Upload], str]:
    uploads = scenario.upload(6)
    scenario.let_expire(uploads[:2])
    scenario.workers(delay_seconds=delay_seconds)
    dead = scenario.start()
    scenario.busy_job()
    run_id = scenario.run_worked_on_by(dead)
    scenario.stop(dead)
    assert scenario.end_of(dead).status == "ABORTED"
    scenario.workers(delay_seconds=0)
    scenario.let_expire([])
    return uploads, run_id


def _assert_adopted(scenario: Scenario, uploads: list[Upload]) -> None:
    expired, labeled = uploads[:2], uploads[2:]
    assert_one_job(scenario, uploads)
    scenario.assert_stored(labeled)
    found = {(row["item_state"], row["attempts"], row["reason"]) for row in scenario.items(expired)}
    assert found == {("returned", 1, "annotation_expired")}
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    # Nobody labeled twice what had a label.
    assert len(scenario.jobs_with(labeled)) == 1
    assert [len(job["item_ids"]) for job in scenario.jobs_with(expired)] == [6, 2]


def execution_whose_time_is_over_is_followed_by_one_that_adopts_its_job(scenario: Scenario) -> None:
    uploads = scenario.upload(10)
    scenario.workers(delay_seconds=1800)
    late = scenario.start_that_times_out()
    scenario.busy_job()
    run_id = scenario.run_worked_on_by(late)
    assert scenario.end_of(late).status == "TIMED_OUT"
    assert list(scenario.run().steps)[-1] == "QueueEmpty"
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def job_that_outlasts_the_waiting_state_is_stopped_and_what_was_labeled_is_stored(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(10)
    scenario.workers(delay_seconds=2000)
    started = scenario.start_that_stops_waiting()
    scenario.busy_job()
    scenario.workers(delay_seconds=0)
    ended = scenario.end_of(started)
    assert "StopJob" in ended.steps
    assert_partly_stored(scenario, ended, uploads)
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def execution_that_dies_while_it_polls_loses_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(12)
    dead = scenario.die_while_polling(uploads, with_function=False)
    run_id = scenario.run_worked_on_by(dead)
    # The function that was called goes on for a while: until then its run is left alone.
    scenario.run()
    if not scenario.executions_of(run_id):
        scenario.run()
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def run_that_died_with_its_poll_is_taken_over_when_the_lease_has_passed(scenario: Scenario) -> None:
    uploads = scenario.upload(12)
    dead = scenario.die_while_polling(uploads, with_function=True)
    run_id = scenario.run_worked_on_by(dead)
    too_early = scenario.resume(run_id)
    assert outcome(too_early) == ("FAILED", "RunAliveError")
    scenario.let_lease_pass(run_id)
    scenario.run()
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def two_schedules_at_once_share_the_queue(scenario: Scenario) -> None:
    uploads = scenario.upload(40)
    for started in scenario.start_together(2):
        assert scenario.end_of(started).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert sum(len(job["item_ids"]) for job in scenario.jobs_with(uploads)) == len(uploads)


def overlapping_runs_share_no_item(scenario: Scenario) -> None:
    early = scenario.upload(10, "early")
    scenario.workers(delay_seconds=1500)
    first = scenario.start()
    scenario.busy_job()
    scenario.workers(delay_seconds=0)
    late = scenario.upload(5, "late")
    (overwritten, *kept), (newer,) = early, scenario.upload(1, "early")
    scenario.send(created_event(kept[0]))
    second = scenario.run()
    assert scenario.status_of(first) == "RUNNING"
    assert second.status == "SUCCEEDED"
    report = scenario.report_of(second)
    assert (report["claimed"], report["dropped"]) == (6, {"claimed_by_open_run": 1})
    ended = scenario.end_of(first)
    assert ended.status == "SUCCEEDED"
    assert scenario.report_of(ended)["superseded"] == 1
    findings = scenario.assert_stored([*kept, *late, newer])
    assert findings.states[overwritten] == "superseded"
    assert_one_job(scenario, early)
    assert_one_job(scenario, [*late, newer])

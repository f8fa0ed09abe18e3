"""Whatever is lost or dies on the way, the next schedule finishes it, and nobody labels twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pipeline.scenario import created_event

if TYPE_CHECKING:
    from labeling_sandbox.auditor import Upload
    from tests.pipeline.scenario import Scenario


def assert_one_job(scenario: Scenario, uploads: list[Upload]) -> None:
    (job,) = scenario.jobs_with(uploads)
    assert len(job["item_ids"]) == len(uploads)


def claimed(scenario: Scenario, uploads: list[Upload]) -> bool:
    return any(row.get("item_state") == "claimed" for row in scenario.items(uploads))


def test_lost_completion_event_is_made_up_for_and_a_doubled_one_is_harmless(
    scenario: Scenario,
) -> None:
    lost = scenario.upload(3, "lost")
    scenario.break_job("lose_event")
    waiting = scenario.start()
    scenario.wait_for(
        "the end of the job",
        lambda: [it for it in scenario.jobs_with(lost) if it["status"] == "Completed"],
    )
    assert scenario.status_of(waiting) == "RUNNING"
    doubled = scenario.upload(3, "doubled")
    scenario.break_job("duplicate_event")
    assert scenario.run().status == "SUCCEEDED"
    assert scenario.end_of(waiting).status == "SUCCEEDED"
    scenario.assert_stored([*lost, *doubled])
    assert_one_job(scenario, lost)
    assert_one_job(scenario, doubled)


def test_run_whose_execution_died_while_workers_label_is_resumed_once(scenario: Scenario) -> None:
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
    assert (by_hand.status, by_hand.error) == ("FAILED", "RunAliveError")
    for schedule in schedules:
        assert list(scenario.end_of(schedule).steps)[-1] == "QueueEmpty"
    assert scenario.end_of(successor).status == "SUCCEEDED"
    assert scenario.executions_of(run_id) == [successor]
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def test_execution_that_dies_while_it_polls_loses_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(12)
    dead = scenario.start()
    scenario.wait_for("a claim", lambda: claimed(scenario, uploads))
    scenario.stop(dead)
    run_id = scenario.run_worked_on_by(dead)
    # The function that was called goes on for a while: until then its run is left alone.
    scenario.run()
    if not scenario.executions_of(run_id):
        scenario.run()
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def test_run_that_died_with_its_poll_is_taken_over_when_the_lease_has_passed(
    scenario: Scenario,
) -> None:
    uploads = scenario.upload(12)
    dead = scenario.start()
    scenario.wait_for("a claim", lambda: claimed(scenario, uploads))
    scenario.stop(dead)
    assert scenario.crash("poll_queue")
    run_id = scenario.run_worked_on_by(dead)
    too_early = scenario.resume(run_id)
    assert (too_early.status, too_early.error) == ("FAILED", "RunAliveError")
    scenario.let_lease_pass(run_id)
    scenario.run()
    (successor,) = scenario.executions_of(run_id)
    assert scenario.end_of(successor).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert_one_job(scenario, uploads)


def test_two_schedules_at_once_share_the_queue(scenario: Scenario) -> None:
    uploads = scenario.upload(40)
    for started in scenario.start_together(2):
        assert scenario.end_of(started).status == "SUCCEEDED"
    scenario.assert_stored(uploads)
    assert sum(len(job["item_ids"]) for job in scenario.jobs_with(uploads)) == len(uploads)


def test_overlapping_runs_share_no_item(scenario: Scenario) -> None:
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

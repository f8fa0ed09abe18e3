"""A permission that is missing for long delays items and loses none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.scenario import outcome

if TYPE_CHECKING:
    from labeling_sandbox.demo.pipeline import Execution
    from tests.scenarios.scenario import Scenario

#: Schedules until what failed is mended: each takes over the runs that are open, or polls.
MENDING = 3


def poll_that_may_not_receive_takes_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    with scenario.without("poll_queue", "sqs:ReceiveMessage"):
        failed = scenario.run()
    assert outcome(failed) == ("FAILED", "RunLeftOpen")
    scenario.assert_denied(failed, "sqs:ReceiveMessage")
    assert scenario.items(uploads) == [{}, {}, {}]
    scenario.audit()
    assert scenario.run().status == "SUCCEEDED"
    scenario.assert_stored(uploads)


def poll_that_may_not_delete_messages_loses_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    with scenario.without("poll_queue", "sqs:DeleteMessage"):
        failed = scenario.run()
    assert outcome(failed) == ("FAILED", "RunLeftOpen")
    scenario.assert_denied(failed, "sqs:DeleteMessage")
    _mend(scenario)
    scenario.assert_stored(uploads)
    assert len(scenario.jobs_with(uploads)) == 1


def poll_that_fails_for_many_schedules_dead_letters_nothing(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    with scenario.without("poll_queue", "s3:PutObject"):
        ended = [scenario.run() for _ in range(scenario.failing_schedules)]
    _assert_all_failed(scenario, ended)
    scenario.assert_denied(ended[-1], "s3:PutObject")
    _mend(scenario)
    scenario.assert_stored(uploads)
    assert scenario.endings[-1].dead_letters == []


def store_that_fails_for_many_schedules_is_made_up_for(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    with scenario.without("update_feature_store", "dynamodb:UpdateItem"):
        first = scenario.run()
        run_id = scenario.run_worked_on_by(first.arn)
        later = _schedules_with_successors(scenario, run_id)
    assert len(later) == scenario.failing_schedules - 1
    _assert_all_failed(scenario, [first, *later])
    _mend(scenario, run_id)
    scenario.assert_stored(uploads)
    assert len(scenario.jobs_with(uploads)) == 1


def return_that_fails_for_many_schedules_is_made_up_for(scenario: Scenario) -> None:
    uploads = scenario.upload(3)
    scenario.let_expire(uploads[:1])
    with scenario.without("return_items", "sqs:SendMessage"):
        first = scenario.run()
        run_id = scenario.run_worked_on_by(first.arn)
        later = _schedules_with_successors(scenario, run_id)
    assert len(later) == scenario.failing_schedules - 1
    _assert_all_failed(scenario, [first, *later])
    scenario.let_expire([])
    _mend(scenario, run_id)
    scenario.assert_stored(uploads)
    assert len(scenario.jobs_with(uploads[1:])) == 1
    assert scenario.endings[-1].dead_letters == []


def _schedules_with_successors(scenario: Scenario, run_id: str) -> list[Execution]:
    """Let more schedules fire; return the executions that took the run over."""
    for number in range(1, scenario.failing_schedules):
        assert scenario.run().status == "SUCCEEDED"
        successors = scenario.executions_of(run_id)
        assert len(successors) == number
        for successor in successors:
            scenario.end_of(successor)
    return [scenario.end_of(successor) for successor in scenario.executions_of(run_id)]


def _assert_all_failed(scenario: Scenario, ended: list[Execution]) -> None:
    assert {outcome(execution) for execution in ended} == {("FAILED", "RunLeftOpen")}
    scenario.assert_alarmed(ended)


def _mend(scenario: Scenario, run_id: str = "") -> None:
    for _ in range(MENDING):
        scenario.run()
        for run in {run_id, *scenario.open_runs()} - {""}:
            for successor in scenario.executions_of(run):
                scenario.end_of(successor)
        states = {row.get("item_state") for row in scenario.items(scenario.uploads)}
        if states == {"stored"} and not scenario.open_runs():
            break

"""recover_runs: dead runs are taken over once, living ones are left alone."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.callbacks import Executions
from labeling_lambdas.aws.job_ledger import JobLedger
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.aws.run_ledger import RunLedger
from labeling_lambdas.deadline import Deadline
from labeling_lambdas.errors import RunAliveError, RunNotFoundError, RunTakenOverError
from labeling_lambdas.steps.completion import Completion
from labeling_lambdas.steps.recover_runs import Recovered, RecoverRuns
from tests.handlers.faults import CrashError
from tests.handlers.pipeline import Context
from tests.handlers.places import on_both

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline

_NOTHING: dict[str, list[str]] = {"alive": [], "answered": [], "resumed": [], "failed": []}


def dead_poll(pipeline: Pipeline, operation: str, count: int = 11, *, after: bool = False) -> Any:
    """Let the first poll of a run die at a call, and return the run."""
    pipeline.announce(pipeline.sources(count))
    pipeline.faults.crash(operation, after=after)
    with pytest.raises(CrashError):
        pipeline.poll_once()
    pipeline.faults.forget()
    pipeline.expire_visibility()
    (run_id,) = pipeline.open_runs()
    return {"run_id": run_id}


def run_whose_jobs_end_was_missed(pipeline: Pipeline) -> dict[str, Any]:
    """Let an execution wait for a labeling job that has ended."""
    pipeline.prepare_ground_truth()
    token = pipeline.begin_execution()
    pipeline.announce([pipeline.upload("a.png")])
    run = pipeline.poll()
    pipeline.start(run, task_token=token)
    pipeline.end_job(run)
    return run


def test_without_open_runs_there_is_nothing_to_do(pipeline: Pipeline) -> None:
    assert pipeline.recover() == _NOTHING


def test_a_run_whose_execution_lives_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.begin_execution()
    run, _ = pipeline.seed(1)
    assert pipeline.recover() == {**_NOTHING, "alive": [run["run_id"]]}
    assert pipeline.run_row(run)["generation"] == 0
    assert pipeline.executions() == []


def test_a_living_run_whose_jobs_end_was_missed_is_answered(pipeline: Pipeline) -> None:
    run = run_whose_jobs_end_was_missed(pipeline)
    assert pipeline.recover() == {
        **_NOTHING,
        "alive": [run["run_id"]],
        "answered": [run["run_id"]],
    }
    assert pipeline.execution_end()[0] == "SUCCEEDED"


@pytest.mark.parametrize("code", ["KmsAccessDeniedException", "ThrottlingException"])
def test_a_missed_end_is_answered_though_the_execution_cannot_be_looked_up(
    pipeline: Pipeline, code: str
) -> None:
    run = run_whose_jobs_end_was_missed(pipeline)
    pipeline.faults.refuse("DescribeExecution", code)
    recovered = pipeline.recover()
    assert recovered["answered"] == recovered["failed"] == [run["run_id"]]
    assert recovered["resumed"] == []
    assert pipeline.execution_end()[0] == "SUCCEEDED"
    assert pipeline.recover()["failed"] == []


def test_a_living_run_whose_verification_jobs_end_was_missed_is_answered(
    pipeline: Pipeline,
) -> None:
    pipeline.prepare_ground_truth()
    pipeline.verify()
    token = pipeline.begin_execution()
    run, (source,) = pipeline.seed(1)
    labeled = pipeline.ended_job(run, [pipeline.labeled(source)])
    pipeline.start_verification(run, labeled, task_token=token)
    job = pipeline.job_name(run, "verify")
    pipeline.client("sagemaker").stop_labeling_job(LabelingJobName=job)
    pipeline.end_job(run, "verify")
    assert pipeline.recover()["answered"] == [run["run_id"]]
    _, output = pipeline.execution_end()
    assert (output["name"], output["status"]) == (job.lower(), "Stopped")


@on_both
def test_a_dead_sealed_run_is_handed_to_a_new_execution(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(2)
    pipeline.begin_execution()
    pipeline.kill_execution()
    assert pipeline.recover() == {**_NOTHING, "resumed": [run["run_id"]]}
    assert pipeline.executions() == [f"{run['run_id']}-r1"]
    row = pipeline.run_row(run)
    assert row["generation"] == 1
    assert row["execution_arn"].endswith(f":{run['run_id']}-r1")
    # The one that was started lives, so the next look changes nothing.
    assert pipeline.recover(execution="third") == {**_NOTHING, "alive": [run["run_id"]]}


def test_the_new_execution_adopts_the_run_and_the_old_one_is_fenced(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    pipeline.recover()
    successor = f"{run['run_id']}-r1"
    prefix = pipeline.machine_arn.replace(":stateMachine:", ":execution:")

    def as_successor(_name: str = "") -> str:
        return f"{prefix}:{successor}"

    job = pipeline.ended_job(run, [pipeline.labeled(source) for source in sources])
    with pytest.raises(RunTakenOverError):
        pipeline.plan(run, job)
    with pytest.raises(RunTakenOverError):
        pipeline.start(run)
    pipeline.environment.setattr(pipeline, "execution", as_successor)
    assert pipeline.recover(resume_run=run["run_id"]) == {
        "run_id": run["run_id"],
        "resumed": True,
    }
    polled = pipeline.poll_once({"run_id": run["run_id"], "resumed": True})
    assert (polled["claimed"], polled["generation"], polled["more"]) == (2, 1, False)
    assert pipeline.settle(polled, job)["outcome"] == "succeeded"


def test_an_execution_that_was_never_started_counts_as_dead(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    pipeline.faults.crash("StartExecution")
    with pytest.raises(CrashError):
        pipeline.recover()
    pipeline.faults.forget()
    assert pipeline.executions() == []
    assert pipeline.recover() == {**_NOTHING, "resumed": [run["run_id"]]}
    assert pipeline.executions() == [f"{run['run_id']}-r2"]


def test_two_schedules_that_find_the_same_dead_run_start_one_execution(
    pipeline: Pipeline,
) -> None:
    run, _ = pipeline.seed(1)
    pipeline.begin_execution()
    pipeline.kill_execution()
    other: list[dict[str, Any]] = []

    def look_at_the_same_time() -> None:
        other.append(pipeline.recover(execution="second"))

    pipeline.faults.when_answered("DescribeExecution", look_at_the_same_time)
    first = pipeline.recover(execution="first")
    assert other == [{**_NOTHING, "resumed": [run["run_id"]]}]
    assert first == _NOTHING
    assert pipeline.executions() == [f"{run['run_id']}-r1"]


def test_a_poll_that_may_still_claim_is_waited_for(pipeline: Pipeline) -> None:
    run = dead_poll(pipeline, "TransactWriteItems", after=True)
    assert pipeline.recover() == {**_NOTHING, "alive": [run["run_id"]]}
    with pytest.raises(RunAliveError, match="may still be polled"):
        pipeline.recover(resume_run=run["run_id"])
    with pytest.raises(RunAliveError):
        pipeline.poll_once({"run_id": run["run_id"], "resumed": True})


def test_a_run_that_cannot_be_recovered_does_not_stop_the_others(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    pipeline.put_rows(
        {"pk": "OPEN_RUNS", "run_ids": {"0-broken", run["run_id"], "9-unknown"}},
        {
            "pk": "RUN#0-broken",
            "run_state": "sealed",
            "execution_arn": "no arn at all",
            "generation": 0,
            "opened_at": "",
        },
    )
    found = pipeline.recover()
    assert (found["failed"], found["resumed"]) == (["0-broken"], [run["run_id"]])


def test_resuming_by_hand_refuses_what_is_alive_unknown_or_closed(pipeline: Pipeline) -> None:
    with pytest.raises(RunNotFoundError, match="nonsense is not an open run"):
        pipeline.recover(resume_run="nonsense")
    pipeline.begin_execution()
    run, sources = pipeline.seed(1)
    with pytest.raises(RunAliveError, match="is being worked on by"):
        pipeline.recover(resume_run=run["run_id"])
    pipeline.settle(run, pipeline.ended_job(run, [pipeline.labeled(sources[0])]))
    pipeline.kill_execution()
    with pytest.raises(RunNotFoundError):
        pipeline.recover(resume_run=run["run_id"])


def test_resuming_by_hand_takes_a_dead_run_over_once(pipeline: Pipeline) -> None:
    run, _ = pipeline.seed(1)
    for _ in range(2):
        found = pipeline.recover(execution="by-hand", resume_run=run["run_id"])
        assert found == {"run_id": run["run_id"], "resumed": True}
    row = pipeline.run_row(run)
    assert (row["generation"], row["execution_arn"]) == (1, pipeline.execution("by-hand"))


def test_a_call_whose_answer_was_lost_is_waited_for_by_its_repeat(pipeline: Pipeline) -> None:
    # The first call is still at work when the state machine calls again.
    repeats: list[dict[str, Any]] = []

    def repeat() -> None:
        pipeline.announce([pipeline.source("late.png")])
        repeats.append(pipeline.poll_once(context=Context(seconds=11)))

    pipeline.announce(pipeline.sources(3))
    pipeline.faults.when_answered("PutObject", repeat)
    first = pipeline.poll_once()
    assert repeats[0]["more"] is True
    assert repeats[0]["received"] == 0
    assert first["more"] is False
    # Whoever asks again is told what the first call sealed.
    assert pipeline.poll_once(repeats[0]) == first


@pytest.mark.parametrize(
    ("operation", "after", "claimed"),
    [
        # Before the list: nothing was claimed. Between list and claim: nothing either.
        ("PutObject", False, 0),
        ("PutObject", True, 0),
        # Between claim and delete: the run has them, and the messages come back.
        ("DeleteMessageBatch", False, None),
    ],
)
def test_a_dead_poll_is_sealed_with_what_it_claimed_and_nothing_is_lost(
    pipeline: Pipeline, operation: str, after: bool, claimed: int | None
) -> None:
    sources = pipeline.sources(11)
    run = dead_poll(pipeline, operation, after=after)
    pipeline.expire_leases()
    pipeline.recover(execution="by-hand", resume_run=run["run_id"])
    sealed = pipeline.poll_once({"run_id": run["run_id"], "resumed": True}, execution="by-hand")
    assert sealed["more"] is False
    held = [key for key, row in pipeline.rows().items() if row.get("item_state") == "claimed"]
    assert sealed["claimed"] == len(held)
    if claimed is not None:
        assert sealed["claimed"] == claimed
    next_run = pipeline.poll(execution="two")
    assert next_run["claimed"] + sealed["claimed"] == 11
    assert pipeline.states(sources) == ["claimed"] * 11


def test_a_dead_poll_that_listed_nothing_is_closed_when_it_is_resumed(
    pipeline: Pipeline,
) -> None:
    run = dead_poll(pipeline, "PutObject")
    pipeline.expire_leases()
    pipeline.recover(execution="by-hand", resume_run=run["run_id"])
    for _ in range(2):
        sealed = pipeline.poll_once({"run_id": run["run_id"], "resumed": True}, execution="by-hand")
        assert (sealed["received"], sealed["claimed"]) == (0, 0)
        assert pipeline.open_runs() == set()


def test_messages_of_a_dead_poll_stay_on_the_queue_until_it_was_looked_after(
    pipeline: Pipeline,
) -> None:
    dead_poll(pipeline, "DeleteMessageBatch", count=3)
    waiting = pipeline.poll(execution="two")
    assert waiting["claimed"] == 0
    assert (pipeline.in_flight(), len(pipeline.waiting())) == (0, 3)


def test_what_is_returned_of_very_many_runs_is_within_the_limit_of_a_state() -> None:
    # What is larger ends the execution, because nothing catches that, and nothing would be polled.
    runs = [f"20261123t120000-{number:010x}" for number in range(20_000)]
    recovered = Recovered(alive=runs, answered=runs, resumed=runs, failed=runs)
    returned = recovered.fields()
    assert len(json.dumps(returned)) < 262_144 // 2
    assert all(returned[name][0] == runs[0] for name in returned)


class FewCalls(Context):
    """Time for a few looks, then none."""

    def get_remaining_time_in_millis(self) -> int:
        self.seconds -= 1
        return super().get_remaining_time_in_millis()


def test_ten_thousand_open_runs_neither_fill_the_result_nor_starve_one_another(
    pipeline: Pipeline,
) -> None:
    runs = [f"{number:05d}-0123456789" for number in range(9000)]
    pipeline.put_rows({"pk": "OPEN_RUNS", "run_ids": set(runs)})
    visited: list[str] = []
    recovery = RecoverRuns(
        pipeline=pipeline.name,
        state_machine_arn=pipeline.machine_arn,
        execution_arn=pipeline.execution(),
        runs=RunLedger(clients.dynamodb(), pipeline.table),
        executions=Executions(clients.stepfunctions()),
        completion=Completion(
            lambda _engine: LabelingJobs(clients.sagemaker()),
            JobLedger(clients.dynamodb(), pipeline.table),
            Executions(clients.stepfunctions()),
        ),
        deadline=Deadline.of(FewCalls(13)),
    )

    def look(_self: RecoverRuns, run_id: str, recovered: Recovered) -> None:
        visited.append(run_id)
        recovered.alive.append(run_id)

    pipeline.environment.setattr(RecoverRuns, "_recover_run", look)
    for _ in range(3):
        dataclasses.replace(recovery, deadline=Deadline.of(FewCalls(13))).recover()
    assert visited == runs[: len(visited)]
    assert len(visited) >= 6

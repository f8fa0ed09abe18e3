"""status: queues, open runs and the progress of their labeling jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from labelctl.status import JobStatus
from tests.sandbox.resources import wait_until

if TYPE_CHECKING:
    from tests.labelctl.stage import Operated


def test_a_pipeline_without_runs_or_messages(operated: Operated) -> None:
    queue = {"waiting": 0, "in_flight": 0, "oldest_age_seconds": None}
    assert operated.answer("status") == {
        "schema": "labelctl-status/1",
        "pipeline": operated.name,
        "queues": {"intake": queue, "dead_letter": queue, "undelivered": queue},
        "failed_jobs_in_a_row": 0,
        "probe_mode": False,
        "runs": [],
    }
    assert "no open runs" in operated.labelctl("status").stdout


def test_messages_are_counted_by_queue(operated: Operated) -> None:
    operated.announce(operated.sources(3))
    operated.client("sqs").receive_message(QueueUrl=operated.intake_url)
    operated.dead_letter("{}", "{}")
    queues = operated.answer("status")["queues"]
    assert (queues["intake"]["waiting"], queues["intake"]["in_flight"]) == (2, 1)
    assert queues["dead_letter"]["waiting"] == 2


def test_an_open_run_is_shown_with_its_job(operated: Operated) -> None:
    operated.prepare_ground_truth()
    operated.client("stepfunctions").start_execution(
        stateMachineArn=operated.machine_arn, name=f"{operated.name}-one"
    )
    run = operated.claim(4)
    operated.start(run)
    wait_until(lambda: operated.answer("status")["runs"][0]["jobs"][0]["done"] == 4, "the labels")
    (shown,) = operated.answer("status")["runs"]
    (job,) = shown.pop("jobs")
    assert shown.pop("age_seconds") >= 0
    assert shown == {
        "run_id": run["run_id"],
        "state": "sealed",
        "execution_arn": operated.execution(),
        "execution_status": "RUNNING",
        "generation": 0,
        "opened_at": operated.run_row(run)["opened_at"],
        "claimed": 4,
    }
    assert (job["stage"], job["name"], job["objects"]) == ("label", operated.job_name(run), 4)
    # Ground Truth cannot read pictures that were never uploaded.
    assert job["counters"]["FailedNonRetryableError"] == 4
    table = operated.labelctl("status").stdout
    assert run["run_id"] in table
    assert "4/4" in table


def test_the_verification_job_is_shown_beside_the_labeling_job(operated: Operated) -> None:
    run = operated.claim(1)
    for stage in ("label", "verify"):
        name = f"{operated.name}-{run['run_id']}-{stage}"
        operated.put_rows(
            {"pk": f"JOB#{name}", "run_id": run["run_id"], "task_token": "t", "token_order": "o"}
        )
    (shown,) = operated.answer("status")["runs"]
    jobs = [(job["stage"], job["status"], job["objects"]) for job in shown["jobs"]]
    assert jobs == [("label", "NotCreated", 0), ("verify", "NotCreated", 0)]


def test_a_job_in_label_studio_is_not_looked_for_in_ground_truth(operated: Operated) -> None:
    run = operated.claim(1)
    ended = {"status": "Completed", "counters": {"TotalLabeled": 1}, "failure_reason": ""}
    results = {"label": ended, "verify": None}
    for stage, result in results.items():
        row = {"pk": f"JOB#{operated.name}-{run['run_id']}-{stage}", "run_id": run["run_id"]}
        waiting = {"task_token": "t", "token_order": "o", "engine": "label_studio"}
        operated.put_rows(row | waiting | ({} if result is None else {"job_result": result}))
    (shown,) = operated.answer("status")["runs"]
    jobs = [(job["stage"], job["status"], job["objects"]) for job in shown["jobs"]]
    assert jobs == [("label", "Completed", 1), ("verify", "InProgress", 0)]


def test_a_run_without_a_running_execution_is_named(operated: Operated) -> None:
    run = operated.claim(1)
    (shown,) = operated.answer("status")["runs"]
    assert shown["execution_status"] == "NOT_STARTED"
    table = operated.labelctl("status").stdout
    assert f"run {run['run_id']} has no running execution" in table


@pytest.mark.parametrize(("failed", "probe"), [(2, False), (3, True)])
def test_probe_mode_is_shown(operated: Operated, failed: int, *, probe: bool) -> None:
    operated.put_rows({"pk": "PIPELINE", "failed_jobs_in_a_row": failed})
    answer = operated.answer("status")
    assert (answer["failed_jobs_in_a_row"], answer["probe_mode"]) == (failed, probe)
    assert ("probe mode" in operated.labelctl("status").stdout) is probe


def test_ages_are_read_from_cloudwatch_on_request(operated: Operated) -> None:
    operated.client("cloudwatch").put_metric_data(
        Namespace="AWS/SQS",
        MetricData=[
            {
                "MetricName": "ApproximateAgeOfOldestMessage",
                "Dimensions": [{"Name": "QueueName", "Value": f"{operated.name}-dead"}],
                "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes),
                "Value": value,
            }
            for minutes, value in ((2, 90.0), (5, 30.0))
        ],
    )
    queues = operated.answer("status", "--age")["queues"]
    assert queues["dead_letter"]["oldest_age_seconds"] == 90
    assert queues["intake"]["oldest_age_seconds"] is None
    assert operated.answer("status")["queues"]["dead_letter"]["oldest_age_seconds"] is None


def test_failed_objects_count_as_done() -> None:
    counters = {"TotalLabeled": 3, "FailedNonRetryableError": 1, "Unlabeled": 6}
    job = JobStatus("label", "n", "InProgress", counters)
    assert (job.done, job.objects) == (4, 10)

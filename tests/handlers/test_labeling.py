"""start_labeling_job, stop_job and job_state_change: one job for each run, and one answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.artifacts import Artifacts
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.errors import (
    LabelingJobNameTakenError,
    LabelingJobPendingError,
    LabelingJobRefusedError,
    LabelingJobThrottledError,
    LabelingJobUnfinishedError,
    RunNotFoundError,
    RunTakenOverError,
)
from labeling_lambdas.steps import start_job
from tests.handlers.faults import CrashError
from tests.handlers.places import on_both, on_the_sandbox

if TYPE_CHECKING:
    from tests.handlers.pipeline import Pipeline


@pytest.fixture(autouse=True)
def templates(pipeline: Pipeline) -> None:
    pipeline.prepare_ground_truth()


def claimed(pipeline: Pipeline, *keys: str) -> dict[str, Any]:
    """Upload, announce and claim images that the workers can see."""
    pipeline.announce([pipeline.upload(key) for key in keys or ("a.png", "b é+ .png")])
    return pipeline.poll()


@on_both
def test_a_job_is_created_with_a_line_for_each_item(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    started = pipeline.start(run)
    assert started == {"labeling_job": pipeline.job_name(run), "result": "created"}
    job = pipeline.end_job(run)
    assert job["status"] == "Completed"
    assert set(job["item_ids"]) == {
        key.removeprefix("ITEM#") for key in pipeline.rows() if key.startswith("ITEM#")
    }


def test_a_job_keeps_the_template_and_the_categories_it_was_created_with(
    pipeline: Pipeline,
) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    described = pipeline.client("sagemaker").describe_labeling_job(
        LabelingJobName=pipeline.job_name(run)
    )
    used = {
        "template.html": described["HumanTaskConfig"]["UiConfig"]["UiTemplateS3Uri"],
        "categories.json": described["LabelCategoryConfigS3Uri"],
    }
    s3 = pipeline.client("s3")
    for name, uri in used.items():
        key = f"runs/{run['run_id']}/manifests/{name}"
        assert uri == f"s3://{pipeline.output}/{key}"
        original = s3.get_object(Bucket=pipeline.output, Key=f"ground-truth/{name}")
        s3.delete_object(Bucket=pipeline.output, Key=f"ground-truth/{name}")
        kept = s3.get_object(Bucket=pipeline.output, Key=key)
        assert kept["Body"].read() == original["Body"].read()


@on_the_sandbox
def test_copies_of_tagged_templates_take_no_tags_along(pipeline: Pipeline) -> None:
    # Copying tags needs permissions of its own, which no function has.
    s3 = pipeline.client("s3")
    tags = {"TagSet": [{"Key": "team", "Value": "vision"}]}
    for name in ("template.html", "categories.json"):
        s3.put_object_tagging(Bucket=pipeline.output, Key=f"ground-truth/{name}", Tagging=tags)
    run = claimed(pipeline)
    pipeline.start(run)
    for name in ("template.html", "categories.json"):
        kept = f"runs/{run['run_id']}/manifests/{name}"
        assert s3.get_object_tagging(Bucket=pipeline.output, Key=kept)["TagSet"] == []


def test_only_the_newest_version_of_a_key_is_shown_to_workers(pipeline: Pipeline) -> None:
    old = pipeline.source(version_id="v1", sequencer="01")
    new = pipeline.source(version_id="v2", sequencer="02")
    pipeline.announce([old])
    pipeline.poll_once()
    # A second part of the same run, as another thread would have written it.
    run, _ = pipeline.seed(0)
    pipeline.write_file(
        run,
        "claims/part.json",
        {
            "counts": {"received": 2, "claimed": 2, "dropped": {}, "invalid": {}},
            "items": [
                {"source": source.fields(), "attempts": 0, "generation": 0} for source in (new, old)
            ],
        },
    )
    pipeline.start(run)
    assert pipeline.end_job(run)["item_ids"] == [new.item_id]


def test_the_token_is_stored_before_the_job_exists(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.faults.crash("CreateLabelingJob")
    with pytest.raises(CrashError):
        pipeline.start(run, task_token="mine")
    row = pipeline.rows()[f"JOB#{pipeline.job_name(run).lower()}"]
    assert (row["task_token"], row["run_id"]) == ("mine", run["run_id"])
    assert pipeline.jobs() == []


def test_a_job_whose_creation_was_not_answered_is_adopted(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.faults.crash("CreateLabelingJob", after=True)
    with pytest.raises(CrashError):
        pipeline.start(run)
    pipeline.faults.forget()
    assert pipeline.start(run, retry_count=1)["result"] == "adopted"
    assert len(pipeline.jobs()) == 1


def test_a_job_that_ended_before_it_was_adopted_is_answered_at_once(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    pipeline.end_job(run)
    token = pipeline.begin_execution()
    assert pipeline.start(run, task_token=token, retry_count=1)["result"] == "answered"
    status, output = pipeline.execution_end()
    assert status == "SUCCEEDED"
    assert (output["status"], output["name"]) == ("Completed", pipeline.job_name(run))
    assert output["output_uri"].startswith(f"s3://{pipeline.output}/labeling-jobs/")
    assert output["counters"]["TotalLabeled"] == 2


@on_both
def test_the_end_of_a_job_answers_the_state_that_waits(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    token = pipeline.begin_execution()
    pipeline.start(run, task_token=token)
    pipeline.end_job(run)
    name = pipeline.job_name(run).lower()
    assert pipeline.job_event(name) == {name: "answered"}
    # A second event for the same change is normal; so is a token that no state waits for.
    assert pipeline.job_event(name) == {name: "stale"}


def test_a_job_of_others_is_ignored(pipeline: Pipeline) -> None:
    assert pipeline.job_event("somebody-elses") == {"somebody-elses": "unknown"}


def test_a_job_that_goes_on_is_not_answered(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    name = pipeline.job_name(run)
    assert pipeline.job_event(name) == {name.lower(): "unfinished"}


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_an_end_that_ground_truth_does_not_know_yet_is_tried_again(
    pipeline: Pipeline, status: str
) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    name = pipeline.job_name(run)
    with pytest.raises(LabelingJobUnfinishedError, match=name.lower()):
        pipeline.job_event("somebody-elses", name, status=status)
    assert pipeline.job_result(run, "label") is None
    assert pipeline.job_event("somebody-elses", status=status) == {"somebody-elses": "unknown"}


def test_a_job_that_was_known_but_never_created_is_not_answered(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.faults.crash("CreateLabelingJob")
    with pytest.raises(CrashError):
        pipeline.start(run)
    pipeline.faults.forget()
    name = pipeline.job_name(run).lower()
    assert pipeline.job_event(name) == {name: "unfinished"}


def another_job(pipeline: Pipeline, run: dict[str, Any], name: str) -> None:
    """Create a job that reads the manifest of a run, whatever its own name says."""
    sagemaker = pipeline.client("sagemaker")
    described = sagemaker.describe_labeling_job(LabelingJobName=pipeline.job_name(run))
    members = ("LabelAttributeName", "InputConfig", "OutputConfig", "RoleArn")
    human = ("LabelCategoryConfigS3Uri", "HumanTaskConfig")
    request = {member: described[member] for member in (*members, *human)}
    sagemaker.create_labeling_job(LabelingJobName=name, **request)


def as_another_run(pipeline: Pipeline, run: dict[str, Any]) -> dict[str, Any]:
    """Give a run the id under whose job name another job exists."""
    rows = pipeline.rows()
    row = rows[f"RUN#{run['run_id']}"] | {"pk": "RUN#another"}
    pipeline.put_rows(row)
    claims = pipeline.file(run, "claims/index.json")
    another = {**run, "run_id": "another"}
    pipeline.write_file(another, "claims/index.json", claims)
    for part in claims["parts"]:
        pipeline.write_file(
            another, f"claims/{part}.json", pipeline.file(run, f"claims/{part}.json")
        )
    return another


def test_a_name_that_another_job_has_is_refused(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    foreign = as_another_run(pipeline, run)
    another_job(pipeline, run, pipeline.job_name(foreign))
    with pytest.raises(LabelingJobNameTakenError, match="choose another job_name"):
        pipeline.start(foreign)


def test_another_job_under_this_name_is_neither_stopped_nor_harvested(
    pipeline: Pipeline,
) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    foreign = as_another_run(pipeline, run)
    another_job(pipeline, run, pipeline.job_name(foreign))
    token = pipeline.begin_execution()
    assert pipeline.stop(foreign, task_token=token)["result"] == "answered"
    _, output = pipeline.execution_end()
    assert output["status"] == "NotCreated"
    assert pipeline.job_event(pipeline.job_name(foreign)) == {
        pipeline.job_name(foreign).lower(): "unknown"
    }


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException"])
def test_a_refusal_for_good_is_named(pipeline: Pipeline, code: str) -> None:
    run = claimed(pipeline)
    pipeline.environment.setattr(start_job, "_REFUSED_PAUSES", (0, 0))
    pipeline.faults.refuse("CreateLabelingJob", code, "no such work team", times=3)
    with pytest.raises(LabelingJobRefusedError, match=f"{code}: no such work team"):
        pipeline.start(run)


@pytest.mark.parametrize("code", ["ValidationException", "ServiceQuotaExceededException"])
def test_a_refusal_that_nobody_documents_is_no_end_at_once(pipeline: Pipeline, code: str) -> None:
    run = claimed(pipeline)
    pipeline.environment.setattr(start_job, "_REFUSED_PAUSES", (0, 0))
    pipeline.faults.refuse("CreateLabelingJob", code, "the role cannot be assumed", times=2)
    assert pipeline.start(run)["result"] == "created"


@pytest.mark.parametrize("code", ["ThrottlingException", "ResourceLimitExceeded"])
def test_a_refusal_for_now_is_told_apart(pipeline: Pipeline, code: str) -> None:
    run = claimed(pipeline)
    pipeline.faults.refuse("CreateLabelingJob", code)
    with pytest.raises(LabelingJobThrottledError):
        pipeline.start(run)
    assert pipeline.start(run, retry_count=1)["result"] == "created"


def test_no_job_is_created_for_a_run_that_is_settled_or_closed(pipeline: Pipeline) -> None:
    run, sources = pipeline.seed(2)
    job = pipeline.ended_job(run, status="NotCreated")
    plan = pipeline.plan(run, job)
    with pytest.raises(LabelingJobRefusedError, match="sealed run only"):
        pipeline.start(run)
    pipeline.give_back(run, plan)
    assert pipeline.finish(run)["outcome"] == "labeling_job_failed"
    with pytest.raises(LabelingJobRefusedError):
        pipeline.start(run)
    assert pipeline.jobs() == []
    assert pipeline.states(sources) == ["returned", "returned"]


def test_a_stale_execution_starts_and_stops_nothing(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    for step in (pipeline.start, pipeline.stop):
        with pytest.raises(RunTakenOverError):
            step(run, execution="stale")
        with pytest.raises(RunNotFoundError):
            step({"run_id": "unheard-of", "generation": 0})
    assert pipeline.jobs() == []


def test_an_older_token_never_replaces_a_newer_one(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run, task_token="new", retry_count=2)
    with pytest.raises(RunTakenOverError, match="newer state"):
        pipeline.start(run, task_token="old", retry_count=1)
    with pytest.raises(RunTakenOverError):
        pipeline.start(run, task_token="old", entered_at="2026-01-02T03:04:05Z", retry_count=9)
    row = pipeline.rows()[f"JOB#{pipeline.job_name(run).lower()}"]
    assert row["task_token"] == "new"


def test_a_running_job_is_stopped_and_answered_when_it_has_ended(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    pipeline.begin_job(run)
    token = pipeline.begin_execution()
    assert pipeline.stop(run, task_token=token)["result"] in ("stopping", "answered")
    assert pipeline.end_job(run)["status"] == "Stopped"
    pipeline.job_event(pipeline.job_name(run))
    _, output = pipeline.execution_end()
    assert output["status"] == "Stopped"


def test_a_job_that_is_being_stopped_is_not_stopped_again(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    sagemaker = pipeline.client("sagemaker")
    described = sagemaker.describe_labeling_job(LabelingJobName=pipeline.job_name(run))
    answers = [{**described, "LabelingJobStatus": "Stopping"}] * 2

    def stopping(**_: Any) -> Any:
        return answers.pop()

    pipeline.faults.forget()
    pipeline.environment.setattr(clients.sagemaker(), "describe_labeling_job", stopping)
    assert pipeline.stop(run)["result"] == "stopping"
    assert "StopLabelingJob" not in pipeline.faults.calls


def test_a_job_that_has_ended_is_answered_by_stop(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    pipeline.end_job(run)
    token = pipeline.begin_execution()
    assert pipeline.stop(run, task_token=token)["result"] == "answered"


def test_a_job_that_never_was_is_answered_as_not_created(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    token = pipeline.begin_execution()
    assert pipeline.stop(run, task_token=token)["result"] == "answered"
    _, output = pipeline.execution_end()
    assert output == {
        "name": pipeline.job_name(run),
        "status": "NotCreated",
        "output_uri": "",
        "counters": {},
        "failure_reason": "",
    }
    # What was answered stays true: a repeat does not create the job after all.
    assert pipeline.start(run, entered_at="2026-01-02T05:00:00Z")["result"] == "stale"
    assert pipeline.jobs() == []


def test_no_job_is_created_once_stop_has_answered_that_there_is_none(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    write = Artifacts.write_stream
    stopped: list[str] = []

    def slowly(artifacts: Artifacts, *arguments: Any) -> None:
        # The state has failed meanwhile, and the run goes on to give its items back.
        stopped.append(pipeline.stop(run)["result"])
        write(artifacts, *arguments)

    pipeline.environment.setattr(Artifacts, "write_stream", slowly)
    with pytest.raises(RunTakenOverError, match="newer state"):
        pipeline.start(run)
    assert stopped == ["stale"]
    assert pipeline.jobs() == []


def test_stop_waits_for_a_function_that_may_still_create_the_job(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    create = LabelingJobs.create
    pending: list[LabelingJobPendingError] = []

    def slowly(client: LabelingJobs, request: dict[str, Any]) -> bool:
        with pytest.raises(LabelingJobPendingError, match="may still be created") as caught:
            pipeline.stop(run)
        pending.append(caught.value)
        return create(client, request)

    pipeline.environment.setattr(LabelingJobs, "create", slowly)
    assert pipeline.start(run)["result"] == "created"
    assert len(pending) == 1
    assert pipeline.stop(run, retry_count=1)["result"] in ("stopping", "stale")
    assert pipeline.end_job(run)["status"] == "Stopped"


@pytest.mark.parametrize("killed", [True, False])
def test_stop_waits_no_longer_than_that_function_can_live(pipeline: Pipeline, killed: bool) -> None:
    run = claimed(pipeline)
    if killed:
        pipeline.faults.crash("CreateLabelingJob")
        with pytest.raises(CrashError):
            pipeline.start(run)
        pipeline.faults.forget()
        with pytest.raises(LabelingJobPendingError):
            pipeline.stop(run)
        pipeline.expire_leases()
    else:
        pipeline.environment.setattr(start_job, "_REFUSED_PAUSES", (0, 0))
        pipeline.faults.refuse("CreateLabelingJob", "ValidationException", times=3)
        with pytest.raises(LabelingJobRefusedError):
            pipeline.start(run)
    assert pipeline.stop(run)["result"] == "stale"
    found = pipeline.job_result(run, "label")
    assert found is not None
    assert found["status"] == "NotCreated"


@pytest.mark.parametrize("after", [False, True])
def test_starting_survives_a_crash_at_every_call(pipeline: Pipeline, after: bool) -> None:
    run = claimed(pipeline)
    crashes = list(
        pipeline.faults.crashes(lambda call: pipeline.start(run, retry_count=call), after=after)
    )
    assert len(crashes) >= 6
    assert pipeline.start(run, retry_count=99)["result"] == "adopted"
    assert len(pipeline.jobs()) == 1


def test_what_the_job_reads_is_encrypted_with_the_pipelines_key(pipeline: Pipeline) -> None:
    run = claimed(pipeline)
    pipeline.start(run)
    s3 = pipeline.client("s3")
    key = f"runs/{run['run_id']}/manifests/label.manifest"
    found = s3.get_object(Bucket=pipeline.output, Key=key)
    assert found["ServerSideEncryption"] == "aws:kms"
    assert found["SSEKMSKeyId"] == pipeline.key_arn
    assert len([json.loads(line) for line in found["Body"].read().splitlines()]) == 2

"""A run's jobs are done on the engine that they were created on, whatever is set since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.domain.job_settings import job_settings, read_job_settings
from labeling_lambdas.domain.label_studio.job_settings import StudioJobSettings
from labeling_lambdas.domain.label_studio.jobs import IN_PROGRESS, JobState
from labeling_lambdas.handlers import recover_runs
from tests.domain import examples
from tests.handlers.pipeline import Context

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.handlers.pipeline import Pipeline

SETTINGS = StudioJobSettings(
    engine="label_studio",
    instructions="Choose the digit.",
    label_attribute_name="digit-label",
    labels=("zero", "one", "two"),
    task_availability_seconds=3600,
    workers_per_object=2,
)


def use_label_studio(pipeline: Pipeline) -> LabelStudioJobs:
    pipeline.configure(LABELING_JOB=json.dumps(SETTINGS._asdict()))
    return LabelStudioJobs(pipeline.client("s3"), pipeline.output, pipeline.key_arn)


def end(
    jobs: LabelStudioJobs, pipeline: Pipeline, run: Mapping[str, Any], status: str = "Completed"
) -> dict[str, Any]:
    """Let people do the job of a run, and return how it ended."""
    name = pipeline.job_name(run)
    job = jobs.find(name)
    assert job is not None
    sources = {
        source.uri: source for source in pipeline.sources(len(pipeline.lines(job.manifest_uri)))
    }
    lines = [
        pipeline.labeled(sources[line["source-ref"]]) for line in pipeline.lines(job.manifest_uri)
    ]
    files = jobs.files(name)
    files.write_lines("manifests/output/output.manifest", lines)
    jobs.keep(
        name, JobState(status=status, output_uri=files.uri("manifests/output/output.manifest"))
    )
    description = jobs.describe(name)
    assert description is not None
    return description.result()


def recover(pipeline: Pipeline) -> dict[str, Any]:
    event: Any = {
        "state_machine_arn": pipeline.machine_arn,
        "execution_arn": pipeline.execution("later"),
    }
    return recover_runs.handler(event, Context())


def test_a_job_in_label_studio_is_created_once(pipeline: Pipeline) -> None:
    jobs = use_label_studio(pipeline)
    run = pipeline.claim(2)
    assert pipeline.start(run)["result"] == "created"
    assert pipeline.start(run, retry_count=1)["result"] == "adopted"
    assert pipeline.jobs() == [], "none in Ground Truth"
    job = jobs.find(pipeline.job_name(run))
    assert job is not None
    assert (job.labels, job.people, job.attribute) == (SETTINGS.labels, 2, "digit-label")
    assert len(pipeline.lines(job.manifest_uri)) == 2
    assert jobs.open_names() == [pipeline.job_name(run).lower()]
    run_files = pipeline.settle(run, end(jobs, pipeline, run))
    assert run_files["accounting_balanced"]
    assert pipeline.states(pipeline.sources(2)) == ["stored", "stored"]


@pytest.mark.parametrize("engine_then", ["label_studio", "ground_truth"])
def test_an_open_run_is_stopped_on_the_engine_that_it_began_with(
    pipeline: Pipeline, engine_then: str
) -> None:
    jobs = use_label_studio(pipeline)
    if engine_then == "ground_truth":
        pipeline.configure()
    pipeline.prepare_ground_truth()
    pipeline.announce([pipeline.upload("a.png")])
    run = pipeline.poll()
    pipeline.start(run)
    if engine_then == "ground_truth":
        use_label_studio(pipeline)
    else:
        pipeline.configure()
    assert pipeline.stop(run)["result"] == "stopping"
    name = pipeline.job_name(run)
    assert jobs.is_stopped(name) == (engine_then == "label_studio")
    assert (jobs.find(name) is None) == (engine_then == "ground_truth")


def test_the_end_of_a_job_in_label_studio_is_recovered(pipeline: Pipeline) -> None:
    jobs = use_label_studio(pipeline)
    run = pipeline.claim(2)
    token = pipeline.begin_execution()
    pipeline.start(run, task_token=token)
    name = pipeline.job_name(run)
    jobs.keep(name, JobState(status=IN_PROGRESS, project=1, total=2))
    assert recover(pipeline)["answered"] == []
    result = end(jobs, pipeline, run)
    pipeline.configure()
    assert recover(pipeline)["answered"] == [run["run_id"]]
    _, output = pipeline.execution_end()
    assert output == result


def test_a_job_that_was_never_begun_is_looked_for_on_no_engine(pipeline: Pipeline) -> None:
    run = pipeline.claim(1)
    pipeline.faults.refuse("DescribeLabelingJob", "AccessDeniedException")
    assert pipeline.stop(run, task_token=pipeline.begin_execution())["result"] == "answered"
    _, output = pipeline.execution_end()
    assert output["status"] == "NotCreated"


def test_settings_are_read_back_as_they_were_written() -> None:
    for settings in (SETTINGS, examples.job_settings()):
        assert read_job_settings(json.dumps(settings._asdict())) == settings


@pytest.mark.parametrize(
    "fields", [{"engine": "crayon"}, {**SETTINGS._asdict(), "workteam_arn": "arn"}]
)
def test_settings_of_no_engine_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        job_settings(fields)

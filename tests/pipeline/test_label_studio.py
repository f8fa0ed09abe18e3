"""The deployed pipeline with people in Label Studio: nothing is lost, and nobody is asked twice."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from labelctl.connection import Connection
from labelctl.doctor.checks import State, Subject
from labelctl.doctor.deployed import find_deployed
from labelctl.doctor.examination import examine
from labelctl.pipeline import find_pipeline
from labeling_deployment.module import ROOT
from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.domain.label_studio.jobs import StudioJob
from labeling_sandbox.audit import job_audit
from labeling_sandbox.demo.label_studio import LabelStudio
from labeling_sandbox.demo.task_types import DEFAULT_TASK, DEMO_TYPES
from labeling_sandbox.iam.used_grants import Grant
from tests.pipeline.deployment import deploy
from tests.pipeline.studio_scenario import StudioScenario
from tests.pipeline.test_verification import DATA
from tests.sabotage import deployed_grants, unexercised
from tests.scenarios import recovery
from tests.scenarios.catalogue import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox
    from tests.pipeline.deployment import Deployment
    from tests.scenarios.catalogue import Play

PLAYS: tuple[Play, ...] = (
    recovery.run_whose_execution_died_while_workers_label_is_resumed_once,
    recovery.execution_whose_time_is_over_is_followed_by_one_that_adopts_its_job,
    recovery.job_that_outlasts_the_waiting_state_is_stopped_and_what_was_labeled_is_stored,
)
ADVANCE = "advance_label_studio_jobs"
WORK_TEAM = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/labelers"
#: Statements that only a pipeline with Label Studio has, by the steps whose roles have them.
STATEMENTS = {
    "plan_results": ("LabelingOutput", "ListLabelingOutput"),
    "recover_runs": ("LabelingOutput", "ListLabelingOutput"),
    "start_labeling_job": ("CallAdvance", "LabelingJobs"),
    "stop_job": ("LabelingOutput", "ListLabelingOutput", "WriteJobs"),
}


@pytest.fixture(scope="module")
def engine(sandbox: Sandbox) -> LabelStudio:
    return LabelStudio(sandbox, ROOT, DEMO_TYPES[DEFAULT_TASK], DEFAULT_TASK, verify=False)


@pytest.fixture(scope="module")
def deployed(
    sandbox: Sandbox, engine: LabelStudio, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    with ExitStack() as stack:
        inputs = stack.enter_context(engine.started())
        folder = tmp_path_factory.mktemp("label-studio-pipeline")
        given = {**inputs, "task": {"workers_per_object": 2}}
        found = deploy(sandbox, folder, **given)
        stack.callback(found.destroy)
        engine.begin(found.pipeline)
        yield found


@pytest.fixture
def studio(
    request: pytest.FixtureRequest, deployed: Deployment, engine: LabelStudio
) -> Iterator[StudioScenario]:
    """A scenario with keys of its own."""
    scenario = StudioScenario(deployed, _folder(request.node.name), engine)
    scenario.behave()
    yield scenario
    scenario.behave()


def _folder(test: str) -> str:
    return test.replace("[", "-").replace(":", "-").rstrip("]")


def test_doctor_finds_nothing_wrong(
    deployed: Deployment, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sandbox.environment().items():
        monkeypatch.setenv(name, value)
    name = str(deployed.pipeline.outputs["state_machine_arn"]).rpartition(":")[2]
    connection = Connection(sandbox.region)
    pipeline, found = find_pipeline(connection, name), find_deployed(connection, name)
    now = datetime.now(UTC)
    results = examine(Subject(connection, pipeline, found, now), lambda _: None).results
    assert [result.fields() for result in results if result.state is not State.OK] == []


def test_nothing_is_lost_when_label_studio_dies_three_times(studio: StudioScenario) -> None:
    server = studio.engine.server
    uploads = studio.upload(8)
    studio.workers(delay_seconds=100_000)
    server.kill()
    execution = studio.start()
    studio.wait_alone(
        "a call without an answer", lambda: studio.function_said("LabelStudioUnavailableError")
    )
    server.start()
    studio.let_work_lease_pass()
    studio.busy_job()
    server.kill()
    server.start()
    studio.end_pause()
    studio.wait_for("all labels", studio.all_done)
    server.kill()
    server.start()
    assert studio.end_of(execution).status == "SUCCEEDED"
    studio.assert_stored(uploads)
    recovery.assert_one_job(studio, uploads)


@pytest.mark.parametrize("play", PLAYS, ids=name_of)
def test_scenario_ends_well_with_people_in_label_studio(play: Play, studio: StudioScenario) -> None:
    play(studio)


@pytest.mark.parametrize(
    "action",
    [
        "dynamodb:GetItem",
        "dynamodb:UpdateItem",
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "states:SendTaskSuccess",
    ],
)
def test_a_missing_permission_is_named_and_nothing_is_lost(
    action: str, studio: StudioScenario
) -> None:
    uploads = studio.upload(1)
    with studio.without(ADVANCE, action):
        execution = studio.start()
        studio.wait_for("a call that names it", lambda: studio.function_said(action))
    studio.let_work_lease_pass()
    assert studio.end_of(execution).status == "SUCCEEDED"
    studio.assert_stored(uploads)
    recovery.assert_one_job(studio, uploads)


def test_an_open_job_of_an_earlier_task_type_is_collected(studio: StudioScenario) -> None:
    # Only boxes and masks need the sizes of pictures.
    (upload,) = studio.upload(1)
    bucket = studio.output("output_bucket_name")
    jobs = LabelStudioJobs(studio.client("s3"), bucket, studio.output("kms_key_arn"))
    missing = f"s3://{upload.bucket}/{studio.name}/deleted since.png"
    lines = [
        {"source-ref": uri, "item-id": f"{number:032x}"}
        for number, uri in enumerate([upload.uri, missing])
    ]
    files = jobs.files("earlier-boxes")
    files.write_lines("input.manifest", lines)
    job = StudioJob(
        name="earlier-boxes",
        manifest_uri=files.uri("input.manifest"),
        created_at=time.time(),
        available_seconds=3600,
        task_type="image_bounding_box",
        attribute="boxes",
        labels=("digit",),
        instructions="",
        people=1,
    )
    assert jobs.create(job.fields())
    owner, (person, *_) = studio.engine.work.owner, studio.engine.team.people

    def project() -> int | None:
        studio.engine.work.advance(studio.pipeline)
        return next((it.number for it in owner.projects() if it.title == job.name), None)

    number = studio.wait_alone("the project", project)
    studio.wait_alone("the tasks", lambda: len(owner.tasks(number)) == len(lines))
    person.work(number, lambda _task: [])

    def ended() -> bool:
        studio.engine.work.advance(studio.pipeline)
        return jobs.state(job.name).ended

    studio.wait_alone("the end of the job", ended)
    found = job_audit.read_lines(studio.client, jobs.state(job.name).output_uri)
    assert found[0]["boxes"]["annotations"] == []
    assert "failure-reason" in found[1]["boxes-metadata"]
    studio.run()


def test_each_permission_for_label_studio_was_used_and_no_other_was_asked_for(
    deployed: Deployment,
) -> None:
    seen = deployed.pipeline.control("authorization")
    used = {Grant(**each) for each in seen["used"]}
    surplus = {
        grant
        for statement in deployed_grants.role_statements(deployed.pipeline)
        for grant in statement.grants
        if _is_for_label_studio(grant) and grant not in used
    }
    known = unexercised.entries()
    assert {grant for grant in surplus if not unexercised.listed(grant, known)} == set()
    denied = {
        (judgement["role"], judgement["action"])
        for judgement in seen["trace"]
        if not judgement["allowed"]
    }
    assert denied - deployed.taken_away == set()
    assert seen["unmapped"] == []


def _is_for_label_studio(grant: Grant) -> bool:
    if "label-studio" in grant.owner:
        return True
    return any(
        grant.statement in statements and step.replace("_", "-") in grant.owner
        for step, statements in STATEMENTS.items()
    )


def test_an_open_run_ends_where_it_began_after_a_switch_to_ground_truth(
    studio: StudioScenario, deployed: Deployment
) -> None:
    begun = studio.upload(4, "begun")
    studio.workers(delay_seconds=100_000)
    execution = studio.start()
    studio.busy_job()
    gone = deployed.change(engine="ground_truth", workteam_arn=WORK_TEAM)
    assert [address for address in gone if any(f"{kind}." in address for kind in DATA)] == []
    studio.end_pause()
    after = studio.upload(4, "after")
    deployed.pipeline.control("workforce", {"truth": studio.truth})
    assert studio.run().status == "SUCCEEDED"
    assert studio.end_of(execution).status == "SUCCEEDED"
    studio.assert_stored([*begun, *after])
    names = {job["name"] for job in deployed.pipeline.control("labeling-jobs")}
    assert len(names) == 1, "of the second run, in Ground Truth"
    assert names.isdisjoint(job["name"] for job in studio.jobs())

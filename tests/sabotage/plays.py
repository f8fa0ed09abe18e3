"""Short plays. Together they use every permission that the sandbox can use.

Which play uses which permission is found by playing them all once with every permission.
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.demo.pipeline import PipelineError
from tests.sabotage import deployed_grants, policies

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from labeling_sandbox.audit.uploads import Upload
    from tests.sabotage.stage import Stage

# An error that no retry of the waiting state covers.
_FINAL_ERROR = "SettingsError"
# Seconds before the sandbox's clock shortens them: a job that goes on until it is stopped, and one
# that outlives its execution and is waited for.
_ENDLESS = 3000.0
_SLOW = 600.0
# By which a step notes for which job it waits.
_WAIT = "dynamodb:UpdateItem"
# What the name of a verification job ends with.
_VERIFICATION = "-verify"


@dataclass(frozen=True)
class Play:
    """What is played.

    Attributes:
        name: Its name in reports and keys.
        act: Plays it.
        may_give_up: Whether its uploads may end as dead letters; else only those that are no
            pictures may.
    """

    name: str
    act: Callable[[Stage], None]
    may_give_up: bool = False

    def gives_up(self, upload: Upload) -> bool:
        """Whether an upload may end as a dead letter."""
        return self.may_give_up or upload.key.endswith(".md")

    def deliver_again(self, stage: Stage, event: dict[str, Any]) -> None:
        """Deliver an undelivered upload event as an operator would."""
        splitter = stage.scenario.pipeline.outputs["function_arns"].get("split_text")
        if splitter is None:
            stage.scenario.send(event)
            return
        stage.scenario.client("lambda").invoke(
            FunctionName=splitter, InvocationType="Event", Payload=json.dumps(event).encode()
        )
        stage.scenario.pipeline.drain_events()


def _usual(stage: Stage) -> None:
    """A picture is labeled and stored, a file that is none is given up."""
    stage.scenario.upload(1)
    stage.scenario.put([("no picture.md", b"no picture")])
    stage.run()


def _nothing_there(stage: Stage) -> None:
    """A run finds only what another has received already, then an empty queue."""
    stage.scenario.put([("no picture.md", b"no picture")])
    stage.run()
    stage.run()


def _expired(stage: Stage) -> None:
    """Workers leave an item, which goes back to the queue."""
    stage.scenario.workers(expiry_rate=1)
    stage.scenario.upload(1)
    stage.run()


def _given_up(stage: Stage) -> None:
    """An item's attempts are used up."""
    stage.scenario.workers(expiry_rate=1)
    stage.scenario.upload(1)
    stage.run()
    stage.run()


def _waiting_fails(stage: Stage) -> None:
    """The state that waits for a labeling job fails, so the job is stopped."""
    stage.scenario.workers(delay_seconds=_ENDLESS)
    stage.scenario.upload(1)
    execution = stage.start()
    _fail_waiting_state(stage, stage.job_is("InProgress")["name"])
    stage.end_of(execution)


def _waiting_fails_too_late(stage: Stage) -> None:
    """The state that waits for a labeling job fails when the job has ended, unheard."""
    stage.scenario.break_job("lose_event")
    stage.scenario.upload(1)
    execution = stage.start()
    _fail_waiting_state(stage, stage.job_is("Completed")["name"])
    stage.end_of(execution)


def _fail_waiting_state(stage: Stage, job: str) -> None:
    row = stage.scenario.rows()[f"JOB#{job.lower()}"]
    stage.scenario.client("stepfunctions").send_task_failure(
        taskToken=row["task_token"], error=_FINAL_ERROR, cause="played"
    )


def _cut_short(stage: Stage) -> None:
    """A poll fails between listing and the end; its repetition asks what was claimed."""
    pipeline = stage.scenario.pipeline
    (artifacts,) = [
        each
        for each in deployed_grants.role_statements(pipeline)
        if each.place.owner == _role(stage, "poll-queue") and each.sid == "Artifacts"
    ]
    lists = [resource.replace("/runs/*", "/runs/*/intake/*") for resource in artifacts.resources]

    def narrow(statements: list[deployed_grants.Document]) -> list[deployed_grants.Document]:
        reading = {**artifacts.content, "Action": "s3:GetObject"}
        listing = {**artifacts.content, "Sid": "Lists", "Action": "s3:PutObject", "Resource": lists}
        kept = [each for each in statements if each != artifacts.content]
        return [*kept, reading, listing]

    with policies.changed(pipeline, artifacts.place, narrow):
        stage.scenario.upload(1)
        stage.run()
    stage.run()
    stage.end_of_successors()


def _deleted_list(stage: Stage, step: str) -> None:
    """Somebody deletes the list of what a run has claimed before a step has read it."""
    stage.scenario.upload(1)
    # What the step needs before it reads the list; and without it nobody can stop its job, so that
    # the run stays open.
    with _taken_away(stage, step, _WAIT), _taken_away(stage, "stop-job", _WAIT):
        run_id = stage.scenario.run_worked_on_by(stage.run())
    s3, bucket = stage.scenario.client("s3"), stage.scenario.output("output_bucket_name")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"runs/{run_id}/claims/")["Contents"]
    for entry in listed:
        if not entry["Key"].endswith("/index.json"):
            s3.delete_object(Bucket=bucket, Key=entry["Key"])
    stage.run()
    stage.end_of_successors()


def _list_deleted_before_labeling(stage: Stage) -> None:
    """The list of claims is gone when the manifest for workers is to be written."""
    _deleted_list(stage, "start-labeling-job")


def _list_deleted_before_verification(stage: Stage) -> None:
    """The list of claims is gone when the manifest for reviewers is to be written."""
    _deleted_list(stage, "start-verification-job")


def _lost_answer(stage: Stage) -> None:
    """The answer to the creation of a labeling job is lost, and the job ends unheard."""
    stage.scenario.break_job("create_answer_lost")
    stage.scenario.break_job("lose_event")
    stage.scenario.upload(1)
    first = stage.start()
    stage.job_is("Completed")
    stage.run()
    stage.end_of(first)


def _lost_event(stage: Stage) -> None:
    """A labeling job ends unheard; the next schedule asks for it."""
    stage.scenario.break_job("lose_event")
    stage.scenario.upload(1)
    waiting = stage.start()
    stage.job_is("Completed")
    stage.run()
    stage.end_of(waiting)


def _dead_execution(stage: Stage) -> None:
    """An execution dies while workers label; the next schedule starts a successor."""
    stage.scenario.workers(delay_seconds=_SLOW)
    stage.scenario.upload(1)
    dead = stage.start()
    stage.job_is("InProgress")
    stage.scenario.stop(dead)
    stage.run()
    stage.end_of_successors()


def _dead_execution_and_lost_event(stage: Stage) -> None:
    """An execution dies and its labeling job ends unheard; the successor finds the job's end."""
    stage.scenario.break_job("lose_event")
    stage.scenario.upload(1)
    dead = stage.start()
    stage.job_is("Completed")
    stage.scenario.stop(dead)
    stage.run()
    stage.end_of_successors()


def _unheard_reviewers(stage: Stage) -> None:
    """The verification job ends unheard and the execution dies; the successor finds its end."""
    stage.scenario.break_job("lose_event", name_ends=_VERIFICATION)
    stage.scenario.upload(1)
    dead = stage.start()
    stage.job_is("Completed", name_ends=_VERIFICATION)
    stage.scenario.stop(dead)
    stage.run()
    stage.end_of_successors()


def _failed_reviewers(stage: Stage) -> None:
    """The verification job fails, so it has no output; the next run verifies the kept label."""
    stage.scenario.break_job("job_failed", name_ends=_VERIFICATION)
    stage.scenario.upload(1)
    stage.run()
    stage.run()


def _failed_job(stage: Stage) -> None:
    """A labeling job fails, so it has no output."""
    stage.scenario.break_job("job_failed")
    stage.scenario.upload(1)
    stage.run()


def _not_started(stage: Stage) -> None:
    """The schedule may not start the workflow; its call is kept."""
    with _taken_away(stage, "schedule", "states:StartExecution"), suppress(PipelineError):
        stage.start()


def _unheard(stage: Stage) -> None:
    """The rule on labeling jobs may not call its function; its event is kept."""
    (statement,) = [
        each
        for each in deployed_grants.resource_statements(stage.scenario.pipeline)
        if each.place.service == "lambda" and each.place.owner.endswith("job-state-change")
    ]
    taken = policies.without(statement.content)
    with policies.changed(stage.scenario.pipeline, statement.place, taken):
        stage.scenario.upload(1)
        stage.start()
        stage.job_is("Completed")
        stage.evidence.control("events/drain", {"deadline_seconds": 30})
    stage.run()
    stage.end_of_successors()


def _unread_end(stage: Stage) -> None:
    """The end of a labeling job cannot be looked up, so its event is kept after all tries."""
    with _taken_away(stage, "job-state-change", "sagemaker:DescribeLabelingJob"):
        stage.scenario.upload(1)
        waiting = stage.start()
        stage.job_is("Completed")
        stage.evidence.control("events/drain", {"deadline_seconds": 30})
    stage.run()
    stage.end_of(waiting)


def _taken_away(stage: Stage, step: str, action: str) -> AbstractContextManager[None]:
    """Remove an action from a role: what follows from that uses other permissions."""
    return policies.action_taken(stage.scenario.pipeline, _role(stage, step), action)


def _role(stage: Stage, step: str) -> str:
    pipeline = stage.scenario.pipeline
    return f"{deployed_grants.pipeline_name(pipeline)}-{step}-{pipeline.sandbox.region}"


def _second_feature_group(stage: Stage) -> None:
    """Feature Store is given the role once more."""
    sagemaker = stage.scenario.client("sagemaker")
    described = sagemaker.describe_feature_group(
        FeatureGroupName=stage.scenario.output("feature_group_name")
    )
    name = "second-feature-group"
    copied = (
        "RecordIdentifierFeatureName",
        "EventTimeFeatureName",
        "FeatureDefinitions",
        "RoleArn",
    )
    store = described["OfflineStoreConfig"]["S3StorageConfig"]
    offline = {"S3StorageConfig": {"S3Uri": store["S3Uri"]}, "TableFormat": "Iceberg"}
    sagemaker.create_feature_group(
        FeatureGroupName=name,
        OfflineStoreConfig=offline,
        **{key: described[key] for key in copied},
    )
    with suppress(ClientError):
        sagemaker.delete_feature_group(FeatureGroupName=name)


def _text(stage: Stage) -> None:
    """A text of two lines is split, labeled and stored."""
    _upload_text(stage)
    stage.run()


def _unread_text(stage: Stage) -> None:
    """A text cannot be read, so its event is kept."""
    with _taken_away(stage, "split-text", "s3:GetObjectVersion"):
        _upload_text(stage)


def _upload_text(stage: Stage) -> None:
    pipeline, key = stage.scenario.pipeline, f"{stage.name}/two lines.txt"
    (whole,) = pipeline.upload([(key, b"I want my money back.\nWhere is it?\n")], lambda: None)
    stage.deployment.uploads += [replace(whole, line=number) for number in (1, 2)]
    pipeline.drain_events()


TEXT_PLAYS = (Play("text", _text), Play("unread text", _unread_text))

# Those that no test of the pipeline plays come first: with them every permission is used.
PLAYS = (
    Play("usual", _usual),
    Play("second feature group", _second_feature_group),
    Play("not started", _not_started),
    Play("unheard", _unheard),
    Play("unread end", _unread_end),
    # Before "waiting fails", where the job ends now and then soon enough to be answered as well.
    Play("waiting fails too late", _waiting_fails_too_late),
    Play("waiting fails", _waiting_fails),
    Play("cut short", _cut_short),
    Play("list deleted before labeling", _list_deleted_before_labeling),
    Play("list deleted before verification", _list_deleted_before_verification),
    Play("failed job", _failed_job),
    Play("unheard reviewers", _unheard_reviewers),
    Play("failed reviewers", _failed_reviewers),
    Play("nothing there", _nothing_there),
    Play("expired", _expired),
    Play("given up", _given_up, may_give_up=True),
    Play("lost answer", _lost_answer),
    Play("lost event", _lost_event),
    Play("dead execution", _dead_execution),
    Play("dead execution and lost event", _dead_execution_and_lost_event),
)

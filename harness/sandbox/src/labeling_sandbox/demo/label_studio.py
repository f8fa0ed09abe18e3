"""Items of a demo that are labeled in a Label Studio on this machine."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_sandbox.demo.pipeline import PipelineError
from labeling_sandbox.ground_truth.workforce import Workforce
from labeling_sandbox.iam import credentials
from labeling_sandbox.label_studio import audited_jobs
from labeling_sandbox.label_studio.owner import Owner
from labeling_sandbox.label_studio.people import Person
from labeling_sandbox.label_studio.results import ANSWERS
from labeling_sandbox.label_studio.server import ENVIRONMENT, LabelStudioServer
from labeling_sandbox.label_studio.team import Skills, Team

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_sandbox.audit.job_audit import Job
    from labeling_sandbox.demo.pipeline import Pipeline
    from labeling_sandbox.demo.task_types import DemoType
    from labeling_sandbox.server import Sandbox

Part = TypeVar("Part")

_READER = "label-studio"
_READER_SERVICE = "ecs-tasks.amazonaws.com"
_SECRET = "label-studio-token"  # noqa: S105 - its name
_ADVANCE = "advance_label_studio_jobs"
_PEOPLE = 4
#: Seconds between two calls of the function that works on jobs; on AWS a minute.
_CALL_SECONDS = 2.0


@contextmanager
def label_studio(sandbox: Sandbox, module: Path) -> Iterator[tuple[LabelStudioServer, str]]:
    """Start a Label Studio that shows a sandbox's uploads with a role of its own.

    Args:
        sandbox: The sandbox.
        module: The checkout, which holds the environment with Label Studio.

    Yields:
        Label Studio, and the ARN of the role.
    """
    iam = sandbox.client("iam")
    trust = {"Principal": {"Service": _READER_SERVICE}, "Action": "sts:AssumeRole"}
    created = iam.create_role(RoleName=_READER, AssumeRolePolicyDocument=_policy(trust))
    reading = {"Action": ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"], "Resource": "*"}
    iam.put_role_policy(RoleName=_READER, PolicyName=_READER, PolicyDocument=_policy(reading))
    role = str(created["Role"]["Arn"])
    held = credentials.assume(role, _READER, _READER_SERVICE).for_client()
    aws = {**sandbox.environment(), **{name.upper(): value for name, value in held.items()}}
    try:
        with (
            tempfile.TemporaryDirectory(prefix="label-studio-") as folder,
            LabelStudioServer(module / ENVIRONMENT, Path(folder), aws) as server,
        ):
            yield server, role
    finally:
        iam.delete_role_policy(RoleName=_READER, PolicyName=_READER)
        iam.delete_role(RoleName=_READER)


@contextmanager
def inputs(
    sandbox: Sandbox, server: LabelStudioServer, role: str, *, verify: bool
) -> Iterator[Mapping[str, Any]]:
    """Keep Label Studio's token in a secret, and yield the module's inputs for it."""
    secrets = sandbox.client("secretsmanager")
    secret = secrets.create_secret(Name=_SECRET, SecretString=server.token)
    try:
        yield {
            "engine": "label_studio",
            "label_studio": {
                "url": server.url,
                "token_secret_arn": secret["ARN"],
                "reader_role_arns": [role],
            },
            # What the example sets for Ground Truth.
            "label_details": {},
            "workteam_arn": None,
            "verification": {} if verify else None,
        }
    finally:
        secrets.delete_secret(SecretId=_SECRET, ForceDeleteWithoutRecovery=True)


@dataclass
class JobWork:
    """The calls of the function that works on the jobs of a pipeline.

    Attributes:
        owner: Sees the projects.
    """

    owner: Owner
    _next_call: float = 0.0

    def advance(self, pipeline: Pipeline) -> None:
        """Call the function as its schedule does, but more often."""
        if time.monotonic() > self._next_call:
            pipeline.control(f"schedules/{_schedule(pipeline)}/fire", {})
            self._next_call = time.monotonic() + _CALL_SECONDS

    def done(self) -> tuple[int, int]:
        """Return the numbers of finished tasks and of tasks of the newest project."""
        projects = self.owner.projects()
        return (projects[-1].finished, projects[-1].tasks) if projects else (0, 0)


@dataclass
class LabelStudio:
    """Simulated people who have accounts in a Label Studio.

    Attributes:
        sandbox: Whose buckets Label Studio shows.
        module: The checkout.
        demo_type: The demo.
        task: The task type.
        verify: Whether reviewers verify every label.
        run_seconds: How long one run may take.
        behaviour: How the people behave.
    """

    sandbox: Sandbox
    module: Path
    demo_type: DemoType
    task: str
    verify: bool
    run_seconds: float = 1800.0
    behaviour: Workforce = field(default_factory=Workforce)
    _server: LabelStudioServer | None = None
    _work: JobWork | None = None
    _team: Team | None = None

    @property
    def server(self) -> LabelStudioServer:
        """The Label Studio."""
        return _started(self._server)

    @property
    def work(self) -> JobWork:
        """The calls of the function that works on jobs."""
        return _started(self._work)

    @property
    def team(self) -> Team:
        """The people."""
        return _started(self._team)

    @contextmanager
    def started(self) -> Iterator[Mapping[str, Any]]:
        """Start Label Studio, and yield the inputs."""
        with label_studio(self.sandbox, self.module) as (self._server, role):
            self._work = JobWork(Owner(self._server))
            with inputs(self.sandbox, self._server, role, verify=self.verify) as given:
                yield given

    def begin(self, pipeline: Pipeline) -> None:
        """Let the people sign up."""
        kind, server = self.demo_type.kind, self.server
        self._team = Team(
            owner=self.work.owner,
            people=[Person(server, f"person-{number}@example.org") for number in range(_PEOPLE)],
            skills=Skills(kind.labeler, ANSWERS[self.task], self.demo_type.equals, kind.measures),
            read=pipeline.read,
            given=lambda: _labels_to_verify(pipeline),
        )

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Tell the people how to behave."""
        self.behaviour = replace(self.behaviour, **behaviour)

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Let the function work on the jobs, and the people on the tasks."""
        self.work.advance(pipeline)
        self.team.work(self.behaviour)
        return self.work.done()

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """Return the jobs in Label Studio."""
        bucket = pipeline.outputs["output_bucket_name"]
        return audited_jobs.read_jobs(self.sandbox.client, bucket, self.work.owner)

    def reviewers(self, pipeline: Pipeline) -> int:  # noqa: ARG002 - the projects say
        """Return how many reviewers saw each label."""
        projects = self.work.owner.projects()
        found = {project.people for project in projects if project.verifies}
        if len(found) != 1:
            message = f"labels were seen by {sorted(found) or 'no'} reviewers"
            raise PipelineError(message)
        return found.pop()


def _started(part: Part | None) -> Part:
    if part is None:
        message = "Label Studio has not been started"
        raise PipelineError(message)
    return part


def _policy(statement: Mapping[str, Any]) -> str:
    allowed = {"Effect": "Allow", **statement}
    return json.dumps({"Version": "2012-10-17", "Statement": [allowed]})


def _labels_to_verify(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """Return by item the newest line of a manifest of a verification job."""
    bucket = pipeline.outputs["output_bucket_name"]
    pages = pipeline.sandbox.client("s3").get_paginator("list_objects_v2")
    entries = [
        entry
        for page in pages.paginate(Bucket=bucket, Prefix="runs/")
        for entry in page.get("Contents", [])
        if entry["Key"].endswith("/manifests/verify.manifest")
    ]
    found = {}
    for entry in sorted(entries, key=lambda entry: entry["LastModified"]):
        for text in pipeline.read(f"s3://{bucket}/{entry['Key']}").splitlines():
            line = json.loads(text)
            found[line["item-id"]] = line
    return found


def _schedule(pipeline: Pipeline) -> str:
    """Return the name of the schedule that calls the function for Label Studio."""
    function = pipeline.outputs["function_arns"][_ADVANCE]
    scheduler = pipeline.sandbox.client("scheduler")
    for entry in scheduler.list_schedules()["Schedules"]:
        if entry["Target"]["Arn"] == function:
            return str(entry["Name"])
    message = f"no schedule calls {function}"
    raise PipelineError(message)

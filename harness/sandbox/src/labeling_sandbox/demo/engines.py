"""Where the items of a demo are labeled, and by whom."""

from __future__ import annotations

import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from labeling_sandbox.demo import verification
from labeling_sandbox.demo.pipeline import PipelineError
from labeling_sandbox.ground_truth import workforce
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

_REVIEWERS = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
_READER = "label-studio"
_READER_SERVICE = "ecs-tasks.amazonaws.com"
_SECRET = "label-studio-token"  # noqa: S105 - its name
_ADVANCE = "advance_label_studio_jobs"
_PEOPLE = 4
#: Seconds between two calls of the function that works on jobs; on AWS a minute.
_CALL_SECONDS = 2.0


class DemoEngine(Protocol):
    """Where the items of a demo are labeled.

    Attributes:
        run_seconds: How long one run may take.
    """

    run_seconds: float

    @contextmanager
    def started(self) -> Iterator[Mapping[str, Any]]:
        """Start what the pipeline needs; yield the module's inputs for it."""

    def begin(self, pipeline: Pipeline) -> None:
        """Prepare the people for a pipeline that was deployed."""

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:
        """Tell the people how to behave; see `labeling_sandbox.ground_truth.workforce`."""

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Let the people go on, and return how far the newest job is.

        Returns:
            The number of objects that are done, and the number of objects.
        """

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """Return the jobs that Ground Truth does not know."""

    def reviewers(self, pipeline: Pipeline) -> int:
        """Return how many reviewers saw each label."""


@dataclass
class GroundTruth:
    """Simulated workers of Ground Truth, who work by themselves.

    Attributes:
        verify: Whether reviewers verify every label.
        run_seconds: See `DemoEngine`.
    """

    verify: bool
    run_seconds: float = 300.0

    @contextmanager
    def started(self) -> Iterator[Mapping[str, Any]]:
        """Yield the inputs."""
        yield {"verification": {"workteam_arn": _REVIEWERS}} if self.verify else {}

    def begin(self, pipeline: Pipeline) -> None:
        """Create the work teams."""
        pipeline.create_work_teams()

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:
        """Tell the workers how to behave."""
        pipeline.control("workforce", behaviour)

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Return the counters of the newest job."""
        counters = pipeline.counters()
        total = sum(counters.values()) - counters.get("HumanLabeled", 0)
        return counters.get("TotalLabeled", 0), total

    def jobs(self, pipeline: Pipeline) -> list[Job]:  # noqa: ARG002 - there are none
        """Return no job."""
        return []

    def reviewers(self, pipeline: Pipeline) -> int:
        """Return how many reviewers saw each label."""
        return verification.reviewers_of(pipeline.control("labeling-jobs"))


class LabelStudio:
    """A Label Studio on this machine, with simulated people who have accounts in it.

    Attributes:
        run_seconds: See `DemoEngine`.
        server: The Label Studio.
    """

    run_seconds = 1800.0

    def __init__(
        self, sandbox: Sandbox, module: Path, demo_type: DemoType, task: str, *, verify: bool
    ) -> None:
        """Choose the settings; nothing starts yet.

        Args:
            sandbox: Whose buckets Label Studio shows.
            module: The checkout, which holds the environment with Label Studio.
            demo_type: The demo.
            task: The task type.
            verify: Whether reviewers verify every label.
        """
        self._sandbox = sandbox
        self._folder = tempfile.TemporaryDirectory(prefix="label-studio-")
        role = self._create_reader()
        aws = {**sandbox.environment(), **_variables(role)}
        self._role = role
        self.server = LabelStudioServer(module / ENVIRONMENT, Path(self._folder.name), aws)
        kind = demo_type.kind
        self._skills = Skills(kind.labeler, ANSWERS[task], demo_type.equals, kind.measures)
        self._verify = verify
        self._behaviour = workforce.Workforce()
        self._team: Team | None = None
        self._next_call = 0.0

    @contextmanager
    def started(self) -> Iterator[Mapping[str, Any]]:
        """Start Label Studio, and yield the inputs."""
        with self._folder, self.server:
            secrets = self._sandbox.client("secretsmanager")
            secret = secrets.create_secret(Name=_SECRET, SecretString=self.server.token)
            try:
                yield {
                    "engine": "label_studio",
                    "label_studio": {
                        "url": self.server.url,
                        "token_secret_arn": secret["ARN"],
                        "reader_role_arns": [self._role],
                    },
                    "workteam_arn": None,
                    "verification": {} if self._verify else None,
                }
            finally:
                secrets.delete_secret(SecretId=_SECRET, ForceDeleteWithoutRecovery=True)
                iam = self._sandbox.client("iam")
                iam.delete_role_policy(RoleName=_READER, PolicyName=_READER)
                iam.delete_role(RoleName=_READER)

    def begin(self, pipeline: Pipeline) -> None:
        """Let the people sign up."""
        people = [Person(self.server, f"person-{number}@example.org") for number in range(_PEOPLE)]
        self._team = Team(
            owner=Owner(self.server),
            people=people,
            skills=self._skills,
            read=pipeline.read,
            given=lambda: _labels_to_verify(pipeline),
        )

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:  # noqa: ARG002
        """Tell the people how to behave."""
        self._behaviour = replace(self._behaviour, **behaviour)

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Let the function work on the jobs, and the people on the tasks."""
        if time.monotonic() > self._next_call:
            pipeline.control(f"schedules/{_schedule(pipeline)}/fire", {})
            self._next_call = time.monotonic() + _CALL_SECONDS
        team = self._working_team
        team.work(self._behaviour)
        newest = next(iter(reversed(team.owner.projects())), None)
        return (0, 0) if newest is None else (newest.finished, newest.tasks)

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """Return the jobs in Label Studio."""
        bucket = pipeline.outputs["output_bucket_name"]
        return audited_jobs.read_jobs(self._sandbox.client, bucket, self._working_team.owner)

    def reviewers(self, pipeline: Pipeline) -> int:  # noqa: ARG002 - its projects say
        """Return how many reviewers saw each label."""
        found = {
            project.people for project in self._working_team.owner.projects() if project.verifies
        }
        if len(found) != 1:
            message = f"labels were seen by {sorted(found) or 'no'} reviewers"
            raise PipelineError(message)
        return found.pop()

    @property
    def _working_team(self) -> Team:
        if self._team is None:
            message = "nobody has an account in Label Studio yet"
            raise PipelineError(message)
        return self._team

    def _create_reader(self) -> str:
        """Create the role with which Label Studio shows uploads, and return its ARN."""
        iam = self._sandbox.client("iam")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": _READER_SERVICE},
            "Action": "sts:AssumeRole",
        }
        created = iam.create_role(RoleName=_READER, AssumeRolePolicyDocument=_policy(trust))
        reading = {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:ListBucket", "kms:Decrypt"],
            "Resource": "*",
        }
        iam.put_role_policy(RoleName=_READER, PolicyName=_READER, PolicyDocument=_policy(reading))
        return str(created["Role"]["Arn"])


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _variables(role_arn: str) -> dict[str, str]:
    held = credentials.assume(role_arn, "label-studio", _READER_SERVICE).for_client()
    return {name.upper(): str(value) for name, value in held.items()}


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

"""What the module has deployed, from the SSM parameters that ``labelctl doctor`` reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelctl.connection import Connection

_PARTS = (
    "alarm-names",
    "feature-group-name",
    "function-names",
    "key-statements",
    "output-bucket-name",
    "resources",
)


@dataclass(frozen=True, slots=True)
class JobSettings:
    """What labeling jobs of one kind are created with.

    Attributes:
        role_arn: The execution role.
        work_team_arn: The work team.
        worker_files: S3 URIs of the worker template and of the label categories.
    """

    role_arn: str
    work_team_arn: str
    worker_files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudioSettings:
    """What jobs in Label Studio are worked on with.

    Attributes:
        schedule: Name of the schedule that calls the function, and of the alarm on its errors.
        token_secret_arn: The secret with the token.
        token_secret_kms_key_arn: Its key; None for the one that AWS manages.
        url: Address of Label Studio.
    """

    schedule: str
    token_secret_arn: str
    token_secret_kms_key_arn: str | None
    url: str


@dataclass(frozen=True, slots=True)
class KeyStatement:
    """A statement that the key's policy must contain.

    Attributes:
        name: The statement's id in the module.
        principals: AWS principals and service principals.
        actions: The actions that it allows.
    """

    name: str
    principals: frozenset[str]
    actions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Deployed:
    """The resources of a pipeline that only ``doctor`` looks at.

    Attributes:
        version: The module's version.
        package_sha256: Digest of the functions' package, in Base64, as Lambda states it.
        functions: Names of the functions by step.
        alarms: Names of the alarms.
        output_bucket: The bucket for manifests and reports.
        feature_group: The feature group.
        schedule: Name of the schedule.
        schedule_enabled: Whether the module's inputs enable the schedule.
        upload_rule: The rule on uploads.
        job_state_rule: The rule on the ends of Ground Truth's labeling jobs; None if nothing of
            Ground Truth is deployed.
        kms_key_arn: The key.
        key_statements: Statements that the key's policy must contain.
        jobs: What new labeling jobs of Ground Truth are created with, by stage: ``label``, and
            ``verify`` if verification is on. Empty if new runs label in Label Studio.
        label_studio: What jobs in Label Studio are worked on with; None if there is none.
    """

    version: str
    package_sha256: str
    functions: Mapping[str, str]
    alarms: tuple[str, ...]
    output_bucket: str
    feature_group: str
    schedule: str
    schedule_enabled: bool
    upload_rule: str
    job_state_rule: str | None
    kms_key_arn: str
    key_statements: tuple[KeyStatement, ...]
    jobs: Mapping[str, JobSettings]
    label_studio: StudioSettings | None


def find_deployed(connection: Connection, name: str) -> Deployed:
    """Look up what the module has deployed.

    Args:
        connection: The connection to AWS.
        name: The module's ``job_name``.

    Raises:
        LabelctlError: If the pipeline was applied with an older version of the module.
    """
    names = {part: f"/{name}/{part}" for part in _PARTS}
    answer = connection.client("ssm").get_parameters(Names=list(names.values()))
    values = {entry["Name"]: entry["Value"] for entry in answer["Parameters"]}
    missing = [path for path in names.values() if path not in values]
    if missing:
        message = (
            f"pipeline {name} lacks the parameters {', '.join(missing)};"
            " apply this version of the module"
        )
        raise LabelctlError(message)
    return _deployed({part: values[path] for part, path in names.items()})


def _deployed(values: Mapping[str, str]) -> Deployed:
    resources: dict[str, Any] = json.loads(values["resources"])
    studio = resources["label_studio"]
    return Deployed(
        version=resources["version"],
        package_sha256=resources["package_sha256"],
        functions=json.loads(values["function-names"]),
        alarms=tuple(json.loads(values["alarm-names"])),
        output_bucket=values["output-bucket-name"],
        feature_group=values["feature-group-name"],
        schedule=resources["schedule"]["name"],
        schedule_enabled=resources["schedule"]["enabled"],
        upload_rule=resources["rules"]["upload"],
        job_state_rule=resources["rules"].get("job_state"),
        kms_key_arn=resources["kms_key_arn"],
        key_statements=tuple(
            KeyStatement(statement, frozenset(entry["principals"]), tuple(entry["actions"]))
            for statement, entry in json.loads(values["key-statements"]).items()
        ),
        jobs={
            stage: JobSettings(job["role_arn"], job["workteam_arn"], tuple(job["worker_files"]))
            for stage, job in resources["jobs"].items()
            if job is not None
        },
        label_studio=None if studio is None else StudioSettings(**studio),
    )

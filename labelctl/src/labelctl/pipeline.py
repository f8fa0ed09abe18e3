"""The resources of a deployed pipeline, from its SSM parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelctl.error_messages import LabelctlError
from labeling_lambdas.domain.ignored_keys import key_patterns
from labeling_lambdas.domain.task_types import TaskType, task_type

if TYPE_CHECKING:
    from labelctl.connection import Connection

_REQUIRED = (
    "dead-letter-queue-url",
    "ledger-table-name",
    "state-machine-arn",
    "task-type",
    "undelivered-queue-url",
    "upload-bucket-name",
    "upload-queue-url",
)
_SPLITTER = "splitter-function-name"
_IGNORED_KEYS = "ignored-keys"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The resources of a pipeline.

    Attributes:
        name: The module's ``job_name``.
        upload_bucket: The bucket for uploads.
        intake_url: The intake queue.
        dead_letter_url: The dead-letter queue.
        undelivered_url: The undelivered queue.
        ledger_table: The ledger.
        state_machine_arn: The state machine.
        task_type: The task type of the workers.
        splitter: The function ``split_text``; empty for images.
        ignored_keys: Patterns of keys that are not uploads.
    """

    name: str
    upload_bucket: str
    intake_url: str
    dead_letter_url: str
    undelivered_url: str
    ledger_table: str
    state_machine_arn: str
    task_type: TaskType
    splitter: str
    ignored_keys: tuple[str, ...] = ()

    @property
    def splits_uploads(self) -> bool:
        """Whether an uploaded object contains several items."""
        return bool(self.splitter)


def find_pipeline(connection: Connection, name: str) -> Pipeline:
    """Look up a pipeline.

    Raises:
        LabelctlError: If the pipeline does not exist in this account and region, or has an older
            version.
    """
    names = {part: f"/{name}/{part}" for part in (*_REQUIRED, _SPLITTER, _IGNORED_KEYS)}
    answer = connection.client("ssm").get_parameters(Names=list(names.values()))
    found = {entry["Name"]: str(entry["Value"]) for entry in answer["Parameters"]}
    missing = [names[part] for part in _REQUIRED if names[part] not in found]
    region = connection.region_name
    if not found:
        message = (
            f"there is no pipeline {name} in region {region}: /{name}/* holds no parameters;"
            f" see job_name and --region, or list all with: {_listing(region)}"
        )
        raise LabelctlError(message)
    if missing:
        message = (
            f"pipeline {name} in region {region} lacks the parameters {', '.join(missing)};"
            " apply this version of the module"
        )
        raise LabelctlError(message)
    try:
        kind = task_type(found[names["task-type"]])
    except ValueError as error:
        message = f"pipeline {name}: {error}; use the labelctl of the module's version"
        raise LabelctlError(message) from error
    splitter = found.get(names[_SPLITTER], "")
    if kind.max_text_characters is not None and not splitter:
        message = (
            f"pipeline {name} labels texts but lacks the parameter {names[_SPLITTER]};"
            " apply this version of the module"
        )
        raise LabelctlError(message)
    return Pipeline(
        name=name,
        upload_bucket=found[names["upload-bucket-name"]],
        intake_url=found[names["upload-queue-url"]],
        dead_letter_url=found[names["dead-letter-queue-url"]],
        undelivered_url=found[names["undelivered-queue-url"]],
        ledger_table=found[names["ledger-table-name"]],
        state_machine_arn=found[names["state-machine-arn"]],
        task_type=kind,
        splitter=splitter,
        ignored_keys=key_patterns(found.get(names[_IGNORED_KEYS], "[]")),
    )


def _listing(region: str) -> str:
    """Return a command that lists the pipelines of a region."""
    return (
        f"aws ssm describe-parameters --region {region} --query 'Parameters[].Name'"
        " --parameter-filters Key=Name,Option=Contains,Values=/ledger-table-name"
    )

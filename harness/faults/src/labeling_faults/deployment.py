"""The deployment of Terraform: names, the functions' environment and their timeouts."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from labeling_faults.state_machine import definition
from labeling_faults.state_machine.definition import ROOT
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings

ACCOUNT = "123456789012"
REGION = "us-east-1"
JOB_NAME = "digits"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/01234567-89ab-cdef-0123-456789abcdef"
STATE_MACHINE_ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{JOB_NAME}"
_BUCKET = f"{JOB_NAME}-{ACCOUNT}-{REGION}"
UPLOAD_BUCKET = f"{_BUCKET}-upload"
OUTPUT_BUCKET = f"{_BUCKET}-output"
LEDGER_TABLE = f"{JOB_NAME}-ledger"
FEATURE_GROUP = JOB_NAME
INTAKE_QUEUE = f"{JOB_NAME}-intake"
DEAD_LETTER_QUEUE = f"{JOB_NAME}-dead-letter"
UNDELIVERED_QUEUE = f"{JOB_NAME}-undelivered"
LABEL_ATTRIBUTE = f"{JOB_NAME}-label"
VERIFICATION_ATTRIBUTE = f"{JOB_NAME}-verification"
CLASSES = tuple("0123456789")
JUDGEMENTS = ("Correct", "Wrong class", "Not usable")
IMAGES = "image_single_label_classification"
TEXTS = "text_single_label_classification"

#: Columns of the feature group: those of the module and one feature of the user.
FEATURES = {
    **dict.fromkeys(
        (
            *("event_time", "extra_json", "label", "label_json", "label_schema", "labeling_job"),
            *("run_id", "source_etag", "source_ref", "source_version_id", "status", "task_type"),
            *("verification_job", "site"),
        ),
        "String",
    ),
    "attempts": "Integral",
    "confidence": "Fractional",
}

RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a user has chosen.

    Attributes:
        task_type: The task type.
        max_attempts: Attempts that an item may have.
        max_items_per_run: Items that a run claims at most.
        text_items: What is an item of a text file.
        batched_records: Whether the functions' boto3 has BatchWriteRecord.
        sample_percent: Share of the labels that reviewers see; None without verification.
        classes: The labels.
        judgements: Categories of verification, the accepted one first.
        title: Title of the task.
        features: Keys of a line that are features of their own: that of the module's column, and
            others, which go into ``extra_json``.
    """

    task_type: str = IMAGES
    max_attempts: int = 3
    max_items_per_run: int = 10_000
    text_items: str = "line"
    batched_records: bool = True
    sample_percent: float | None = None
    classes: tuple[str, ...] = CLASSES
    judgements: tuple[str, ...] = JUDGEMENTS
    title: str = "Digits"
    features: tuple[str, ...] = ("site",)

    @property
    def verifies(self) -> bool:
        """Whether reviewers judge labels."""
        return self.sample_percent is not None

    @property
    def schema(self) -> str:
        """Version of labels and template, which the names of both files hold."""
        content = json.dumps([self.classes, self.title]).encode()
        return hashlib.sha256(content).hexdigest()[:16]

    def worker_files(self) -> dict[str, bytes]:
        """Return what Terraform lays down for workers and reviewers, by key."""
        return {
            f"ground-truth/template-{self.schema}.html": b"for workers",
            f"ground-truth/categories-{self.schema}.json": _categories(self.classes),
            _judgements_key(self): _categories(self.judgements),
        }

    @property
    def splits(self) -> bool:
        """Whether uploads hold several items."""
        return self.task_type == TEXTS


def _categories(names: tuple[str, ...]) -> bytes:
    return json.dumps({"labels": [{"label": name} for name in names]}).encode()


def _judgements_key(configuration: Configuration) -> str:
    name = hashlib.sha256(json.dumps(configuration.judgements).encode()).hexdigest()[:16]
    return f"ground-truth/judgements-{name}.json"


def environment(
    configuration: Configuration, intake_url: str, dead_letter_url: str
) -> dict[str, str]:
    """Return the environment of the functions, that of all of them in one."""
    return {
        "PIPELINE_NAME": JOB_NAME,
        "LEDGER_TABLE": LEDGER_TABLE,
        "OUTPUT_BUCKET": OUTPUT_BUCKET,
        "KMS_KEY_ARN": KEY_ARN,
        "UPLOAD_BUCKET": UPLOAD_BUCKET,
        "INTAKE_QUEUE_URL": intake_url,
        "DEAD_LETTER_QUEUE_URL": dead_letter_url,
        "TASK_TYPE": configuration.task_type,
        "IGNORED_KEYS": "[]",
        "MAX_ITEMS_PER_RUN": str(configuration.max_items_per_run),
        "LABELING_JOB": json.dumps(_labeling_job(configuration)._asdict()),
        "LABEL_ATTRIBUTE_NAME": LABEL_ATTRIBUTE,
        "VERIFICATION": json.dumps(_verification(configuration)),
        "VERIFICATION_JOB": json.dumps(
            {
                **_labeling_job(configuration)._asdict(),
                "categories_s3_uri": f"s3://{OUTPUT_BUCKET}/{_judgements_key(configuration)}",
                "label_attribute_name": VERIFICATION_ATTRIBUTE,
                "title": "Verify digits",
            }
        ),
        "LABEL_SCHEMA": f"sha256:{configuration.schema}",
        "LABELS": json.dumps(configuration.classes),
        "TEXT_ITEMS": configuration.text_items,
        "MAX_ATTEMPTS": str(configuration.max_attempts),
        "EXTRA_FEATURES": json.dumps(
            {name: {"path": name, "column": name in FEATURES} for name in configuration.features}
        ),
        "FEATURE_GROUP_NAME": FEATURE_GROUP,
        "EVENT_BUS_NAME": "default",
    }


def _verification(configuration: Configuration) -> dict[str, object] | None:
    if configuration.sample_percent is None:
        return None
    return {
        "attribute": VERIFICATION_ATTRIBUTE,
        "accepted_category": configuration.judgements[0],
        "categories": configuration.judgements,
        "sample_percent": configuration.sample_percent,
    }


def _labeling_job(configuration: Configuration) -> LabelingJobSettings:
    managed = f"arn:aws:lambda:{REGION}:432418664414:function"
    return LabelingJobSettings(
        workteam_arn=f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:workteam/private-crowd/team",
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/{JOB_NAME}-ground-truth",
        template_s3_uri=f"s3://{OUTPUT_BUCKET}/ground-truth/template-{configuration.schema}.html",
        categories_s3_uri=(
            f"s3://{OUTPUT_BUCKET}/ground-truth/categories-{configuration.schema}.json"
        ),
        title=configuration.title,
        description="Choose the digit.",
        keywords=["image"],
        workers_per_object=1,
        task_time_limit_seconds=300,
        task_availability_seconds=864_000,
        max_concurrent_tasks=1000,
        pre_human_task_lambda_arn=f"{managed}:PRE-ImageMultiClass",
        annotation_consolidation_lambda_arn=f"{managed}:ACS-ImageMultiClass",
        label_attribute_name=LABEL_ATTRIBUTE,
        output_prefix="labeling-jobs",
        tags={"pipeline": JOB_NAME},
    )


_STEP = re.compile(r"^    (\w+) = \{$", re.MULTILINE)
_TIMEOUT = re.compile(r"^      timeout_seconds = (\S+)$", re.MULTILINE)
_POLL_TIMEOUT = re.compile(r"^  poll_timeout_seconds\s*= (\d+)$", re.MULTILINE)


_VISIBILITY = re.compile(
    r"^  visibility_timeout_seconds = var.consumer_timeout_seconds \+ (\d+)$", re.MULTILINE
)
_MAX_RECEIVES = re.compile(r"^  max_receive_count = (\d+)$", re.MULTILINE)


@functools.cache
def max_receives() -> int:
    """Return after how many receives SQS moves a message of the intake queue, as the module says.

    Raises:
        ValueError: If the module says nothing.
    """
    found = _MAX_RECEIVES.search((ROOT / "modules/intake/main.tf").read_text(encoding="utf-8"))
    if found is None:
        message = "modules/intake/main.tf names no max_receive_count"
        raise ValueError(message)
    return int(found[1])


@functools.cache
def timeouts() -> dict[str, float]:
    """Return the timeout of each function, as the module gives it."""
    text = (ROOT / "functions.tf").read_text(encoding="utf-8")
    poll = _POLL_TIMEOUT.search((ROOT / "locals.tf").read_text(encoding="utf-8"))
    if poll is None:
        message = "locals.tf names no poll_timeout_seconds"
        raise ValueError(message)
    found: dict[str, float] = {}
    starts = list(_STEP.finditer(text))
    for start, end in zip(starts, [*[it.start() for it in starts[1:]], len(text)], strict=True):
        timeout = _TIMEOUT.search(text, start.end(), end)
        if timeout is not None:
            words = timeout[1]
            found[start[1]] = float(poll[1] if words == "local.poll_timeout_seconds" else words)
    return found


@functools.cache
def visibility_seconds() -> float:
    """Return for how long the intake queue hides what was received, as the module says.

    Raises:
        ValueError: If the module says nothing.
    """
    found = _VISIBILITY.search((ROOT / "modules/intake/main.tf").read_text(encoding="utf-8"))
    if found is None:
        message = "modules/intake/main.tf names no visibility_timeout_seconds"
        raise ValueError(message)
    return timeouts()["poll_queue"] + float(found[1])


def function_name(step: str) -> str:
    """Return the name of a step's function."""
    return f"{JOB_NAME}-{step.replace('_', '-')}"


def step_of(function: str) -> str:
    """Return the step of a function, named by its name or ARN."""
    return function.rpartition(":")[2].removeprefix(f"{JOB_NAME}-").replace("-", "_")


@functools.cache
def definition_of(*, verifies: bool = False) -> dict[str, Any]:
    """Return the module's definition of the state machine, rendered once."""
    text = definition.rendered(JOB_NAME, ACCOUNT, REGION, "{}" if verifies else "null")
    return definition.read(text)

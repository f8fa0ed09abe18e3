"""A labeling job for Label Studio: its files in the account, and the answers of people.

The functions that take an account run in the account's process.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from labeling_bench import pictures, pipeline
from labeling_deployment.deployment import planned
from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs
from labeling_lambdas.domain.label_studio.controls import task_data
from labeling_lambdas.domain.label_studio.jobs import JobState, StudioJob
from labeling_lambdas.domain.task_types import task_type
from labeling_sandbox.ground_truth.answers.task import Task
from labeling_sandbox.ground_truth.image_files import ImageSize
from labeling_sandbox.label_studio.results import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from in_process_aws.account import Account

#: The type that takes the most: for each label the function reads the size of the picture.
TASK_TYPE = "image_bounding_box"
LABELS = ("cat", "dog")
ATTRIBUTE = "label"

#: The state of a job that no function has worked on.
NEW = JobState()

#: The longest that Lambda allows.
TIMEOUT_SECONDS = 900.0

_SIZE = ImageSize(pictures.WIDTH, pictures.HEIGHT, 3)
_TRUTH = [
    {"class": "cat", "left": 64, "top": 48, "width": 128, "height": 96},
    {"class": "dog", "left": 320, "top": 240, "width": 160, "height": 120},
]


def job(name: str, count: int) -> StudioJob:
    """Return a job with so many pictures, each for one person."""
    return StudioJob(
        name=name,
        manifest_uri=f"s3://{planned().buckets['output']}/{_manifest(count)}",
        created_at=time.time(),
        available_seconds=10 * 24 * 3600,
        task_type=TASK_TYPE,
        attribute=ATTRIBUTE,
        labels=LABELS,
        instructions="Draw a box around each animal.",
        people=1,
    )


def create(account: Account, count: int, token: str) -> str:
    """Create what a job of so many pictures needs; return the ARN of the secret with the token."""
    pipeline.create(account)
    bucket = pictures.bucket(count)
    account.s3.create_bucket(bucket)
    for number in range(count):
        account.s3.upload(bucket, pictures.key(number), pictures.LARGE_PICTURE)
    account.s3.upload(planned().buckets["output"], _manifest(count), pictures.manifest(count))
    return account.secrets.create_secret("label-studio", token)


def create_job(account: Account, name: str, count: int, state: JobState = NEW) -> None:
    """Create a job, as the function does that starts it; with a state, it is as far as this."""
    jobs = _jobs(account)
    jobs.create(job(name, count).fields())
    if state != NEW:
        jobs.keep(name, state)


def close_job(account: Account, name: str) -> None:
    """Take a job off the list of those that are worked on."""
    _jobs(account).close(name)


def labeled_lines(account: Account, name: str) -> int:
    """Return how many lines of a job's output have a label."""
    description = _jobs(account).describe(name)
    if description is None or not description.output_uri:
        return 0
    bucket, _, key = description.output_uri.removeprefix("s3://").partition("/")
    return sum(ATTRIBUTE in json.loads(line) for line in account.s3.body(bucket, key).splitlines())


def answered_tasks(count: int) -> Iterator[dict[str, Any]]:
    """Yield the tasks of a job, each with the answer of a person."""
    for line in pictures.lines(count):
        yield {
            "data": task_data(line, task_type(TASK_TYPE)),
            "annotations": [{"result": _answer(line)}],
        }


def _answer(line: Mapping[str, Any]) -> list[dict[str, Any]]:
    return ANSWERS[TASK_TYPE](Task("bench", dict(line), [], 1, _SIZE), _TRUTH)


def _jobs(account: Account) -> LabelStudioJobs:
    deployment = planned()
    return LabelStudioJobs(account.client("s3"), deployment.buckets["output"], deployment.key_arn)


def _manifest(count: int) -> str:
    return f"runs/bench/manifests/{count}.manifest"

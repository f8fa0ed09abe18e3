"""The answers of single workers, as Ground Truth keeps them beside the labels.

Source: "Output data" in the SageMaker developer guide, section on the metadata of workers; the list
``answers`` around them is known from published outputs only.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from labeling_sandbox.ground_truth.workforce import team_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_sandbox.ground_truth.answers.task import Task
    from labeling_sandbox.ground_truth.workforce import Workforce

#: How long workers look at an object.
_SECONDS = (4.0, 12.0)


def worker_id(region: str, member: int) -> str:
    """Return the id of a worker of a private team.

    Args:
        region: The region of the job.
        member: The worker's number.
    """
    return f"private.{region}.{_hash(member)[:16]}"


def path_of(index: int, moment: datetime) -> str:
    """Return the path of the answers to an object, below the job's folder.

    Args:
        index: The place of the object in the manifest.
        moment: When the last answer was given.
    """
    return f"annotations/worker-response/iteration-1/{index}/{moment:%Y-%m-%d_%H:%M:%S}.json"


def response(
    task: Task,
    contents: Sequence[Mapping[str, Any]],
    workforce: Workforce,
    region: str,
    moment: datetime,
) -> bytes:
    """Return the file with the answers to an object.

    Args:
        task: The object.
        contents: What each worker answered, by the name of the form's element.
        workforce: How the workers behave.
        region: The region of the job.
        moment: When they submitted it.
    """
    choice = random.Random(f"{workforce.seed}/{task.job_name.lower()}/{task.item}/seconds")  # noqa: S311
    answers = []
    for member, content in zip(team_of(task, workforce), contents, strict=True):
        seconds = round(choice.uniform(*_SECONDS), 3)
        identity = {
            "identityProviderType": "Cognito",
            "issuer": f"https://cognito-idp.{region}.amazonaws.com/{region}_sandbox",
            "sub": str(uuid.UUID(_hash(member)[:32])),
        }
        answers.append(
            {
                "acceptanceTime": _written(moment - timedelta(seconds=seconds)),
                "answerContent": content,
                "submissionTime": _written(moment),
                "timeSpentInSeconds": seconds,
                "workerId": worker_id(region, member),
                "workerMetadata": {"identityData": identity},
            }
        )
    return json.dumps({"answers": answers}, ensure_ascii=False).encode()


def _hash(member: int) -> str:
    return hashlib.sha256(f"worker {member}".encode()).hexdigest()


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

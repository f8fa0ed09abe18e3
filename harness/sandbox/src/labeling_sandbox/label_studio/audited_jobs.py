"""The labeling jobs that people did in Label Studio, for the auditor.

What a job is about is read from the file that created it, which stands for the request. Verdicts
are read from Label Studio, not from the results of functions.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labeling_sandbox.audit.job_audit import Job, read_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from labeling_sandbox.label_studio.owner import Owner

_FOLDER = "labeling-jobs/"
_ENDED = ("Completed", "Stopped", "Failed")


def read_jobs(client: Callable[[str], Any], bucket: str, owner: Owner) -> list[Job]:
    """Return the jobs in the order of their creation.

    Args:
        client: Makes an administrator's client of a service.
        bucket: The output bucket.
        owner: Sees the answers.
    """
    files = _files(client, bucket)
    names = [key.split("/")[1] for key in files if key.endswith("/job.json")]
    jobs = [_job(client, bucket, owner, name, files) for name in names]
    return sorted(jobs, key=lambda job: job.created)


def _files(client: Callable[[str], Any], bucket: str) -> dict[str, datetime]:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=_FOLDER)
    return {
        entry["Key"]: entry["LastModified"] for page in pages for entry in page.get("Contents", [])
    }


def _job(
    client: Callable[[str], Any],
    bucket: str,
    owner: Owner,
    folder: str,
    files: Mapping[str, datetime],
) -> Job:
    def read(name: str) -> dict[str, Any]:
        key = f"{_FOLDER}{folder}/{name}"
        if key not in files:
            return {}
        found: dict[str, Any] = json.loads(
            client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        )
        return found

    request, state = read("job.json"), read("state.json")
    lines = read_lines(client, request["manifest_uri"])
    status = state.get("status", "")
    verification = request["verification"]
    attribute = verification["attribute"] if verification else request["attribute"]
    answers = (
        dict(_labeled(read_lines(client, state["output_uri"]), attribute))
        if status in _ENDED and state.get("output_uri")
        else {}
    )
    accepted: frozenset[str] = frozenset()
    if verification and answers:
        votes = _verdicts(owner.tasks(state["project"]))
        wanted = verification["accepted_category"]
        accepted = frozenset(
            item for item in answers if votes[item][wanted] * 2 > votes[item].total()
        )
    ended = files[f"{_FOLDER}{folder}/state.json"] if status in _ENDED else None
    return Job(
        name=request["name"],
        created=datetime.fromtimestamp(request["created_at"], UTC).isoformat(),
        modified=(ended or datetime.now(UTC)).isoformat(),
        items=[line["item-id"] for line in lines],
        verifies=verification is not None,
        labeled=frozenset(answers),
        accepted=accepted,
        unlabeled_shown=_unlabeled(lines, request) if verification else 0,
        never_began=status == "Failed" and not state["project"],
        answers={} if verification else answers,
    )


def _unlabeled(lines: list[dict[str, Any]], request: Mapping[str, Any]) -> int:
    return sum(request["attribute"] not in line for line in lines)


def _labeled(lines: list[dict[str, Any]], attribute: str) -> Iterator[tuple[str, Any]]:
    for line in lines:
        if attribute in line and "failure-reason" not in line.get(f"{attribute}-metadata", {}):
            yield line["item-id"], line[attribute]


def _verdicts(tasks: list[dict[str, Any]]) -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {}
    for task in tasks:
        votes = found.setdefault(task["data"]["item_id"], Counter())
        for annotation in task["annotations"]:
            for result in annotation["result"]:
                if result["from_name"] == "verdict":
                    votes.update(result["value"]["choices"])
    return found

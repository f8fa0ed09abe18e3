"""How a scenario ended, in words that mean the same in every world."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from labeling_sandbox.audit.auditor import Findings
    from labeling_sandbox.audit.uploads import Upload

Row = dict[str, Any]


@dataclass(frozen=True)
class Ending:
    """What the ledger, the queues, the records and the jobs hold of one scenario's uploads.

    An upload is named by its key and the number of its version: ``inbox/1.png 1``.

    Attributes:
        items: State, attempts and reason of each upload in the ledger. Of one that is superseded
            the state alone: whether it was claimed before the newer version was seen is up to the
            order in which the queue hands messages over.
        waiting: Uploads that have a message on the intake queue and are not done. When the message
            of one that is done shows again, to be dropped, depends on the clock.
        dead_letters: Upload, or the text for a message that names none, and reason of each.
        records: Upload, label, status and attempts of the newest record of each key.
        jobs: Labeling jobs and verification jobs that each upload was in, those of superseded ones
            left out.
    """

    items: dict[str, tuple[str, int, str]]
    waiting: list[str]
    dead_letters: list[tuple[str, str]]
    records: dict[str, tuple[str, str, str, str]]
    jobs: dict[str, tuple[int, int]]


def ending_of(
    scenario: str,
    uploads: Sequence[Upload],
    rows: Sequence[Row],
    findings: Findings,
    jobs: Iterable[Mapping[str, Any]],
) -> Ending:
    """Return what a moment of rest looks like.

    Args:
        scenario: Name of the scenario, the first part of its keys.
        uploads: Its uploads, the oldest first.
        rows: The ledger's row of each upload, {} where there is none.
        findings: What the auditor saw.
        jobs: Every labeling job.
    """
    names = _names(scenario, uploads)
    by_version = {upload.version_id: names[upload] for upload in uploads}
    by_item = {
        row["pk"].removeprefix("ITEM#"): names[upload]
        for upload, row in zip(uploads, rows, strict=True)
        if row
    }
    done = {
        names[upload]
        for upload, row in zip(uploads, rows, strict=True)
        if row and row["item_state"] in ("stored", "superseded")
    }
    labeled, verified = Counter[str](), Counter[str]()
    for job in jobs:
        counter = labeled if job.get("accepted_category") is None else verified
        counter.update(by_item[item] for item in job["item_ids"] if item in by_item)
    records = {upload.key: findings.records.get(upload.uri) for upload in uploads}
    return Ending(
        items={
            names[upload]: _settled(row) for upload, row in zip(uploads, rows, strict=True) if row
        },
        waiting=sorted(
            by_version[version]
            for version in {_version(upload) for upload in findings.waiting}
            if version in by_version and by_version[version] not in done
        ),
        dead_letters=sorted(
            (by_version.get(_version(letter), _text(scenario, letter)), letter["reason"])
            for letter in findings.dead_letters
            if f"{scenario}/" in json.dumps(letter)
        ),
        records={
            key.removeprefix(f"{scenario}/"): (
                by_version[record["source_version_id"]],
                record["label"],
                record["status"],
                record["attempts"],
            )
            for key, record in records.items()
            if record is not None
        },
        jobs={
            names[upload]: (labeled[names[upload]], verified[names[upload]])
            for upload, row in zip(uploads, rows, strict=True)
            if row and row["item_state"] != "superseded"
        },
    )


def _settled(row: Row) -> tuple[str, int, str]:
    if row["item_state"] == "superseded":
        return ("superseded", 0, "")
    return (row["item_state"], int(row["attempts"]), row.get("reason", ""))


def _names(scenario: str, uploads: Iterable[Upload]) -> dict[Upload, str]:
    versions = Counter[str]()
    names = {}
    for upload in uploads:
        versions[upload.key] += 1
        names[upload] = f"{upload.key.removeprefix(f'{scenario}/')} {versions[upload.key]}"
    return names


def _version(message: Mapping[str, Any]) -> str:
    if isinstance(message.get("item"), dict):
        return str(message["item"]["version_id"])
    detail = message.get("detail")
    if isinstance(detail, dict):
        return str(detail.get("object", {}).get("version-id", ""))
    return ""


def _text(scenario: str, letter: Mapping[str, Any]) -> str:
    item = letter.get("item")
    text = item["key"] if isinstance(item, dict) else str(letter.get("body"))
    return text.replace(f"{scenario}/", "")

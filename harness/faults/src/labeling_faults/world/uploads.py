"""The upload events of S3."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from in_process_aws.buckets import StoredObject
    from labeling_sandbox.audit.uploads import Source, Upload


def object_created(bucket: str, key: str, stored: StoredObject, size: int) -> dict[str, Any]:
    """Return the EventBridge event of the upload of a version of an object."""
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": bucket},
            "object": {
                "key": key,
                "size": size,
                "etag": stored.etag.strip('"'),
                "version-id": stored.version_id,
                "sequencer": stored.sequencer,
            },
        },
    }


def shown_texts(key: str, body: bytes) -> list[str]:
    """Return the texts of a file's lines, including blank ones."""
    lines = body.decode().splitlines()
    if key.endswith((".jsonl", ".ndjson")):
        return [json.loads(line)["source"] for line in lines]
    return lines


def text_items(key: str, body: bytes, items: str) -> list[tuple[int | None, str | None]]:
    """Return the items of a text file: the numbers of their lines and their texts.

    Args:
        key: Its key.
        body: Its bytes.
        items: What is an item of a ``.txt`` file.
    """
    if items == "file" and key.endswith(".txt"):
        return [(None, body.decode())]
    return [
        (number, text)
        for number, text in enumerate(shown_texts(key, body), start=1)
        if text.strip()
    ]


def refusals(
    bucket: str, keys: Iterable[str], entries: Sequence[Mapping[str, Any]]
) -> dict[int, tuple[str, str]]:
    """Return why a feature group takes none of the records of some objects, by their position."""
    addresses = {f"s3://{bucket}/{key}" for key in keys}
    # Of a text file its second line.
    addresses |= {f"{address}#L2" for address in addresses}
    return {
        position: ("ValidationError", "refused")
        for position, entry in enumerate(entries)
        if entry["Record"][0]["ValueAsString"] in addresses
    }


def uploaded_items(uploads: Iterable[Upload], known: Container[Source]) -> list[Upload]:
    """Return every item that was uploaded.

    A file that was given up as a whole, because the task type had become one of images, is one
    item.

    Args:
        uploads: What was put into the upload bucket.
        known: What the ledger has a row of.
    """
    found: dict[Upload, None] = {}
    for upload in uploads:
        whole = dataclasses.replace(upload, line=None, text=None)
        given_up = upload.source not in known and whole.source in known
        found[whole if given_up else upload] = None
    return list(found)

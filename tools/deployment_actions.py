"""Name the IAM actions that deploying needs, from the calls that Terraform was seen to make.

The record is docs/deployment-calls.json; tools/record_deployment.py writes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tools.marked_sections import table

if TYPE_CHECKING:
    from collections.abc import Iterable

RECORD = Path(__file__).resolve().parent.parent / "docs" / "deployment-calls.json"

_PREFIXES = {"monitoring": "cloudwatch"}
#: Operations whose action has another name (Service Authorization Reference, Amazon S3).
_S3_ACTIONS = {
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListObjectVersions": "ListBucketVersions",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def actions(calls: Iterable[tuple[str, str]]) -> list[str]:
    """Name the actions that calls need.

    Args:
        calls: Services, by their signing names, and operations.

    Returns:
        The actions, sorted, each once.
    """
    return sorted({_action(service, operation) for service, operation in calls})


def recorded() -> list[tuple[str, str]]:
    """Read the record.

    Returns:
        Services and operations.
    """
    calls = json.loads(RECORD.read_text(encoding="utf-8"))
    return [(service, operation) for service, operation in calls]


def sections() -> dict[str, str]:
    """Write the table of docs/security.md.

    Returns:
        Markdown by the section's name.
    """
    by_service: dict[str, list[str]] = {}
    for action in actions(recorded()):
        by_service.setdefault(action.partition(":")[0], []).append(f"`{action}`")
    rows = [(f"`{service}`", ", ".join(named)) for service, named in sorted(by_service.items())]
    return {"deployment": table(("Service", "Actions"), rows)}


def _action(service: str, operation: str) -> str:
    if service == "s3":
        return f"s3:{_S3_ACTIONS.get(operation, operation)}"
    return f"{_PREFIXES.get(service, service)}:{operation}"

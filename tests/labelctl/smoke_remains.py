"""What a smoke test leaves in a deployed pipeline, and how a test removes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.labelctl.breakages import take_messages
from tests.sandbox.resources import wait_until

if TYPE_CHECKING:
    from tests.labelctl.deployed import Deployed


def objects(deployed: Deployed) -> list[Any]:
    answer = deployed.client("s3").list_object_versions(
        Bucket=deployed.output("upload_bucket_name"), Prefix="labelctl-smoke/"
    )
    return [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]


def delete_objects(deployed: Deployed) -> None:
    for version in objects(deployed):
        deployed.client("s3").delete_object(
            Bucket=deployed.output("upload_bucket_name"),
            Key=version["Key"],
            VersionId=version["VersionId"],
        )


def empty_queues(deployed: Deployed) -> None:
    """Take away what a test left: an object's message, or its undelivered event."""
    for output in ("upload_queue_url", "undelivered_queue_url"):
        take_messages(deployed.client("sqs"), deployed.output(output))


def end_of_run(deployed: Deployed, found: Any) -> None:
    """Wait until the run of a test has returned its item, and take the item away."""
    table = deployed.output("ledger_table_name")

    def closed() -> bool:
        row = deployed.client("dynamodb").get_item(
            TableName=table, Key={"pk": {"S": f"RUN#{found['run_id']}"}}
        )
        return bool(row["Item"]["run_state"]["S"] == "closed")

    if found.get("run_id"):
        wait_until(closed, f"the end of {found['run_id']}", 120)
    empty_queues(deployed)

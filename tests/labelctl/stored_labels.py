"""Labels of the demo's data, stored by the functions, and written to the offline store's files."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.task_types import DEMO_TYPES
from labeling_sandbox.ground_truth import image_files, output_lines
from labeling_sandbox.ground_truth.answers.task import Category, Task
from tests.sandbox.demo_data import data_of, labels_of
from tests.sandbox.resources import control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labeling_lambdas.domain.items import SourceObject
    from labeling_sandbox.demo.data_set import Item
    from tests.labelctl.stage import Operated

ATTRIBUTE = "demo-label"
_WORKERS = 3


@dataclass(frozen=True)
class Stored:
    """Items that are stored with the right label.

    Attributes:
        operated: The pipeline.
        task: The task type.
        items: The items.
        files: The uploaded bytes by key.
    """

    operated: Operated
    task: str
    items: Sequence[Item]
    files: dict[str, bytes]

    def uri(self, item: Item) -> str:
        """Return what identifies the record of an item."""
        whole = f"s3://{self.operated.uploads}/{item.key}"
        return whole if item.line is None else f"{whole}#L{item.line}"

    def body(self, uri: str) -> bytes:
        """Return the uploaded bytes of an item."""
        return self.files[self.truth[uri].key]

    def uri_of(self, body: bytes) -> str:
        """Return the item of which these bytes were uploaded."""
        (uri,) = [uri for uri in self.truth if self.body(uri) == body]
        return uri

    def read(self, uri: str) -> bytes:
        """Read an object of the pipeline."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        answer = self.operated.client("s3").get_object(Bucket=bucket, Key=key)
        return bytes(answer["Body"].read())

    @property
    def truth(self) -> dict[str, Item]:
        """The items by the identifier of their record."""
        return {self.uri(item): item for item in self.items}


def store_demo(
    operated: Operated,
    task: str,
    count: int,
    table_format: str = "Iceberg",
    prepare: Callable[[Operated], None] = lambda _: None,
) -> Stored:
    """Upload items of the demo's data, and let the functions store their right labels.

    Args:
        operated: The pipeline.
        task: The task type.
        count: Number of items.
        table_format: Format of the offline store.
        prepare: Changes the pipeline before the first upload.
    """
    operated.keep_offline(table_format)
    prepare(operated)
    operated.publish(task)
    data = data_of(task, count)
    if data.items[0].text is not None:
        operated.label_texts(task=task)
    operated.configure(TASK_TYPE=task, LABEL_ATTRIBUTE_NAME=ATTRIBUTE)
    keys = {item.key for item in data.items}
    for file in data.overwritten:
        operated.upload(file.key, file.body)
    files = {file.key: file.body for file in data.files if file.key in keys}
    uploads = {key: operated.upload(key, body) for key, body in files.items()}
    label(operated, task, uploads, data.items)
    return Stored(operated, task, data.items, files)


def label(
    operated: Operated,
    task: str,
    uploads: dict[str, SourceObject],
    items: Sequence[Item],
    execution: str = "one",
) -> None:
    """Let the functions take uploads from their events to their records.

    Args:
        operated: The pipeline.
        task: The task type.
        uploads: The uploads by key.
        items: What workers label in them.
        execution: A name for the execution.
    """
    for source in uploads.values():
        if items[0].text is None:
            operated.announce([source])
        else:
            operated.split(source)
    run = operated.poll(execution=execution)
    lines = [
        _line(operated, task, run, uploads[item.key].at_line(item.line), item)
        for item in items
        if item.key in uploads
    ]
    job = operated.ended_job(run, lines)
    plan = operated.plan(run, job, execution=execution)
    operated.give_back(run, plan, operated.store(run, plan))
    operated.finish(run, execution=execution)
    write_files(operated)


def write_files(operated: Operated) -> None:
    """Let Feature Store write what it buffers."""
    control(operated.sandbox, "POST", f"records/{operated.name}/write-files", {})


def _line(
    operated: Operated, task: str, run: dict[str, Any], source: SourceObject, item: Item
) -> dict[str, Any]:
    """Return the output line of an item that three workers label right."""
    known = {"source": item.text} if item.text is not None else {"source-ref": source.uri}
    manifest_line = {**known, "item-id": source.item_id}
    size = None
    if item.text is None:
        version = {"Bucket": source.bucket, "Key": source.key, "VersionId": source.version_id}
        size = image_files.size(operated.client("s3").get_object(**version)["Body"].read())
    name = operated.job_name(run)
    categories = [Category(label) for label in labels_of(task)]
    shown = Task(name, manifest_line, categories, _WORKERS, size)
    answer = DEMO_TYPES[task].kind.labeler.label(
        shown, item.truth, [0.0] * _WORKERS, random.Random(0)
    )
    value = answer.value
    if answer.mask is not None:
        key = (
            f"labeling-jobs/{name}/annotations/consolidated-annotation/output/{source.item_id}.png"
        )
        operated.client("s3").put_object(Bucket=operated.output, Key=key, Body=answer.mask)
        value = f"s3://{operated.output}/{key}"
    return output_lines.labeled(
        manifest_line, ATTRIBUTE, value, answer.details, name, datetime.now(UTC)
    )

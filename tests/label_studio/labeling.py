"""One job of a task type: its objects in the sandbox's S3, and what people know about them."""

from __future__ import annotations

import json
import random
import uuid
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas import process
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.label_studio.controls import task_data
from labeling_lambdas.domain.label_studio.jobs import StudioJob
from labeling_lambdas.domain.label_studio.output import ConvertedLine, LabelingProject, labeled_line
from labeling_lambdas.domain.label_studio.pictures import HEADER_BYTES, PictureSize, shown_size
from labeling_lambdas.domain.output_lines import OutputLine, read_output_line
from labeling_lambdas.domain.task_types import task_type
from labeling_sandbox.demo.task_types import DEMO_TYPES
from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.answers.task import Category, Task
from labeling_sandbox.label_studio.results import ANSWERS, Result
from tests.sandbox.demo_data import data_of, labels_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeling_lambdas.label_studio.client import LabelStudio
    from labeling_sandbox.server import Sandbox

PEOPLE = 3


@dataclass(frozen=True)
class Object:
    """One object to label.

    Attributes:
        task: What people see.
        truth: The right answer.
    """

    task: Task
    truth: Any

    @property
    def mistaken(self) -> Any:
        """An answer in which no part of the truth is only moved, which would move the consensus."""
        labeler = DEMO_TYPES[self.task.job_name].kind.labeler
        for seed in range(1000):
            found = labeler.mistaken(self.task, self.truth, random.Random(seed))
            if found != self.truth and not _is_moved(found, self.truth):
                return found
        message = f"no seed gives a mistake for {self.task.item}"
        raise AssertionError(message)


def _is_moved(found: Any, truth: Any) -> bool:
    if not (
        isinstance(truth, list) and truth and isinstance(truth[0], dict) and "left" in truth[0]
    ):
        return False
    return Counter(box["class"] for box in found) == Counter(box["class"] for box in truth)


class Job:
    """A job with objects of the demo of a task type.

    Attributes:
        name: The task type, which is also the name of the job in what people see.
        project: What the functions know about the job.
        objects: The objects by item.
        lines: The lines of the manifest, as they are read from S3.
    """

    def __init__(self, sandbox: Sandbox, name: str, count: int) -> None:
        self.name = name
        self.s3 = sandbox.client("s3")
        self.bucket = f"studio-{uuid.uuid4().hex}"
        self.region = sandbox.region
        self.s3.create_bucket(Bucket=self.bucket)
        labels = labels_of(name)
        self.project = LabelingProject(
            f"job-{uuid.uuid4().hex}",
            task_type(name),
            "a-label",
            tuple(labels),
            PEOPLE,
            f"s3://{self.bucket}/masks",
        )
        self.objects = dict(self._objects(count, [Category(label) for label in labels]))
        manifest = "".join(compact_json(found.task.line) + "\n" for found in self.objects.values())
        self.s3.put_object(Bucket=self.bucket, Key="input.manifest", Body=manifest.encode())
        self.lines = self.read_lines("input.manifest")

    def _objects(self, count: int, categories: list[Category]) -> Iterator[tuple[str, Object]]:
        data = data_of(self.name)
        bodies = {file.key: file.body for file in data.files}
        kind = self.project.task_type
        for number, item in enumerate(data.items[:count]):
            item_id = f"{number:032x}"
            source = item.text or f"s3://{self.bucket}/{item.key}"
            size = None
            if item.text is None:
                self.s3.put_object(Bucket=self.bucket, Key=item.key, Body=bodies[item.key])
                size = image_files.size(bodies[item.key])
            line = {kind.manifest_key: source, "item-id": item_id}
            yield item_id, Object(Task(self.name, line, categories, PEOPLE, size), item.truth)

    def read(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def read_lines(self, key: str) -> list[dict[str, Any]]:
        text = self.read(f"s3://{self.bucket}/{key}").decode()
        return [json.loads(line) for line in text.splitlines()]

    def tasks(self) -> list[dict[str, Any]]:
        return [{"data": task_data(line, self.project.task_type)} for line in self.lines]

    def object_of(self, task: dict[str, Any]) -> Object:
        return self.objects[task["data"]["item_id"]]

    def right(self, task: dict[str, Any]) -> list[Result]:
        found = self.object_of(task)
        return ANSWERS[self.name](found.task, found.truth)

    def wrong(self, task: dict[str, Any]) -> list[Result]:
        found = self.object_of(task)
        return ANSWERS[self.name](found.task, found.mistaken)

    def picture(self, line: dict[str, Any]) -> PictureSize | None:
        if not self.project.needs_pictures:
            return None
        return shown_size(self.read(line["source-ref"])[:HEADER_BYTES])

    def collected(self, studio: LabelStudio, project: int) -> dict[str, list[dict[str, Any]]]:
        """Return the annotations of each item; each item is on one page only."""
        found: dict[str, list[dict[str, Any]]] = {}
        for page in studio.tasks(project):
            for task in page.tasks:
                item = task["data"]["item_id"]
                assert item not in found
                found[item] = task["annotations"]
        return found

    def write(self, converted: Iterable[ConvertedLine], key: str) -> None:
        """Write an output manifest, and the masks that it names."""
        text = ""
        for one in converted:
            text += compact_json(one.line) + "\n"
            if one.mask is not None:
                uri = one.line[self.project.attribute]
                _, _, mask_key = uri.removeprefix("s3://").partition("/")
                self.s3.put_object(Bucket=self.bucket, Key=mask_key, Body=one.mask)
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def label(self) -> None:
        """Write the right labels into the input manifest, as a labeling job before this one."""
        alone = self.project._replace(people=1)
        labeled = [
            labeled_line(
                line,
                [annotation(self.right({"data": {"item_id": line["item-id"]}}))],
                alone,
                picture=self.picture(line),
            )
            for line in self.lines
        ]
        self.write(labeled, "input.manifest")

    def parsed(self, key: str) -> list[OutputLine]:
        """Read an output manifest as the functions do."""
        text = self.read(f"s3://{self.bucket}/{key}").decode()
        labels = frozenset(self.project.labels)
        return [
            read_output_line(
                line, task_type=self.name, attribute=self.project.attribute, labels=labels
            )
            for line in text.splitlines()
        ]

    def is_true(self, output: OutputLine, truth: Any) -> bool:
        """Return whether a label equals a truth."""
        attribute = self.project.attribute
        value, metadata = output.line[attribute], output.line[f"{attribute}-metadata"]
        return DEMO_TYPES[self.name].equals(value, metadata, truth, self.read)


def studio_job(job: Job, **changes: Any) -> StudioJob:
    """Return a labeling job as the functions describe it."""
    fields: dict[str, Any] = {
        "name": job.project.job_name,
        "manifest_uri": f"s3://{job.bucket}/input.manifest",
        "created_at": process.now(),
        "available_seconds": 3600,
        "task_type": job.name,
        "attribute": job.project.attribute,
        "labels": job.project.labels,
        "instructions": "",
        "people": PEOPLE,
        "verification": None,
    }
    return StudioJob(**{**fields, **changes})


def annotation(results: list[Result]) -> dict[str, Any]:
    """Return what Label Studio keeps of an answer."""
    return {
        "id": 1,
        "completed_by": 1,
        "created_at": "2026-11-30T12:00:00Z",
        "was_cancelled": False,
        "result": results,
    }

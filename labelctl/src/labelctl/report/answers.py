"""The answers of single workers, as both engines keep them beside the labels of a job.

https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-output.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labelctl.export.parallel import in_parallel
from labeling_lambdas.aws.artifacts import read_text_lines
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY
from labeling_lambdas.domain.output_lines import item_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labelctl.connection import Client
    from labeling_lambdas.aws.artifacts import Artifacts

_OUTPUT = "manifests/output/output.manifest"
_ANSWERS = "annotations/worker-response/"
_MANIFEST = "manifests/label.manifest"


class Worker(NamedTuple):
    """Who answered.

    Attributes:
        issuer: The user pool, identity provider or Label Studio that knows the worker; empty if the
            answer names none.
        name: What they are called there: the ``sub`` of a user pool, the number of an account in
            Label Studio, or Ground Truth's own id.
    """

    issuer: str
    name: str


class WorkerAnswer(NamedTuple):
    """What a worker answered.

    Attributes:
        worker: Who answered.
        content: What the form's elements returned, by their name; empty if it cannot be used.
        seconds: How long they worked on it; None if it is not known.
    """

    worker: Worker
    content: Mapping[str, Any]
    seconds: float | None


class ObjectAnswers(NamedTuple):
    """The answers to an object.

    Attributes:
        item_id: The item.
        answers: One of each worker.
    """

    item_id: str
    answers: list[WorkerAnswer]


class UnreadableAnswersError(Exception):
    """A file that does not hold answers."""


@dataclass(slots=True)
class AnswerReader:
    """A reader of the answers of one labeling job.

    Attributes:
        artifacts: The files of its run.
        job: How it ended, from the report of the run.
        unreadable: Files, or lines of files, that hold no answers.
    """

    artifacts: Artifacts
    job: Mapping[str, Any]
    unreadable: int = 0
    _items: list[str] = field(default_factory=list)

    def read(self) -> Iterator[ObjectAnswers]:
        """Yield the objects that have answers, with only some files in memory at a time."""
        folder = str(self.job["output_uri"]).removesuffix(_OUTPUT)
        bucket, _, prefix = f"{folder}{_ANSWERS}".removeprefix("s3://").partition("/")
        pages = self.artifacts.client.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix
        )
        keys = (entry["Key"] for page in pages for entry in page.get("Contents", []))
        for place, lines in in_parallel(lambda key: _read(self._client, bucket, key), keys):
            for text in lines:
                try:
                    yield self._object(place, text)
                except UnreadableAnswersError:
                    self.unreadable += 1

    @property
    def _client(self) -> Client:
        return self.artifacts.client

    def _object(self, place: str, text: str) -> ObjectAnswers:
        try:
            found = json.loads(text)
            item_id = found.get(ITEM_ID_KEY) or self._item_at(int(place))
            return ObjectAnswers(item_id, [_answer(each) for each in found["answers"]])
        except (
            AttributeError,
            IndexError,
            KeyError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            message = f"the file at {place} does not hold answers"
            raise UnreadableAnswersError(message) from error

    def _item_at(self, place: int) -> str:
        """Return the item at a place of the job's input manifest."""
        if not self._items:
            lines = read_text_lines(self._client, self.artifacts.uri(_MANIFEST))
            self._items = [item_of(line) or "" for line in lines]
        return self._items[place]


def _read(client: Client, bucket: str, key: str) -> tuple[str, list[str]]:
    """Return the folder of a file, which Ground Truth names after the object, and its lines."""
    return key.split("/")[-2], list(read_text_lines(client, f"s3://{bucket}/{key}"))


def _answer(fields: Mapping[str, Any]) -> WorkerAnswer:
    metadata = fields.get("workerMetadata") or {}
    identity = metadata.get("identityData") or {}
    name = identity.get("sub") or fields["workerId"]
    seconds = fields.get("timeSpentInSeconds")
    content = fields["answerContent"]
    return WorkerAnswer(
        Worker(str(identity.get("issuer", "")), str(name)),
        content if isinstance(content, dict) else {},
        None if seconds is None else float(seconds),
    )

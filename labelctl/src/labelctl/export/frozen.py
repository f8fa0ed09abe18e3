"""Frozen training sets: lists of records in the output bucket that never change."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labelctl.error_messages import LabelctlError
from labelctl.export.offline_store import Row, comparable_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import _Hash as Digest
    from pathlib import Path

    from labelctl.connection import Client
    from labelctl.export.workspace import Workspace

_SCHEMA = "labelctl-training-set/1"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DIGEST = "sha256"
_CHUNK_BYTES = 1 << 20
_TAKEN_CODES = frozenset({"PreconditionFailed", "412"})
_MISSING_CODES = frozenset({"404", "NoSuchKey"})


@dataclass(frozen=True, slots=True)
class Head:
    """The first line of a list.

    Attributes:
        pipeline: Name of the pipeline.
        task_type: Its task type.
        split: The split, as the option has it; empty if there is none.
        classes: The classes, sorted.
    """

    pipeline: str
    task_type: str
    split: str
    classes: tuple[str, ...]

    def fields(self) -> dict[str, Any]:
        """Return it as JSON-ready fields."""
        return {
            "schema": _SCHEMA,
            "pipeline": self.pipeline,
            "task_type": self.task_type,
            "split": self.split,
            "classes": list(self.classes),
        }


@dataclass(frozen=True, slots=True)
class FrozenSet:
    """A frozen training set.

    Attributes:
        client: S3.
        bucket: The output bucket.
        name: Its name.
    """

    client: Client
    bucket: str
    name: str

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            LabelctlError: If it is no name.
        """
        if not _NAME.fullmatch(self.name):
            message = (
                f"{self.name!r} is no name for a training set; it has at most 63 lower-case"
                " letters, digits and hyphens"
            )
            raise LabelctlError(message)

    @property
    def uri(self) -> str:
        """Address of the list."""
        return f"s3://{self.bucket}/{self._key}"

    @property
    def _key(self) -> str:
        return f"training-sets/{self.name}.jsonl.gz"

    def freeze(self, workspace: Workspace, head: Head, path: Path) -> str:
        """Write the list of an export's records, unless it is there already.

        Args:
            workspace: The export.
            head: What the list begins with.
            path: A file for the list, until it is in the bucket.

        Returns:
            The SHA-256 digest of its lines, in hexadecimal.

        Raises:
            LabelctlError: If another list has the name.
            ClientError: If the list cannot be written.
        """
        digest = hashlib.sha256()
        # Without a time and a name in its head, the file depends on the lines only.
        with path.open("wb") as file, gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
            _write(packed, digest, head.fields())
            for chosen in workspace.chosen():
                _write(packed, digest, chosen.fields)
        try:
            with path.open("rb") as body:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self._key,
                    Body=body,
                    IfNoneMatch="*",
                    Metadata={_DIGEST: digest.hexdigest()},
                )
        except ClientError as error:
            if error.response["Error"]["Code"] not in _TAKEN_CODES:
                raise
            self._check_equal(digest.hexdigest())
        return digest.hexdigest()

    def _check_equal(self, digest: str) -> None:
        answer = self.client.get_object(Bucket=self.bucket, Key=self._key)
        answer["Body"].close()
        found = answer["Metadata"]
        if found.get(_DIGEST) != digest:
            message = (
                f"the training set {self.name} is frozen with other records"
                f" ({found.get(_DIGEST)}, now {digest}); choose another name, or make that set"
                f" again with --frozen {self.name}"
            )
            raise LabelctlError(message)

    def open(self, path: Path) -> tuple[Head, Iterator[Row], str]:
        """Return the head of the list, its records, and the digest of all its lines.

        Args:
            path: A file for the list, which is kept until its records are read.

        Raises:
            LabelctlError: If there is no such list, or it is not what was frozen.
            ClientError: If it cannot be read.
        """
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self._key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING_CODES:
                message = (
                    f"there is no training set {self.name}: {self.uri} does not exist; make it"
                    f" with --freeze {self.name}"
                )
                raise LabelctlError(message) from error
            raise
        with path.open("wb") as file, closing(answer["Body"]) as body:
            for chunk in body.iter_chunks(_CHUNK_BYTES):
                file.write(chunk)
        digest = _digest_of(path)
        if digest != answer["Metadata"].get(_DIGEST):
            message = (
                f"{self.uri} is not what was frozen: its digest is {digest}; its older versions are"
                f" in: aws s3api list-object-versions --bucket {self.bucket} --prefix {self._key}"
            )
            raise LabelctlError(message)
        lines = _lines(path)
        first = next(lines)
        if first.get("schema") != _SCHEMA:
            message = (
                f"{self.uri} is no training set of this version of labelctl; use the one that"
                " froze it"
            )
            raise LabelctlError(message)
        head = Head(first["pipeline"], first["task_type"], first["split"], tuple(first["classes"]))
        return head, (_row(fields) for fields in lines), digest


def _write(packed: gzip.GzipFile, digest: Digest, fields: dict[str, Any]) -> None:
    line = f"{json.dumps(fields, sort_keys=True)}\n".encode()
    digest.update(line)
    packed.write(line)


def _digest_of(path: Path) -> str:
    try:
        with gzip.open(path) as file:
            return hashlib.file_digest(file, _DIGEST).hexdigest()
    except (OSError, EOFError):
        return "unknown, as the file is damaged"


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def _row(fields: dict[str, Any]) -> Row:
    time = comparable_time(fields["event_time"])
    return Row(str(fields["source_ref"]), time, "", deleted=False, fields=fields)

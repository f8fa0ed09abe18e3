"""The files of a run in the output bucket."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Reads and writes one run's files.

    Attributes:
        client: S3.
        bucket: The output bucket.
        kms_key_arn: Key for everything written. It is named in each request because the bucket's
            policy refuses other keys, whatever the bucket's default is.
        run_id: The run.
    """

    client: S3Client
    bucket: str
    kms_key_arn: str
    run_id: str

    def uri(self, name: str) -> str:
        """Return the ``s3://`` address of a file."""
        return f"s3://{self.bucket}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"runs/{self.run_id}/{name}"

    def write(self, name: str, value: object) -> None:
        """Write a value as JSON."""
        self._put(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    def write_lines(self, name: str, rows: Iterable[object]) -> None:
        """Write values as JSON lines; meant for a shard, which is held in memory."""
        text = "".join(
            json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
        )
        self._put(name, text.encode())

    def _put(self, name: str, body: bytes) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=self._key(name),
            Body=body,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.kms_key_arn,
        )

    def write_stream(self, name: str, lines: Iterable[str]) -> None:
        """Write lines of any number, by way of a temporary file."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "lines"
            with path.open("w", encoding="utf-8", newline="") as file:
                file.writelines(lines)
            self.client.upload_file(
                str(path),
                self.bucket,
                self._key(name),
                ExtraArgs={"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key_arn},
            )

    def read(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON was written
        """Return a JSON value."""
        answer = self.client.get_object(Bucket=self.bucket, Key=self._key(name))
        return json.loads(answer["Body"].read())

    def read_lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a JSON lines file."""
        for text in read_text_lines(self.client, self.uri(name)):
            yield json.loads(text)

    def names(self, folder: str) -> list[str]:
        """Return the names of a run's files below a folder, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._key(folder)
        )
        start = len(self._key(""))
        return sorted(found["Key"][start:] for page in pages for found in page.get("Contents", []))


def read_text_lines(client: S3Client, uri: str) -> Iterator[str]:
    """Yield the lines of an object without holding it in memory; blank lines are left out."""
    # Not a URL parser: "?" and "#" are ordinary characters of an object key.
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    answer = client.get_object(Bucket=bucket, Key=key)
    for line in answer["Body"].iter_lines(chunk_size=256 * 1024):
        if line.strip():
            yield line.decode("utf-8")

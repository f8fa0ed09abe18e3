"""The files of a run, and of other owners of a folder, in the output bucket."""

from __future__ import annotations

import itertools
import json
from abc import ABC, abstractmethod
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError

from labeling_lambdas.aws import clients
from labeling_lambdas.domain.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

    from labeling_lambdas.settings import ArtifactSettings

#: Size of a part of a multipart upload. S3 accepts 10,000 parts, which is 80 GB.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_BLOCK_BYTES = 8 * 1024 * 1024

#: Error codes of a conditional write that found an object, or that conflicted with another write.
_WRITTEN_BY_ANOTHER = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class _Upload(TypedDict):
    """The parameters of an upload."""

    Bucket: str
    Key: str


@dataclass(eq=False, repr=False)
class Files(ABC):
    """The files in a folder of the output bucket.

    Attributes:
        client: S3.
        bucket: The output bucket.
        kms_key_arn: KMS key for all objects written. Each request names it because the bucket
            policy rejects other keys, including the bucket's default key.
    """

    client: S3Client
    bucket: str
    kms_key_arn: str

    @property
    @abstractmethod
    def folder(self) -> str:
        """The folder, without a slash at its end."""

    def uri(self, name: str) -> str:
        """Return the ``s3://`` address of a file."""
        return f"s3://{self.bucket}/{self._key(name)}"

    def _key(self, name: str) -> str:
        return f"{self.folder}/{name}"

    def write(self, name: str, value: object) -> None:
        """Write a value as JSON."""
        self.write_text(name, compact_json(value))

    def write_once(self, name: str, value: object) -> Any:  # noqa: ANN401 - whatever JSON was written
        """Write a value as JSON unless the file exists; return the content of the file.

        If several calls run at the same time, one writes, and the others return what it wrote.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
        """
        text = compact_json(value)
        try:
            self._put(name, text.encode(), IfNoneMatch="*")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _WRITTEN_BY_ANOTHER:
                raise
            return self.read(name)
        return json.loads(text)

    def write_lines(self, name: str, rows: Iterable[object]) -> None:
        """Write values as JSON lines. Use this for a shard, which is held in memory."""
        self.write_text(name, "".join(compact_json(row) + "\n" for row in rows))

    def write_text(self, name: str, text: str) -> None:
        """Write a text."""
        self.write_bytes(name, text.encode())

    def write_bytes(self, name: str, content: bytes) -> None:
        """Write the content of a file."""
        self._put(name, content)

    def _put(self, name: str, body: bytes, **condition: str) -> None:
        self.client.put_object(
            Bucket=self.bucket,
            Key=self._key(name),
            Body=body,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.kms_key_arn,
            **condition,  # type: ignore[arg-type]
        )

    def keep(self, uri: str, folder: str) -> str:
        """Copy an object of the output bucket to these files.

        Args:
            uri: The object. An object in another bucket is not copied.
            folder: Subfolder for the copy, which keeps the object's name.

        Returns:
            Address of the copy, or ``uri`` if nothing was copied.
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if bucket != self.bucket:
            return uri
        name = f"{folder}/{key.rpartition('/')[2]}"
        self.client.copy_object(
            Bucket=self.bucket,
            Key=self._key(name),
            CopySource={"Bucket": bucket, "Key": key},
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.kms_key_arn,
            # Copying the tags of the object would need additional permissions.
            TaggingDirective="REPLACE",
        )
        return self.uri(name)

    def write_stream(self, name: str, lines: Iterable[str]) -> None:
        """Write any number of lines, with only some megabytes in memory at a time.

        The texts of one job may be larger than a function's disk, so they do not pass through a
        file. The bucket's lifecycle rule removes the uploaded parts of a call that died.
        """
        blocks = _blocks(lines)
        first, second = next(blocks, b""), next(blocks, None)
        if second is None:
            self._put(name, first)
            return
        upload: _Upload = {"Bucket": self.bucket, "Key": self._key(name)}
        created = self.client.create_multipart_upload(
            **upload, ServerSideEncryption="aws:kms", SSEKMSKeyId=self.kms_key_arn
        )
        parts: list[CompletedPartTypeDef] = []
        for number, block in enumerate(itertools.chain((first, second), blocks), start=1):
            answer = self.client.upload_part(
                **upload, UploadId=created["UploadId"], PartNumber=number, Body=block
            )
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self.client.complete_multipart_upload(
            **upload, UploadId=created["UploadId"], MultipartUpload={"Parts": parts}
        )

    def read(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON was written
        """Return a JSON value."""
        return read_json(self.client, self.uri(name))

    def read_if_there(self, name: str) -> Any:  # noqa: ANN401 - whatever JSON was written
        """Return a JSON value, or None if the file does not exist."""
        try:
            return self.read(name)
        except ClientError as error:
            if not is_absent(self.client, self.uri(name), error):
                raise
            return None

    def read_lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a JSON lines file."""
        for text in read_text_lines(self.client, self.uri(name)):
            yield json.loads(text)

    def names(self, folder: str) -> list[str]:
        """Return the names of the files in a subfolder, sorted."""
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=self._key(folder)
        )
        start = len(self._key(""))
        return sorted(found["Key"][start:] for page in pages for found in page.get("Contents", []))


@dataclass(eq=False, repr=False)
class Artifacts(Files):
    """The files of one run.

    Attributes:
        run_id: The run.
    """

    run_id: str

    @classmethod
    def of(cls, settings: ArtifactSettings, run_id: str) -> Artifacts:
        """Return the files of a run in the output bucket that a function is configured with."""
        return cls(clients.s3(), settings.output_bucket, settings.kms_key_arn, run_id)

    @property
    def folder(self) -> str:
        """The folder, without a slash at its end."""
        return f"runs/{self.run_id}"


def _blocks(lines: Iterable[str]) -> Iterator[bytes]:
    held = bytearray()
    for line in lines:
        held += line.encode()
        if len(held) >= _BLOCK_BYTES:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def is_absent(client: S3Client, uri: str, error: ClientError) -> bool:
    """Return whether a read failed because the object does not exist.

    A caller whose list permission does not apply to the read gets 403 instead of 404. In that case
    the exact key is listed: the call either finds the object or names the missing permission.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html

    Args:
        client: S3.
        uri: The object.
        error: The error of the read.
    """
    code = error.response["Error"]["Code"]
    if code != "AccessDenied":
        return code == "NoSuchKey"
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    # The key itself is listed before all keys that begin with it.
    listed = client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return all(found["Key"] != key for found in listed.get("Contents", []))


def read_json(client: S3Client, uri: str) -> Any:  # noqa: ANN401 - whatever JSON was written
    """Return the JSON value in an object."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return json.loads(client.get_object(Bucket=bucket, Key=key)["Body"].read())


def read_text_lines(client: S3Client, uri: str) -> Iterator[str]:
    """Yield the lines of an object without holding it in memory, except for blank lines.

    Bytes that are not UTF-8 are replaced, so that one invalid line of a file does not stop the
    others.
    """
    # A URL parser does not work here: "?" and "#" are ordinary characters in an object key.
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    with closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
        for line in body.iter_lines(chunk_size=256 * 1024):
            if line.strip():
                yield line.decode("utf-8", errors="replace")

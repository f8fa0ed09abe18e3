"""The files of an offline store in S3, as PyIceberg and PyArrow read them."""

from __future__ import annotations

import io
from contextlib import closing
from typing import TYPE_CHECKING

from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile

if TYPE_CHECKING:
    from labelctl.connection import Client


class StoredFiles(FileIO):
    """Reads files with the client of the command, so that its errors are explained as others are.

    PyIceberg's own classes need a second library for S3, with credentials of its own.
    """

    def __init__(self, client: Client) -> None:
        """Take the client of S3."""
        super().__init__()
        self._client = client

    def new_input(self, location: str) -> InputFile:
        """Return a file to read."""
        return _StoredFile(location, self._client)

    def new_output(self, location: str) -> OutputFile:
        """Refuse to write: an export only reads the offline store.

        Raises:
            PermissionError: Always.
        """
        raise PermissionError(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Refuse to delete: an export only reads the offline store.

        Raises:
            PermissionError: Always.
        """
        raise PermissionError(location)


class _StoredFile(InputFile):
    def __init__(self, location: str, client: Client) -> None:
        super().__init__(location)
        self._client = client

    def __len__(self) -> int:
        return len(self.open().read())

    def exists(self) -> bool:
        return True

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002 - always seekable
        return io.BytesIO(read_object(self._client, self.location))


def read_object(client: Client, uri: str) -> bytes:
    """Return the content of an object.

    Args:
        client: S3.
        uri: Its ``s3://`` address.

    Raises:
        ClientError: If it cannot be read, or does not exist.
    """
    bucket, key = bucket_and_key(uri)
    with closing(client.get_object(Bucket=bucket, Key=key)["Body"]) as body:
        content: bytes = body.read()
    return content


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Split an ``s3://`` address into bucket and key."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key

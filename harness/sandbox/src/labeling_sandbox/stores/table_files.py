"""The files of a table of Iceberg in S3, for PyIceberg, which finds the class by its name."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream

if TYPE_CHECKING:
    from pyiceberg.typedef import Properties

_clients: dict[tuple[str, str], Any] = {}


class TableFiles(FileIO):
    """Files with the credentials that the catalog's properties have."""

    def __init__(self, properties: Properties) -> None:
        """Connect, or take the connection that these credentials have."""
        super().__init__(properties)
        key = (properties["s3.endpoint"], properties["s3.access-key-id"])
        if key not in _clients:
            _clients[key] = boto3.client(
                "s3",
                endpoint_url=properties["s3.endpoint"],
                region_name=properties["s3.region"],
                aws_access_key_id=properties["s3.access-key-id"],
                aws_secret_access_key=properties["s3.secret-access-key"],
                aws_session_token=properties.get("s3.session-token"),
            )
        self._client = _clients[key]

    def new_input(self, location: str) -> _Input:
        """Return a file to read."""
        return _Input(location, self._client)

    def new_output(self, location: str) -> _Output:
        """Return a file to write."""
        return _Output(location, self._client)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file."""
        path = location if isinstance(location, str) else location.location
        self._client.delete_object(**_place(path))


class _Input(InputFile):
    def __init__(self, location: str, client: Any) -> None:  # noqa: ANN401 - boto3 makes the type
        super().__init__(location)
        self._client = client

    def __len__(self) -> int:
        return int(self._client.head_object(**_place(self.location))["ContentLength"])

    def exists(self) -> bool:
        try:
            return len(self) >= 0
        except ClientError:
            return False

    def open(self, seekable: bool = True) -> InputStream:  # noqa: ARG002
        return io.BytesIO(self._client.get_object(**_place(self.location))["Body"].read())


class _Output(OutputFile):
    """A file to write; its size is known without a read, which Feature Store's role may not do."""

    def __init__(self, location: str, client: Any) -> None:  # noqa: ANN401 - boto3 makes the type
        super().__init__(location)
        self._client = client
        self._upload = _Upload(location, client)

    def __len__(self) -> int:
        return self._upload.size

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> _Input:
        return _Input(self.location, self._client)

    def create(self, overwrite: bool = False) -> OutputStream:  # noqa: ARG002 - of its class
        return self._upload


class _Upload(io.BytesIO):
    """Bytes that are put into their object when they are closed."""

    def __init__(self, location: str, client: Any) -> None:  # noqa: ANN401 - boto3 makes the type
        super().__init__()
        self._location, self._client = location, client
        self.size = 0

    def close(self) -> None:
        if not self.closed:
            self.size = len(self.getvalue())
            self._client.put_object(**_place(self._location), Body=self.getvalue())
        super().close()


def _place(location: str) -> dict[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}

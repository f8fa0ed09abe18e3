"""The objects that a labeling job reads and writes in S3 with the labeling role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.s3.models import FakeDeleteMarker, s3_backends
from moto.utilities.utils import get_partition

from labeling_sandbox.ground_truth.answers.task import Failure
from labeling_sandbox.ground_truth.labeling_inputs import InputError, split_uri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.iam.role_clients import Client
    from labeling_sandbox.server import Sandbox


class JobFiles:
    """The files of one job.

    Attributes:
        client: An S3 client that acts as the labeling role.
    """

    def __init__(self, sandbox: Sandbox, client: Client, request: Mapping[str, Any]) -> None:
        """Remember where the job's files are.

        Args:
            sandbox: The sandbox.
            client: An S3 client that acts as the labeling role.
            request: The members of the CreateLabelingJob request.
        """
        self.client = client
        self._output: Mapping[str, str] = request["OutputConfig"]
        self._name: str = request["LabelingJobName"]
        partition = get_partition(sandbox.region)
        self._buckets = s3_backends[sandbox.account][partition].buckets
        self._refusals: dict[tuple[str, str], str | None] = {}

    def load(self, uri: str, what: str = "source") -> bytes | Failure:
        """Load an object as a worker's browser does: its links are signed as the role.

        The role's permission is checked with the first object of each bucket: the sandbox serves
        some hundred requests per second, and a picture is loaded for each task.

        Args:
            uri: The object's address.
            what: The kind of the object. The permission is checked again for each kind.

        Returns:
            Its content, or why there is none.
        """
        try:
            bucket, key = split_uri(uri)
        except InputError as error:
            return Failure(str(error))
        if (bucket, what) not in self._refusals:
            self._refusals[bucket, what] = self._refusal(bucket, key)
        refusal = self._refusals[bucket, what]
        if refusal is not None:
            return Failure(f"ClientError: Unable to load {uri}: {refusal}")
        found = self._buckets[bucket].keys.get(key)
        if found is None or isinstance(found, FakeDeleteMarker):
            return Failure(f"ClientError: Unable to load {uri}: the object does not exist")
        content: bytes = found.value
        return content

    def put(self, path: str, body: bytes) -> str:
        """Write an output file of the job with the job's key.

        Args:
            path: Its path below the job's folder.
            body: Its content.

        Returns:
            Its address.
        """
        uri = output_address(self._output, self._name, path)
        bucket, key = split_uri(uri)
        key_id = self._output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}
        self.client.put_object(Bucket=bucket, Key=key, Body=body, **encryption)
        return uri

    def _refusal(self, bucket: str, key: str) -> str | None:
        try:
            self.client.get_object(Bucket=bucket, Key=key, Range="bytes=0-0")
        except ClientError as error:
            return None if error.response["Error"]["Code"] == "NoSuchKey" else str(error)
        return None


def output_address(output: Mapping[str, str], job_name: str, path: str) -> str:
    """Return the address of an output file.

    Args:
        output: The request's ``OutputConfig``.
        job_name: The labeling job.
        path: The file's path below the job's folder.
    """
    return f"{output['S3OutputPath'].rstrip('/')}/{job_name}/{path}"

"""S3: reading uploaded objects."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

    from labeling_lambdas.domain.items import SourceObject

_CHUNK_BYTES = 256 * 1024


@dataclass(eq=False, repr=False)
class Uploads:
    """Uploaded objects.

    Attributes:
        client: S3.
    """

    client: S3Client

    def chunks(self, source: SourceObject) -> Iterator[bytes]:
        """Yield the bytes of one version of an object, in chunks.

        Raises:
            ClientError: If the version cannot be read, or no longer exists.
        """
        answer = self.client.get_object(
            Bucket=source.bucket, Key=source.key, VersionId=source.version_id
        )
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(_CHUNK_BYTES)

"""What was uploaded: the items that an audit looks for."""

from __future__ import annotations

from dataclasses import dataclass

#: Bucket, key, version and line; the line is None for a whole object.
Source = tuple[str, str, str, int | None]


@dataclass(frozen=True)
class Upload:
    """One version of an object that was put into the upload bucket, or a line of it.

    Attributes:
        bucket: The upload bucket.
        key: The object's key.
        version_id: The version.
        line: Number of a text file's line, from 1; None for the whole object.
        text: What labelers are shown of it; None for a picture, or where it is not known.
    """

    bucket: str
    key: str
    version_id: str
    line: int | None = None
    text: str | None = None

    @property
    def uri(self) -> str:
        """The ``s3://`` address, the same for all versions."""
        whole = f"s3://{self.bucket}/{self.key}"
        return whole if self.line is None else f"{whole}#L{self.line}"

    @property
    def source(self) -> Source:
        """What ledger rows and messages name it by."""
        return (self.bucket, self.key, self.version_id, self.line)

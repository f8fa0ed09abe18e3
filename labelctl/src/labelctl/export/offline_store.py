"""The rows of a feature group's offline store, from its Parquet files in S3."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from pyarrow import parquet
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.expressions import AlwaysTrue
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.serializers import FromInputFile
from pyiceberg.table import FileScanTask, StaticTable

from labelctl.export.stored_files import StoredFiles, bucket_and_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labelctl.connection import Client, Connection

#: What Feature Store adds to each record.
_INVOKED, _WRITTEN, _DELETED = "api_invocation_time", "write_time", "is_deleted"
#: Files of a table that are read at a time: so many, and of so many bytes, unless one has more.
_FILES_AT_ONCE = 16
_BYTES_AT_ONCE = 32 * 1024 * 1024
_ROWS_AT_ONCE = 1000
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)?")
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Row:
    """A row of an offline store: one write of a record.

    Attributes:
        source_ref: The record's identifier.
        event_time: Its event time; texts of two times compare as the times do.
        invoked: When Feature Store was called, in the same form.
        deleted: Whether the call deleted the record.
        fields: The values of its columns, those without a value left out.
    """

    source_ref: str
    event_time: str
    invoked: str
    deleted: bool
    fields: Mapping[str, Any]


def read_rows(connection: Connection, group: str) -> Iterator[Row]:
    """Yield all rows of an offline store, in no particular order.

    Args:
        connection: The connection to AWS.
        group: Name of the feature group.

    Raises:
        ClientError: If something cannot be read.
        ValueError: If a time of a row has an unknown form.
    """
    described = connection.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    config = described["OfflineStoreConfig"]
    if config.get("TableFormat") == "Iceberg":
        rows = _rows_of_table(connection, config["DataCatalogConfig"])
    else:
        resolved = config["S3StorageConfig"]["ResolvedOutputS3Uri"]
        rows = _rows_of_files(connection.client("s3"), resolved)
    for fields in rows:
        yield _row(fields)


def comparable_time(value: object) -> str:
    """Return a time as a text; the texts of two times compare as the times do.

    Args:
        value: A time, or one of the texts that Feature Store accepts as event time: ISO 8601 in UTC
            with at most nine digits of a second, or Unix seconds.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return comparable_time(moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    text = str(value)
    found = _ISO_TIME.fullmatch(text)
    if found is None:
        seconds, _, fraction = text.partition(".")
        moment = datetime.fromtimestamp(int(seconds), UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:0<{_DIGITS}}"
    return f"{found[1]}T{found[2]}.{found[3] or '':0<{_DIGITS}}"


def _rows_of_table(connection: Connection, place: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    try:
        answer = connection.client("glue").get_table(
            DatabaseName=place["Database"], Name=place["TableName"]
        )
    except ClientError as error:
        if error.response["Error"]["Code"] == "EntityNotFoundException":
            return
        raise
    location = answer["Table"]["Parameters"]["metadata_location"]
    files = StoredFiles(connection.client("s3"))
    metadata = FromInputFile.table_metadata(files.new_input(location))
    identifier = (place["Database"], place["TableName"])
    table = StaticTable(identifier, metadata, location, files, NoopCatalog("export"))
    scan = table.scan()
    for tasks in _in_parts(scan.plan_files()):
        # A scan of all files would read those ahead that nobody has asked for yet.
        part = ArrowScan(metadata, files, scan.projection(), AlwaysTrue())
        for batch in part.to_record_batches(tasks):
            yield from batch.to_pylist()


def _in_parts(tasks: Iterable[FileScanTask]) -> Iterator[list[FileScanTask]]:
    part: list[FileScanTask] = []
    for task in tasks:
        size = sum(each.file.file_size_in_bytes for each in (*part, task))
        if part and (len(part) == _FILES_AT_ONCE or size > _BYTES_AT_ONCE):
            yield part
            part = []
        part.append(task)
    if part:
        yield part


def _rows_of_files(client: Client, resolved: str) -> Iterator[dict[str, Any]]:
    bucket, prefix = bucket_and_key(resolved)
    files = StoredFiles(client)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/")
    for page in pages:
        for entry in page.get("Contents", []):
            if not entry["Key"].endswith(".parquet"):
                continue
            with files.new_input(f"s3://{bucket}/{entry['Key']}").open() as opened:
                for batch in parquet.ParquetFile(opened).iter_batches(_ROWS_AT_ONCE):
                    yield from batch.to_pylist()


def _row(fields: dict[str, Any]) -> Row:
    invoked, deleted = fields.pop(_INVOKED, None), fields.pop(_DELETED, None)
    fields.pop(_WRITTEN, None)
    known = {name: value for name, value in fields.items() if value is not None}
    return Row(
        source_ref=str(known["source_ref"]),
        event_time=comparable_time(known["event_time"]),
        invoked="" if invoked is None else comparable_time(invoked),
        # AWS does not document the type of the column.
        deleted=str(deleted).lower() == "true",
        fields={name: _plain(value) for name, value in known.items()},
    )


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value

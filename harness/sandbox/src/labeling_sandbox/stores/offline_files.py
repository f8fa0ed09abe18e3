"""The files of offline stores: Parquet in S3, in folders of hours or in a table of Iceberg.

Formats and addresses: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html
"""

from __future__ import annotations

import io
import threading
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import TruncateTransform
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    IcebergType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from labeling_sandbox.iam import credentials
from labeling_sandbox.iam.role_clients import client_as
from labeling_sandbox.stores.table_files import TableFiles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.server import Sandbox
    from labeling_sandbox.stores.feature_records import FeatureGroup

_PRINCIPAL = "sagemaker.amazonaws.com"
_TYPES: Mapping[str, tuple[pa.DataType, IcebergType]] = {
    "String": (pa.string(), StringType()),
    "Integral": (pa.int64(), LongType()),
    "Fractional": (pa.float64(), DoubleType()),
    "Time": (pa.timestamp("us", tz="UTC"), TimestamptzType()),
    "Boolean": (pa.bool_(), BooleanType()),
}
#: What Feature Store adds to each record.
_ADDED = {"api_invocation_time": "Time", "write_time": "Time", "is_deleted": "Boolean"}
#: Characters of an event time that name its day, the partition of a table of Iceberg.
_DAY = len("2026-01-02")
_writing = threading.Lock()


def write_files(sandbox: Sandbox, group: FeatureGroup) -> int:
    """Write what is buffered to the files of a group's offline store, with the group's role.

    AWS does this within 15 minutes of a write. The sandbox does it when it is asked, so that no
    test has to wait.

    Args:
        sandbox: The sandbox.
        group: The feature group. What its role may not write stays buffered.

    Returns:
        The number of rows that were written.

    Raises:
        ClientError: The role may not write, or there is nothing to write to.
        PermissionError: The role is gone, or does not trust SageMaker.
    """
    with _writing:
        rows = group.buffered()
        if rows:
            _Writer(sandbox, group).write(rows)
            group.count_written(len(rows))
    return len(rows)


class _Catalog(GlueCatalog):
    """The catalog, asked for tables only: Feature Store's role may not describe databases."""

    def _is_s3tables_database(self, database_name: str) -> bool:  # noqa: ARG002 - its caller's
        return False


class _Writer:
    """Writes the files of one group."""

    def __init__(self, sandbox: Sandbox, group: FeatureGroup) -> None:
        self._sandbox = sandbox
        self._config = group.description["OfflineStoreConfig"]
        self._role = str(group.description["RoleArn"])
        self._time = str(group.description["EventTimeFeatureName"])
        self._features = {**group.rules.features, **_ADDED}

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Write rows, each a value for each feature that the record has."""
        table = self._table(rows)
        if self._config["TableFormat"] == "Iceberg":
            self._append(table)
        else:
            self._put_by_hour(table)

    def _table(self, rows: list[dict[str, Any]]) -> pa.Table:
        now = datetime.now(UTC)
        columns = {
            name: [self._value(name, {**row, "write_time": now}.get(name)) for row in rows]
            for name in self._features
        }
        fields = [pa.field(name, _TYPES[kind][0]) for name, kind in self._features.items()]
        return pa.Table.from_pydict(columns, schema=pa.schema(fields))

    def _value(self, name: str, value: Any) -> Any:  # noqa: ANN401 - a feature of any type
        if not isinstance(value, str):
            return value
        match self._features[name]:
            case "Integral":
                return int(value)
            case "Fractional":
                return float(value)
            case "Time":
                return datetime.fromisoformat(value)
            case _:
                return value

    def _put_by_hour(self, table: pa.Table) -> None:
        hours = defaultdict(list)
        for position, text in enumerate(table.column(self._time).to_pylist()):
            hours[_event_time(text).replace(minute=0, second=0, microsecond=0)].append(position)
        bucket, _, prefix = self._resolved.removeprefix("s3://").partition("/")
        client = client_as(self._sandbox, "s3", self._role, _PRINCIPAL)
        for hour, positions in hours.items():
            part = table.take(positions)
            newest = max(_event_time(text) for text in part.column(self._time).to_pylist())
            body = io.BytesIO()
            parquet.write_table(part, body)
            folder = f"year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}"
            name = f"{newest:%Y%m%dT%H%M%SZ}_{uuid.uuid4().hex[:16]}.parquet"
            client.put_object(Bucket=bucket, Key=f"{prefix}/{folder}/{name}", Body=body.getvalue())

    def _append(self, table: pa.Table) -> None:
        place = self._config["DataCatalogConfig"]
        identifier = (place["Database"], place["TableName"])
        glue = client_as(self._sandbox, "glue", self._role, _PRINCIPAL)
        held = credentials.assume(self._role, "sagemaker")
        catalog = self._catalog(
            glue, held.access_key_id, held.secret_access_key, held.session_token
        )
        try:
            found = catalog.load_table(identifier)
        except NoSuchTableError:
            self._create(identifier)
            found = catalog.load_table(identifier)
        found.append(table.cast(found.schema().as_arrow()))

    def _create(self, identifier: tuple[str, str]) -> None:
        """Create the table as the creator of the group, whose permissions AWS uses for it."""
        fields = [
            NestedField(number, name, _TYPES[kind][1], required=False)
            for number, (name, kind) in enumerate(self._features.items(), 1)
        ]
        time = next(field.field_id for field in fields if field.name == self._time)
        day = PartitionField(time, 1000, TruncateTransform(_DAY), f"{self._time}_trunc")
        administrator = self._catalog(self._sandbox.client("glue"), "test", "test", "")
        administrator.create_namespace_if_not_exists(identifier[0])
        administrator.create_table(
            identifier,
            Schema(*fields),
            location=self._resolved.removesuffix("/data"),
            partition_spec=PartitionSpec(day),
        )

    def _catalog(self, glue: Any, key_id: str, secret: str, token: str) -> _Catalog:  # noqa: ANN401
        places = {
            "py-io-impl": f"{TableFiles.__module__}.{TableFiles.__name__}",
            "s3.endpoint": self._sandbox.endpoint,
            "s3.region": self._sandbox.region,
            "s3.access-key-id": key_id,
            "s3.secret-access-key": secret,
        }
        return _Catalog(
            "sandbox", client=glue, **places, **({"s3.session-token": token} if token else {})
        )

    @property
    def _resolved(self) -> str:
        return str(self._config["S3StorageConfig"]["ResolvedOutputS3Uri"])


def _event_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)

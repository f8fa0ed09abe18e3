"""The offline store's files hold what was written, under the addresses that AWS documents."""

from __future__ import annotations

import io
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest
from pyarrow import parquet
from pyiceberg.catalog.glue import GlueCatalog

from tests.sandbox.resources import control, make_role, put_policy
from tests.sandbox.test_feature_store import group_request, record

if TYPE_CHECKING:
    from pyiceberg.table import Table

    from labeling_sandbox.server import Sandbox


def make_group(sandbox: Sandbox, table_format: str, *statements: dict[str, Any]) -> str:
    """Create a bucket, a role and a group; return the name that all of them have."""
    name = f"offline-{uuid.uuid4().hex[:8]}"
    sandbox.client("s3").create_bucket(Bucket=name)
    role = make_role(sandbox, name, "sagemaker.amazonaws.com", *statements)
    storage = {"S3StorageConfig": {"S3Uri": f"s3://{name}/offline-store"}}
    offline = {**storage, "TableFormat": table_format}
    request = group_request(name, role, OfflineStoreConfig=offline)
    sandbox.client("sagemaker").create_feature_group(**request)
    return name


def write(sandbox: Sandbox, name: str, *records: list[dict[str, str]]) -> None:
    for values in records:
        sandbox.client("sagemaker-featurestore-runtime").put_record(
            FeatureGroupName=name, Record=values
        )


def write_files(sandbox: Sandbox, name: str) -> int:
    """Let Feature Store write what it buffers for a group; return the number of rows."""
    return int(control(sandbox, "POST", f"records/{name}/write-files", {})["rows"])


def keys(sandbox: Sandbox, bucket: str) -> list[str]:
    listed = sandbox.client("s3").list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def iceberg_table(sandbox: Sandbox, name: str) -> Table:
    """Return the Iceberg table of a feature group's offline store."""
    described = sandbox.client("sagemaker").describe_feature_group(FeatureGroupName=name)
    place = described["OfflineStoreConfig"]["DataCatalogConfig"]
    catalog = GlueCatalog(
        "test",
        client=sandbox.client("glue"),
        **{
            "py-io-impl": "labeling_sandbox.stores.table_files.TableFiles",
            "s3.access-key-id": "test",
            "s3.endpoint": sandbox.endpoint,
            "s3.region": sandbox.region,
            "s3.secret-access-key": "test",
        },
    )
    return catalog.load_table((place["Database"], place["TableName"]))


def iceberg_rows(sandbox: Sandbox, name: str) -> list[dict[str, Any]]:
    found = iceberg_table(sandbox, name)
    rows: list[dict[str, Any]] = found.scan().to_arrow().to_pylist()
    return rows


def test_an_iceberg_table_has_each_write_once(sandbox: Sandbox) -> None:
    name = make_group(sandbox, "Iceberg")
    write(sandbox, name, record(confidence="0.5"), record("s3://b/2.png", attempts="2"))
    assert keys(sandbox, name) == []
    assert write_files(sandbox, name) == 2
    write(sandbox, name, record())
    write_files(sandbox, name)
    rows = iceberg_rows(sandbox, name)
    assert sorted(row["source_ref"] for row in rows) == ["s3://b/1.png"] * 2 + ["s3://b/2.png"]
    assert {row["confidence"] for row in rows} == {0.5, None}
    assert {row["attempts"] for row in rows} == {2, None}
    assert not any(row["is_deleted"] for row in rows)
    assert all(row["write_time"] >= row["api_invocation_time"] for row in rows)
    assert any("/data/event_time_trunc=2026-01-02/" in key for key in keys(sandbox, name))


def test_files_in_glue_format_are_in_folders_of_hours(sandbox: Sandbox) -> None:
    name = make_group(sandbox, "Glue")
    write(sandbox, name, record(), record("s3://b/2.png", "2026-01-02T04:59:59Z"))
    sandbox.client("sagemaker-featurestore-runtime").delete_record(
        FeatureGroupName=name,
        RecordIdentifierValueAsString="s3://b/2.png",
        EventTime="2026-01-02T04:59:59Z",
    )
    write_files(sandbox, name)
    earlier, later = sorted(keys(sandbox, name))
    assert re.search(r"/data/year=2026/month=01/day=02/hour=03/20260102T030405Z_\w{16}", earlier)
    assert "/hour=04/20260102T045959Z_" in later
    body = sandbox.client("s3").get_object(Bucket=name, Key=later)["Body"].read()
    rows = parquet.read_table(io.BytesIO(body)).to_pylist()
    assert [row["is_deleted"] for row in rows] == [False, True]


@pytest.mark.parametrize("missing", ["glue:UpdateTable", "s3:GetObject", "s3:PutObject"])
def test_the_role_of_the_group_writes_the_table(sandbox: Sandbox, missing: str) -> None:
    # As the module has it: the role reads the metadata of the table, but no record.
    allowed = [
        {"Effect": "Allow", "Action": [action], "Resource": resource}
        for action, resource in {
            "glue:GetTable": "*",
            "glue:UpdateTable": "*",
            "s3:GetObject": "arn:aws:s3:::*/offline-store/*/metadata/*",
            "s3:PutObject": "arn:aws:s3:::*/offline-store/*",
        }.items()
    ]
    name = make_group(sandbox, "Iceberg", *allowed)
    write(sandbox, name, record())
    write_files(sandbox, name)
    put_policy(sandbox, name, *(entry for entry in allowed if entry["Action"] != [missing]))
    write(sandbox, name, record())
    with pytest.raises(HTTPError) as refused:
        write_files(sandbox, name)
    with refused.value as answer:
        assert f"not authorized to perform: {missing}" in answer.read().decode()
    put_policy(sandbox, name, *allowed)
    assert write_files(sandbox, name) == 1


def test_a_group_without_its_role_is_named_and_leaves_other_groups_alone(sandbox: Sandbox) -> None:
    broken, whole = make_group(sandbox, "Glue"), make_group(sandbox, "Glue")
    for name in (broken, whole):
        write(sandbox, name, record())
    iam = sandbox.client("iam")
    for policy in iam.list_role_policies(RoleName=broken)["PolicyNames"]:
        iam.delete_role_policy(RoleName=broken, PolicyName=policy)
    iam.delete_role(RoleName=broken)
    with pytest.raises(HTTPError, match="400") as refused:
        write_files(sandbox, broken)
    with refused.value as answer:
        assert f"role/{broken} cannot be assumed" in answer.read().decode()
    assert write_files(sandbox, whole) == 1

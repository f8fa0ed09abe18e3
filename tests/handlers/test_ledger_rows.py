"""Rows of the ledger are read by as many calls as DynamoDB wants, and never half."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from labeling_lambdas.aws import item_rows
from labeling_lambdas.aws.item_rows import read_rows
from labeling_lambdas.errors import LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient

KEYS = ["ITEM#1", "ITEM#2", "ITEM#3"]


def request(*keys: str) -> dict[str, object]:
    return {"ledger": {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}}


def row(key: str) -> dict[str, object]:
    return {"pk": {"S": key}, "run_id": {"S": "r"}}


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[DynamoDBClient, Stubber]]:
    monkeypatch.setattr(item_rows, "_BASE_DELAY_SECONDS", 0)
    client = boto3.client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
    )
    with Stubber(client) as stub:
        yield client, stub


def test_what_one_call_leaves_out_the_next_one_reads(
    stubbed: tuple[DynamoDBClient, Stubber],
) -> None:
    client, stub = stubbed
    stub.add_response(
        "batch_get_item",
        {"Responses": {"ledger": [row(KEYS[1])]}, "UnprocessedKeys": request(KEYS[0], KEYS[2])},
        {"RequestItems": request(*KEYS)},
    )
    stub.add_response(
        "batch_get_item",
        # The third row does not exist.
        {"Responses": {"ledger": [row(KEYS[0])]}, "UnprocessedKeys": {}},
        {"RequestItems": request(KEYS[0], KEYS[2])},
    )
    assert read_rows(client, "ledger", KEYS) == {
        key: {"pk": key, "run_id": "r"} for key in (KEYS[1], KEYS[0])
    }
    stub.assert_no_pending_responses()


def test_rows_that_are_never_given_are_not_taken_for_absent(
    stubbed: tuple[DynamoDBClient, Stubber],
) -> None:
    client, stub = stubbed
    for _ in range(item_rows._BATCH_READ_ROUNDS):
        stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": request(*KEYS)})
    with pytest.raises(LedgerConflictError, match="3 ledger rows could not be read in 7 rounds"):
        read_rows(client, "ledger", KEYS)

"""Transactions are all or nothing, and conditional writes are atomic."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


@pytest.fixture(scope="module")
def table(sandbox: Sandbox) -> str:
    sandbox.client("dynamodb").create_table(
        TableName="ledger-test",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return "ledger-test"


def _put(table: str, key: str, condition: str | None = None, **more: Any) -> dict[str, Any]:
    put = {"TableName": table, "Item": {"pk": {"S": key}, "n": {"N": "1"}}, **more}
    if condition:
        put["ConditionExpression"] = condition
    return {"Put": put}


def _item(sandbox: Sandbox, table: str, key: str) -> dict[str, Any] | None:
    answer = sandbox.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True
    )
    item: dict[str, Any] | None = answer.get("Item")
    return item


def test_every_kind_of_action_in_one_transaction(sandbox: Sandbox, table: str) -> None:
    client = sandbox.client("dynamodb")
    for key in ("kinds-delete", "kinds-update", "kinds-check"):
        client.put_item(TableName=table, Item={"pk": {"S": key}, "n": {"N": "5"}})
    client.transact_write_items(
        TransactItems=[
            _put(table, "kinds-put", "attribute_not_exists(pk)"),
            {"Delete": {"TableName": table, "Key": {"pk": {"S": "kinds-delete"}}}},
            {
                "Update": {
                    "TableName": table,
                    "Key": {"pk": {"S": "kinds-update"}},
                    "UpdateExpression": "SET #n = #n + :one ADD tags :tag",
                    "ConditionExpression": "#n = :five",
                    "ExpressionAttributeNames": {"#n": "n"},
                    "ExpressionAttributeValues": {
                        ":one": {"N": "1"},
                        ":five": {"N": "5"},
                        ":tag": {"SS": ["t"]},
                    },
                }
            },
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": {"pk": {"S": "kinds-check"}},
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
        ]
    )
    assert _item(sandbox, table, "kinds-put") is not None
    assert _item(sandbox, table, "kinds-delete") is None
    updated = _item(sandbox, table, "kinds-update")
    assert updated == {"pk": {"S": "kinds-update"}, "n": {"N": "6"}, "tags": {"SS": ["t"]}}


def test_one_failed_condition_cancels_everything_and_shows_the_item(
    sandbox: Sandbox, table: str
) -> None:
    client = sandbox.client("dynamodb")
    client.put_item(TableName=table, Item={"pk": {"S": "taken"}, "owner": {"S": "other"}})
    with pytest.raises(ClientError) as cancelled:
        client.transact_write_items(
            TransactItems=[
                _put(table, "free"),
                _put(
                    table,
                    "taken",
                    "attribute_not_exists(pk)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                ),
            ]
        )
    response = cancelled.value.response
    assert response["Error"]["Code"] == "TransactionCanceledException"
    reasons = response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert reasons[1]["Item"] == {"pk": {"S": "taken"}, "owner": {"S": "other"}}
    assert _item(sandbox, table, "free") is None


def test_an_action_that_fails_while_applied_rolls_back_the_others(
    sandbox: Sandbox, table: str
) -> None:
    client = sandbox.client("dynamodb")
    client.put_item(TableName=table, Item={"pk": {"S": "text"}, "n": {"S": "no number"}})
    client.put_item(TableName=table, Item={"pk": {"S": "kept"}, "n": {"N": "7"}})
    add = {
        "UpdateExpression": "SET n = n + :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    with pytest.raises(ClientError) as cancelled:
        client.transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, "Key": {"pk": {"S": "kept"}}, **add}},
                {"Update": {"TableName": table, "Key": {"pk": {"S": "text"}}, **add}},
            ]
        )
    assert cancelled.value.response["Error"]["Code"] == "TransactionCanceledException"
    kept = _item(sandbox, table, "kept")
    assert kept == {"pk": {"S": "kept"}, "n": {"N": "7"}}


@pytest.mark.parametrize("count", [101, 2])
def test_too_many_actions_or_two_on_one_item_are_invalid(
    sandbox: Sandbox, table: str, count: int
) -> None:
    keys = [f"many-{index}" for index in range(count)] if count > 100 else ["same", "same"]
    with pytest.raises(ClientError) as refused:
        sandbox.client("dynamodb").transact_write_items(
            TransactItems=[_put(table, key) for key in keys]
        )
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert _item(sandbox, table, keys[0]) is None


def test_hundred_actions_are_possible(sandbox: Sandbox, table: str) -> None:
    keys = [f"hundred-{index}" for index in range(100)]
    sandbox.client("dynamodb").transact_write_items(
        TransactItems=[_put(table, key) for key in keys]
    )
    assert all(_item(sandbox, table, key) for key in (keys[0], keys[-1]))


def test_client_request_token_repeats_nothing(sandbox: Sandbox, table: str) -> None:
    client = sandbox.client("dynamodb")
    actions = [_put(table, "token", "attribute_not_exists(pk)")]
    client.transact_write_items(TransactItems=actions, ClientRequestToken="token-1")
    client.transact_write_items(TransactItems=actions, ClientRequestToken="token-1")
    with pytest.raises(ClientError) as refused:
        client.transact_write_items(
            TransactItems=[_put(table, "token-other")], ClientRequestToken="token-1"
        )
    assert refused.value.response["Error"]["Code"] == "IdempotentParameterMismatchException"


def test_exactly_one_of_many_claimants_wins(sandbox: Sandbox, table: str) -> None:
    outcomes: list[str] = []

    def claim() -> None:
        client = sandbox.client("dynamodb")
        for index in range(20):
            try:
                client.transact_write_items(
                    TransactItems=[_put(table, f"claim-{index}", "attribute_not_exists(pk)")]
                )
                outcomes.append("won")
            except client.exceptions.TransactionCanceledException:
                outcomes.append("lost")

    workers = [threading.Thread(target=claim) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert (outcomes.count("won"), outcomes.count("lost")) == (20, 60)


def test_cancelled_transaction_leaves_the_writes_of_others(sandbox: Sandbox, table: str) -> None:
    client = sandbox.client("dynamodb")
    client.put_item(TableName=table, Item={"pk": {"S": "blocker"}})
    stop = threading.Event()

    def cancel() -> None:
        mine = sandbox.client("dynamodb")
        while not stop.is_set():
            with pytest.raises(mine.exceptions.TransactionCanceledException):
                mine.transact_write_items(
                    TransactItems=[
                        _put(table, "never"),
                        _put(table, "blocker", "attribute_not_exists(pk)"),
                    ]
                )

    worker = threading.Thread(target=cancel)
    worker.start()
    for index in range(50):
        client.update_item(
            TableName=table,
            Key={"pk": {"S": "counter"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        client.put_item(TableName=table, Item={"pk": {"S": f"others-{index}"}})
    stop.set()
    worker.join(10)
    counter = _item(sandbox, table, "counter")
    assert counter is not None
    assert counter["n"] == {"N": "50"}
    assert all(_item(sandbox, table, f"others-{index}") for index in range(50))

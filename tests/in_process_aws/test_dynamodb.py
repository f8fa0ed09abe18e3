"""Conditional writes, atomic transactions, and batches with unprocessed keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import AccountPlace, code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import Place

VALUES = {":one": {"N": "1"}, ":two": {"N": "2"}, ":a": {"S": "a"}}


def _update(key: str, update: str, condition: str = "", **more: Any) -> dict[str, Any]:
    used = {name: value for name, value in VALUES.items() if name in f"{update} {condition}"}
    return {
        "Key": {"pk": {"S": key}},
        "UpdateExpression": update,
        **({"ConditionExpression": condition} if condition else {}),
        **({"ExpressionAttributeValues": used} if used else {}),
        **more,
    }


def _row(place: Place, table: str, key: str = "row") -> dict[str, Any]:
    answer = place.client("dynamodb").get_item(
        TableName=table, Key={"pk": {"S": key}}, ConsistentRead=True
    )
    found: dict[str, Any] = answer.get("Item", {})
    return found


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("attribute_not_exists(pk)", False),
        ("attribute_exists(pk)", True),
        ("amount = :two", True),
        ("amount = :one", False),
        ("amount <> :one", True),
        ("amount < :one", False),
        ("amount <= :two AND amount >= :two", True),
        ("amount BETWEEN :one AND :two", True),
        ("amount IN (:one, :a)", False),
        ("amount = :a", False),
        ("absent = :a", False),
        ("absent <> :a", True),
        ("absent < :one", False),
        ("NOT absent = :a", True),
        ("amount = :one OR word = :a", True),
        ("amount = :one OR word = :a AND absent = :a", False),
        ("(amount = :one OR word = :a) AND amount = :two", True),
        ("begins_with(word, :a)", True),
        ("contains(words, :a)", True),
        ("contains(words, :one)", False),
        ("size(word) = :one", True),
        ("nested.parts[1] = :two", True),
        ("nested.parts[2] = :two", False),
    ],
)
def test_a_condition_decides_whether_a_row_is_written(
    place: Place, condition: str, holds: bool
) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    row: dict[str, Any] = {
        "pk": {"S": "row"},
        "amount": {"N": "2"},
        "word": {"S": "a"},
        "words": {"SS": ["a", "b"]},
        "nested": {"M": {"parts": {"L": [{"N": "1"}, {"N": "2"}]}}},
    }
    dynamodb.put_item(TableName=table, Item=row)
    request = _update("row", "SET written = :one", condition)
    if holds:
        dynamodb.update_item(TableName=table, **request)
    else:
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(TableName=table, **request)
    assert ("written" in _row(place, table)) is holds


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        ("SET amount = :one", {"amount": {"N": "1"}}),
        ("SET amount = amount + :one", {"amount": {"N": "3"}}),
        ("SET amount = if_not_exists(amount, :one)", {"amount": {"N": "2"}}),
        (
            "SET second_one = if_not_exists(second_one, :one)",
            {"amount": {"N": "2"}, "second_one": {"N": "1"}},
        ),
        (
            "SET second_one = amount, amount = :one",
            {"amount": {"N": "1"}, "second_one": {"N": "2"}},
        ),
        ("ADD amount :two", {"amount": {"N": "4"}}),
        ("ADD second_one :two", {"amount": {"N": "2"}, "second_one": {"N": "2"}}),
        ("REMOVE amount", {}),
        ("SET second_one = :a REMOVE amount, absent", {"second_one": {"S": "a"}}),
    ],
)
def test_an_update_changes_what_it_names(
    place: Place, update: str, expected: dict[str, Any]
) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "row"}, "amount": {"N": "2"}})
    dynamodb.update_item(TableName=table, **_update("row", update))
    assert _row(place, table) == {"pk": {"S": "row"}, **expected}


def test_a_set_grows_and_shrinks_and_goes_with_its_last_element(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")

    def change(update: str, *elements: str) -> None:
        dynamodb.update_item(
            TableName=table,
            Key={"pk": {"S": "row"}},
            UpdateExpression=update,
            ExpressionAttributeValues={":set": {"SS": list(elements)}},
        )

    change("ADD runs :set", "one", "two")
    change("ADD runs :set", "two", "three")
    assert sorted(_row(place, table)["runs"]["SS"]) == ["one", "three", "two"]
    change("DELETE runs :set", "one", "absent")
    assert sorted(_row(place, table)["runs"]["SS"]) == ["three", "two"]
    change("DELETE runs :set", "two", "three")
    assert _row(place, table) == {"pk": {"S": "row"}}


@pytest.mark.parametrize(
    "request_",
    [
        _update("row", "SET bucket = :a"),
        _update("row", "SET pk = :a"),
        _update("row", "SET amount = :absent"),
        _update("row", "SET amount = :one SET second_one = :two"),
        _update("row", "SET amount = :one, amount = :two"),
        _update("row", "SET amount = absent"),
        _update("row", "SET amount = :one", "amount = "),
        _update("row", "SET amount = :one") | {"ExpressionAttributeValues": VALUES},
        _update("row", "SET #unknown = :one"),
        _update("", "SET amount = :one"),
    ],
)
def test_an_expression_that_is_wrong_is_refused(
    account_place: AccountPlace, request_: dict[str, Any]
) -> None:
    table = account_place.new_table()
    with pytest.raises(ClientError) as refused:
        account_place.client("dynamodb").update_item(TableName=table, **request_)
    assert code_of(refused) == "ValidationException"
    assert account_place.account.dynamodb.rows(table) == {}


def test_a_refused_update_shows_the_row_if_asked(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "row"}, "amount": {"N": "2"}})
    with pytest.raises(ClientError) as refused:
        dynamodb.update_item(
            TableName=table,
            **_update("row", "SET amount = :one", "amount = :one"),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    response: Any = refused.value.response
    assert response["Item"] == {"pk": {"S": "row"}, "amount": {"N": "2"}}


def test_a_cancelled_transaction_writes_nothing_and_says_why_for_each_action(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "there"}, "amount": {"N": "2"}})
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as cancelled:
        dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": table,
                        **_update(key, "SET amount = :one", "attribute_not_exists(pk)"),
                        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                    }
                }
                for key in ("new", "there", "newer")
            ]
        )
    first, second, third = cancelled.value.response["CancellationReasons"]
    assert (first["Code"], second["Code"], third["Code"]) == (
        "None",
        "ConditionalCheckFailed",
        "None",
    )
    assert second["Item"] == {"pk": {"S": "there"}, "amount": {"N": "2"}}
    assert "Item" not in first
    assert _row(place, table, "new") == {}
    assert _row(place, table, "there")["amount"] == {"N": "2"}


def test_a_transaction_puts_updates_deletes_and_checks(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    for key in ("gone", "checked"):
        dynamodb.put_item(TableName=table, Item={"pk": {"S": key}})
    exists = {"ConditionExpression": "attribute_exists(pk)"}
    dynamodb.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": table, "Item": {"pk": {"S": "put"}}}},
            {"Update": {"TableName": table, **_update("made", "SET amount = :one")}},
            {"Delete": {"TableName": table, "Key": {"pk": {"S": "gone"}}, **exists}},
            {"ConditionCheck": {"TableName": table, "Key": {"pk": {"S": "checked"}}, **exists}},
        ]
    )
    keys = [item["pk"]["S"] for item in dynamodb.scan(TableName=table)["Items"]]
    assert sorted(keys) == ["checked", "made", "put"]


def test_a_transaction_names_no_row_twice_and_has_at_most_100_actions(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")

    def transact(keys: list[str]) -> None:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, **_update(key, "SET amount = :one")}}
                for key in keys
            ]
        )

    with pytest.raises(ClientError) as refused:
        transact(["same", "same"])
    assert code_of(refused) == "ValidationException"
    with pytest.raises(ClientError) as refused:
        transact([str(number) for number in range(101)])
    assert code_of(refused) == "ValidationException"
    transact([str(number) for number in range(100)])
    assert dynamodb.scan(TableName=table)["Count"] == 100


def test_a_batch_reads_up_to_100_rows_and_leaves_absent_ones_out(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "1"}})

    def read(keys: list[str]) -> Any:
        wanted = {"Keys": [{"pk": {"S": key}} for key in keys], "ConsistentRead": True}
        return dynamodb.batch_get_item(RequestItems={table: wanted})

    answer = read([str(number) for number in range(100)])
    assert answer["Responses"] == {table: [{"pk": {"S": "1"}}]}
    assert not answer["UnprocessedKeys"]
    for keys in ([str(number) for number in range(101)], ["same", "same"]):
        with pytest.raises(ClientError) as refused:
            read(keys)
        assert code_of(refused) == "ValidationException"


def test_a_repeated_token_applies_a_transaction_once(place: Place) -> None:
    table, dynamodb = place.new_table(), place.client("dynamodb")

    def add(amount: str) -> None:
        update = {"TableName": table, **_update("row", f"ADD amount {amount}")}
        dynamodb.transact_write_items(
            TransactItems=[{"Update": update}], ClientRequestToken=f"token-{table}"[:36]
        )

    add(":one")
    add(":one")
    assert _row(place, table)["amount"] == {"N": "1"}
    with pytest.raises(ClientError) as refused:
        add(":two")
    assert code_of(refused) == "IdempotentParameterMismatchException"


# Behaviour of the in-process account only.


def test_values_of_two_types_have_no_order(account_place: AccountPlace) -> None:
    table, dynamodb = account_place.new_table(), account_place.client("dynamodb")
    account_place.account.dynamodb.put_rows(table, {"pk": "row", "amount": 2})
    for comparison in ("<", "<=", ">", ">="):
        request = _update("row", "SET written = :a", f"amount {comparison} :a")
        with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(TableName=table, **request)


def test_keys_of_a_batch_stay_unprocessed_on_request(
    account: Account, account_place: AccountPlace
) -> None:
    table = account_place.new_table()
    account.dynamodb.put_rows(table, *({"pk": key} for key in "abc"))
    account.dynamodb.unprocessed = lambda keys: range(1, len(keys))
    wanted = {"Keys": [{"pk": {"S": key}} for key in "abc"], "ConsistentRead": True}
    answer = account.client("dynamodb").batch_get_item(RequestItems={table: wanted})
    assert answer["Responses"] == {table: [{"pk": {"S": "a"}}]}
    assert answer["UnprocessedKeys"] == {
        table: {"Keys": [{"pk": {"S": "b"}}, {"pk": {"S": "c"}}], "ConsistentRead": True}
    }


def test_a_read_that_is_not_consistent_may_be_late(account: Account) -> None:
    account.dynamodb.create_table("late", stale_reads=True)
    dynamodb, key = account.client("dynamodb"), {"pk": {"S": "row"}}
    dynamodb.update_item(TableName="late", **_update("row", "SET amount = :one"))
    assert "Item" not in dynamodb.get_item(TableName="late", Key=key)
    assert "Item" in dynamodb.get_item(TableName="late", Key=key, ConsistentRead=True)


def test_a_row_has_at_most_400_kib(account: Account, account_place: AccountPlace) -> None:
    table, dynamodb = account_place.new_table(), account.client("dynamodb")
    rest = 400 * 1024 - len("pk") - len("row") - len("text")
    dynamodb.put_item(TableName=table, Item={"pk": {"S": "row"}, "text": {"S": "t" * rest}})
    with pytest.raises(ClientError) as refused:
        dynamodb.put_item(
            TableName=table, Item={"pk": {"S": "row"}, "text": {"S": "t" * (rest + 1)}}
        )
    assert code_of(refused) == "ValidationException"


def test_a_row_that_was_read_does_not_change_with_the_table(
    account: Account, account_place: AccountPlace
) -> None:
    table, dynamodb = account_place.new_table(), account.client("dynamodb")
    account.dynamodb.put_rows(table, {"pk": "row", "nested": {"amount": 2}})
    before = account.dynamodb.rows(table)
    dynamodb.update_item(TableName=table, **_update("row", "SET nested.amount = :one"))
    assert before["row"]["nested"] == {"amount": 2}
    assert account.dynamodb.row(table, "row") == {"pk": "row", "nested": {"amount": 1}}

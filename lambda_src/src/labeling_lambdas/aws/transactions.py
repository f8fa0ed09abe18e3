"""DynamoDB transactions that return the cancellation reason of each action.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas import process
from labeling_lambdas.aws.attribute_values import encode, plain
from labeling_lambdas.errors import LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

#: TransactWriteItems accepts up to 100 actions, at most one per item.
MAX_ACTIONS = 100

#: Cancellation reasons that do not concern the condition: the same transaction may succeed later.
_PASSING_REASONS = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
)
_ROUNDS = 8
_BASE_DELAY_SECONDS = 0.05


class Update(NamedTuple):
    """A conditional update of one row.

    Attributes:
        key: Value of ``pk``.
        update: Update expression.
        condition: Condition expression, empty for none.
        values: Values of the expressions' placeholders, without the colon.
        names: Attribute names that are reserved words, by their placeholders without the number
            sign.
    """

    key: str
    update: str
    condition: str
    values: Mapping[str, Any]
    names: Mapping[str, str] | None = None

    def request(self, table: str) -> dict[str, Any]:
        """Return the update as request parameters for UpdateItem and for a transaction."""
        request: dict[str, Any] = {
            "TableName": table,
            "Key": {"pk": {"S": self.key}},
            "UpdateExpression": self.update,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if self.condition:
            request["ConditionExpression"] = self.condition
        if self.names:
            request["ExpressionAttributeNames"] = {
                f"#{placeholder}": name for placeholder, name in self.names.items()
            }
        if self.values:
            request["ExpressionAttributeValues"] = {
                f":{name}": encode(value) for name, value in self.values.items()
            }
        return request


class Refusal(NamedTuple):
    """An action whose condition did not hold.

    Attributes:
        action: Position of the action.
        row: The current row, empty if it does not exist.
    """

    action: int
    row: dict[str, Any]


def transact(client: DynamoDBClient, table: str, updates: Sequence[Update]) -> list[Refusal]:
    """Write all updates, or none of them.

    Args:
        client: DynamoDB.
        table: Name of the table.
        updates: 1 to 100 updates of different rows.

    Returns:
        The updates whose conditions did not hold; empty if everything was written.

    Raises:
        LedgerConflictError: If every attempt conflicted with another writer.
        ClientError: For any other error.
    """
    actions = [{"Update": update.request(table)} for update in updates]
    for _ in _rounds():
        try:
            client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except ClientError as error:
            reasons = _cancellation(error)
            refusals = [
                Refusal(index, plain(reason.get("Item") or {}))
                for index, reason in enumerate(reasons)
                if reason["Code"] == "ConditionalCheckFailed"
            ]
            if refusals:
                return refusals
            if not any(reason["Code"] in _PASSING_REASONS for reason in reasons):
                raise
        else:
            return []
    message = f"a transaction of {len(updates)} rows conflicted with other writers {_ROUNDS} times"
    raise LedgerConflictError(message)


def _cancellation(error: ClientError) -> list[dict[str, Any]]:
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        raise error
    response: Any = error.response
    return list(response["CancellationReasons"])


def update_row(client: DynamoDBClient, table: str, update: Update) -> Refusal | None:
    """Write one update; return a Refusal if its condition does not hold.

    Raises:
        LedgerConflictError: If every attempt conflicted with a transaction.
        ClientError: For any other error.
    """
    for _ in _rounds():
        try:
            client.update_item(**update.request(table))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                return Refusal(0, plain(error.response.get("Item") or {}))  # type: ignore[arg-type]
            if code != "TransactionConflictException":
                raise
        else:
            return None
    message = f"an update of {update.key} conflicted with other writers {_ROUNDS} times"
    raise LedgerConflictError(message)


def _rounds() -> Iterator[None]:
    for attempt in range(_ROUNDS):
        yield
        process.sleep(process.jitter(_BASE_DELAY_SECONDS * 2**attempt))

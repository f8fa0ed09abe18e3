"""DynamoDB transactions that are told, action by action, why they were cancelled.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas.aws.attribute_values import encode, plain
from labeling_lambdas.errors import LedgerConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

#: TransactWriteItems takes up to 100 actions, no two of them on one item.
MAX_ACTIONS = 100

#: Reasons of a cancellation that say nothing about the condition: the same transaction may pass
#: later.
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
        """Return the update as parameters, the same for UpdateItem and for a transaction."""
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
        row: The row as it is, empty if there is none.
    """

    action: int
    row: dict[str, Any]


def transact(client: DynamoDBClient, table: str, updates: Sequence[Update]) -> list[Refusal]:
    """Write all updates or none.

    Args:
        client: DynamoDB.
        table: Name of the table.
        updates: 1 to 100 updates of different rows.

    Returns:
        The updates whose conditions did not hold; empty if everything was written.

    Raises:
        LedgerConflictError: If other writers were in the way in every round.
        ClientError: For any other refusal.
    """
    actions = [{"Update": update.request(table)} for update in updates]
    for attempt in range(_ROUNDS):
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
            delay = _BASE_DELAY_SECONDS * 2**attempt
            time.sleep(random.uniform(0, delay))  # noqa: S311 - jitter is no secret
        else:
            return []
    message = f"a transaction of {len(updates)} rows met other writers {_ROUNDS} times"
    raise LedgerConflictError(message)


def _cancellation(error: ClientError) -> list[dict[str, Any]]:
    if error.response["Error"]["Code"] != "TransactionCanceledException":
        raise error
    response: Any = error.response
    return list(response["CancellationReasons"])


def update_row(client: DynamoDBClient, table: str, update: Update) -> Refusal | None:
    """Write one update; return the refusal if its condition does not hold."""
    try:
        client.update_item(**update.request(table))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return Refusal(0, plain(error.response.get("Item") or {}))  # type: ignore[arg-type]
    return None

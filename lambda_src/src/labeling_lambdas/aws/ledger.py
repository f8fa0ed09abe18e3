"""The DynamoDB table of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from labeling_lambdas.aws import clients, transactions
from labeling_lambdas.aws.attribute_values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from labeling_lambdas.aws.transactions import Refusal, Update
    from labeling_lambdas.settings import LedgerSettings


@dataclass(eq=False, repr=False)
class Ledger:
    """The ledger. Each kind of row has a subclass with its operations.

    Attributes:
        client: DynamoDB.
        table: Name of the ledger table.
    """

    client: DynamoDBClient
    table: str

    @classmethod
    def of(cls, settings: LedgerSettings) -> Self:
        """Return the ledger that a function is configured with."""
        return cls(clients.dynamodb(), settings.ledger_table)

    def row(self, key: str) -> dict[str, Any] | None:
        """Return a row, or None if it does not exist."""
        answer = self.client.get_item(
            TableName=self.table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
        return plain(answer["Item"]) if "Item" in answer else None

    def update(self, update: Update) -> Refusal | None:
        """Write one update; return a Refusal if its condition does not hold."""
        return transactions.update_row(self.client, self.table, update)

    def transact(self, updates: Sequence[Update]) -> list[Refusal]:
        """Write all updates, or none; return those whose conditions did not hold."""
        return transactions.transact(self.client, self.table, updates)

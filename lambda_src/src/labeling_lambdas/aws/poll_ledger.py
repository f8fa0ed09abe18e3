"""The ledger's rows of polls: whether messages that an execution has received may be hidden."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.aws import transactions
from labeling_lambdas.aws.attribute_values import plain
from labeling_lambdas.aws.transactions import Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

#: Seconds for which a row is kept after its last lease; an execution polls for minutes.
_KEPT_SECONDS = 24 * 3600


class Poll(NamedTuple):
    """The ledger's row of an execution's polling.

    Attributes:
        lease_until: Epoch seconds until which a call may be receiving messages, or messages that it
            received may be hidden; 0 if neither.
        unfinished: Consecutive calls that did not account for everything that they received.
    """

    lease_until: int = 0
    unfinished: int = 0


@dataclass(slots=True, eq=False, repr=False)
class PollLedger:
    """The ledger's rows of polls.

    Attributes:
        client: DynamoDB.
        table: Name of the ledger table.
    """

    client: DynamoDBClient
    table: str

    def find(self, run_id: str) -> Poll:
        """Return the row of the polling for a run."""
        answer = self.client.get_item(
            TableName=self.table, Key={"pk": {"S": f"POLL#{run_id}"}}, ConsistentRead=True
        )
        row = plain(answer["Item"]) if "Item" in answer else {}
        return Poll(row.get("lease_until", 0), row.get("unfinished", 0))

    def begin(self, run_id: str, poll: Poll, lease_until: int) -> bool:
        """Record, before the first receive, that a call receives messages from now on.

        Args:
            run_id: The run.
            poll: The row as it was read.
            lease_until: Epoch seconds until which messages that it receives may be hidden.

        Returns:
            False if another call began since the row was read.
        """
        refusal = transactions.update_row(
            self.client,
            self.table,
            Update(
                key=f"POLL#{run_id}",
                update="SET lease_until = :lease, unfinished = :count, expires_at = :expires",
                condition="attribute_not_exists(pk) OR lease_until = :was",
                values={
                    "lease": lease_until,
                    "count": poll.unfinished + 1,
                    "expires": lease_until + _KEPT_SECONDS,
                    "was": poll.lease_until,
                },
            ),
        )
        return refusal is None

    def end(self, run_id: str, lease_until: int) -> None:
        """Record that every message that a call received is claimed, dropped or visible again.

        Args:
            run_id: The run.
            lease_until: The lease that the call began with. The lease of a later call is not
                changed.
        """
        transactions.update_row(
            self.client,
            self.table,
            Update(
                key=f"POLL#{run_id}",
                update="SET lease_until = :none, unfinished = :none",
                condition="lease_until = :lease",
                values={"none": 0, "lease": lease_until},
            ),
        )

    def shorten(self, run_id: str, lease_until: int, hidden_until: int) -> None:
        """Record that a call has ended, but that messages may be hidden for some time.

        Args:
            run_id: The run.
            lease_until: The lease that the call began with. The lease of a later call is not
                changed.
            hidden_until: Epoch seconds until which messages may be hidden.
        """
        transactions.update_row(
            self.client,
            self.table,
            Update(
                key=f"POLL#{run_id}",
                update="SET lease_until = :hidden",
                condition="lease_until = :lease",
                values={"hidden": hidden_until, "lease": lease_until},
            ),
        )

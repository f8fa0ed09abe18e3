"""The ledger's rows of polls: whether messages that a poller has received may be hidden."""

from __future__ import annotations

from typing import NamedTuple

from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.aws.transactions import Update

#: Seconds for which a row is kept after its last lease; an execution polls for minutes.
_KEPT_SECONDS = 24 * 3600


class Poll(NamedTuple):
    """The ledger's row of a poller.

    Attributes:
        lease_until: Epoch seconds until which a call may be receiving messages, or messages that it
            received may be hidden; 0 if neither.
        unfinished: Consecutive calls that did not account for everything that they received.
        began_at: Epoch seconds at which the first call began; 0 if none has.
        drained: Whether a call has found the backlog or the share of the poller used up.
    """

    lease_until: int = 0
    unfinished: int = 0
    began_at: int = 0
    drained: bool = False


class PollLedger(Ledger):
    """The ledger's rows of polls.

    A poll is named by its run, and by the number of its poller if several drain the queue.
    """

    def find(self, name: str) -> Poll:
        """Return the row of a poll."""
        row = self.row(f"POLL#{name}") or {}
        return Poll(
            lease_until=row.get("lease_until", 0),
            unfinished=row.get("unfinished", 0),
            began_at=row.get("began_at", 0),
            drained=row.get("drained", False),
        )

    def begin(self, name: str, poll: Poll, lease_until: int, now: float) -> bool:
        """Record, before the first receive, that a call receives messages from now on.

        Args:
            name: The poll.
            poll: The row as it was read.
            lease_until: Epoch seconds until which messages that it receives may be hidden.
            now: The current time in epoch seconds.

        Returns:
            False if another call began, or ended the poll, since the row was read.
        """
        refusal = self.update(
            Update(
                key=f"POLL#{name}",
                update=(
                    "SET lease_until = :lease, unfinished = :count, expires_at = :expires,"
                    " began_at = if_not_exists(began_at, :now)"
                ),
                condition=(
                    "attribute_not_exists(pk)"
                    " OR (lease_until = :was AND attribute_not_exists(drained))"
                ),
                values={
                    "lease": lease_until,
                    "count": poll.unfinished + 1,
                    "expires": lease_until + _KEPT_SECONDS,
                    "was": poll.lease_until,
                    "now": int(now),
                },
            ),
        )
        return refusal is None

    def end(self, name: str, lease_until: int, *, drained: bool) -> None:
        """Record that every message that a call received is claimed, dropped or visible again.

        Args:
            name: The poll.
            lease_until: The lease that the call began with. The lease of a later call is not
                changed.
            drained: Whether no further call may receive messages for this poll.
        """
        self.update(
            Update(
                key=f"POLL#{name}",
                update="SET lease_until = :none, unfinished = :none"
                + (", drained = :drained" if drained else ""),
                condition="lease_until = :lease",
                values={"none": 0, "lease": lease_until} | ({"drained": True} if drained else {}),
            ),
        )

    def shorten(self, name: str, lease_until: int, hidden_until: int) -> None:
        """Record that a call has ended, but that messages may be hidden for some time.

        Args:
            name: The poll.
            lease_until: The lease that the call began with. The lease of a later call is not
                changed.
            hidden_until: Epoch seconds until which messages may be hidden.
        """
        self.update(
            Update(
                key=f"POLL#{name}",
                update="SET lease_until = :hidden",
                condition="lease_until = :lease",
                values={"hidden": hidden_until, "lease": lease_until},
            ),
        )

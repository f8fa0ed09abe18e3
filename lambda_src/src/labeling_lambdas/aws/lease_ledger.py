"""The ledger's rows of leases: which function may do what only one may do at a time."""

from __future__ import annotations

from labeling_lambdas.aws.ledger import Ledger
from labeling_lambdas.aws.transactions import Update

#: Seconds for which a row is kept after its last lease.
_KEPT_SECONDS = 24 * 3600


class LeaseLedger(Ledger):
    """The ledger's rows of leases."""

    def take(self, name: str, until: int, now: float) -> bool:
        """Take a lease, if nobody has it.

        Args:
            name: What it is for.
            until: Epoch seconds until which the function that takes it may act.
            now: The current time in epoch seconds.

        Returns:
            False if another function has it.
        """
        refusal = self.update(
            Update(
                key=f"LEASE#{name}",
                update="SET lease_until = :until, expires_at = :expires",
                condition="attribute_not_exists(pk) OR lease_until <= :now",
                values={"until": until, "expires": until + _KEPT_SECONDS, "now": int(now)},
            ),
        )
        return refusal is None

    def shorten(self, name: str, until: int, ends_at: int) -> None:
        """Let a lease end earlier.

        Args:
            name: What it is for.
            until: When it ends now. A later lease is not changed.
            ends_at: When it is to end, in epoch seconds; 0 for at once.
        """
        self.update(
            Update(
                key=f"LEASE#{name}",
                update="SET lease_until = :end",
                condition="lease_until = :until",
                values={"end": ends_at, "until": until},
            ),
        )

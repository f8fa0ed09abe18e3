"""A sequencer for a version of a key whose event is not available.

A listing of S3 has no sequencers. The sequencer that is created here follows the newest version in
the ledger at the smallest possible distance: S3's sequencers use 16 to 18 of the 40 digits that are
compared, so a later event of the key, which S3 orders after the known one, is also ordered after
this one. The time of the upload is not used: how S3 creates sequencers is not documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.domain.identity import comparable_sequencer

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH = len(comparable_sequencer(""))


def sequencer_after(known: Iterable[str]) -> str:
    """Return the sequencer that immediately follows the known versions of a key.

    Args:
        known: Orders of the newest known version, one for each line of the object that has one.

    Raises:
        ValueError: If an order is not hexadecimal, or is the last possible one.
    """
    newest = max(known, default=comparable_sequencer(""))
    width = max(_WIDTH, len(newest))
    following = f"{int(newest, 16) + 1:0{width}X}"
    if len(following) > width:
        message = f"nothing follows the order {newest}"
        raise ValueError(message)
    return following

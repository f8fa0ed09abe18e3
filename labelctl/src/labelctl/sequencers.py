"""A place in the order of a key's versions for one whose event is not at hand.

A listing has no sequencer. The one that is made here follows the newest version that the ledger
knows at the smallest distance there is: S3's own sequencers use 16 to 18 of the 40 digits that are
compared, so any later event of the key, which S3 puts after the known one, comes after this too.
Nothing is guessed from the time of the upload: how S3 makes sequencers is not documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_lambdas.domain.identity import comparable_sequencer

if TYPE_CHECKING:
    from collections.abc import Iterable

_WIDTH = len(comparable_sequencer(""))


def sequencer_after(known: Iterable[str]) -> str:
    """Return the sequencer that follows what is known of a key at once.

    Args:
        known: Orders of the newest known version, one for each line of the object that has one.

    Raises:
        ValueError: If an order is not hexadecimal or the last one there is.
    """
    newest = max(known, default=comparable_sequencer(""))
    width = max(_WIDTH, len(newest))
    following = f"{int(newest, 16) + 1:0{width}X}"
    if len(following) > width:
        message = f"nothing follows the order {newest}"
        raise ValueError(message)
    return following

"""The counts of a backfill."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labelctl.classify import Verdict

if TYPE_CHECKING:
    from labelctl.classify import Judged


@dataclass
class Tally:
    """The counts of a backfill, over all its starts.

    Attributes:
        listed: Current versions in the bucket.
        to_send: Of these, the ones to send.
        sent: Of these, the ones that were sent.
        known: Items of the ledger by state.
        not_labelable: By reason.
        held_back: By reason.
        too_old: Uploaded before the requested time.
        last_key: All keys up to this one are processed.
    """

    listed: int = 0
    to_send: int = 0
    sent: int = 0
    known: Counter[str] = field(default_factory=Counter)
    not_labelable: Counter[str] = field(default_factory=Counter)
    held_back: Counter[str] = field(default_factory=Counter)
    too_old: int = 0
    last_key: str = ""

    def note(self, judged: Judged) -> None:
        """Count a processed object."""
        self.listed += 1
        self.last_key = judged.source.key
        match judged.verdict:
            case Verdict.SEND:
                self.to_send += 1
            case Verdict.KNOWN:
                self.known[judged.reason] += 1
            case Verdict.NOT_LABELABLE:
                self.not_labelable[judged.reason] += 1
            case Verdict.HELD_BACK:
                self.held_back[judged.reason] += 1
            case Verdict.TOO_OLD:
                self.too_old += 1

    def fields(self) -> dict[str, Any]:
        """Return the counts as JSON-ready fields."""
        return {
            "listed": self.listed,
            "to_send": self.to_send,
            "sent": self.sent,
            "known": dict(sorted(self.known.items())),
            "not_labelable": dict(sorted(self.not_labelable.items())),
            "held_back": dict(sorted(self.held_back.items())),
            "too_old": self.too_old,
            "last_key": self.last_key,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Tally:
        """Read what :meth:`fields` wrote."""
        return cls(
            listed=int(fields["listed"]),
            to_send=int(fields["to_send"]),
            sent=int(fields["sent"]),
            known=Counter(fields["known"]),
            not_labelable=Counter(fields["not_labelable"]),
            held_back=Counter(fields["held_back"]),
            too_old=int(fields["too_old"]),
            last_key=str(fields["last_key"]),
        )

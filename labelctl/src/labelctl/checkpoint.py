"""The counts of a backfill, and the file that keeps them, so that it can be interrupted."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelctl.classify import Decision
from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labelctl.classify import Classified

_SCHEMA = "labelctl-checkpoint/1"


@dataclass
class BackfillCounts:
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

    def note(self, classified: Classified) -> None:
        """Count a processed object."""
        self.listed += 1
        self.last_key = classified.source.key
        match classified.decision:
            case Decision.SEND:
                self.to_send += 1
            case Decision.KNOWN:
                self.known[classified.reason] += 1
            case Decision.NOT_LABELABLE:
                self.not_labelable[classified.reason] += 1
            case Decision.HELD_BACK:
                self.held_back[classified.reason] += 1
            case Decision.TOO_OLD:
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
    def from_fields(cls, fields: dict[str, Any]) -> BackfillCounts:
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


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a backfill.

    Attributes:
        counts: The counts of all its starts.
        since: The time that the first start calculated from the option, which may be an age.
    """

    counts: BackfillCounts
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file with the state of one backfill.

    Attributes:
        path: The file.
        scope: The scope of the backfill. A file of another scope is rejected.
    """

    path: Path
    scope: Mapping[str, Any]

    def load(self) -> Saved | None:
        """Return the last saved state, or None if there is none.

        Raises:
            LabelctlError: If the file belongs to another backfill, or is not a checkpoint.
        """
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            message = f"checkpoint {self.path} cannot be read: {error}; name another file"
            raise LabelctlError(message) from error
        if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
            message = (
                f"{self.path} is not a checkpoint of this version of labelctl; name another file"
            )
            raise LabelctlError(message)
        if content["scope"] != dict(self.scope):
            message = (
                f"checkpoint {self.path} is of another backfill ({json.dumps(content['scope'])});"
                " name another file, or delete it"
            )
            raise LabelctlError(message)
        since = content["since"]
        return Saved(
            BackfillCounts.from_fields(content["counts"]),
            datetime.fromisoformat(since) if since else None,
        )

    def save(self, counts: BackfillCounts, since: datetime | None) -> None:
        """Replace the file, so that it holds either the old state or the new one.

        Raises:
            LabelctlError: If it cannot be written.
        """
        content = {
            "schema": _SCHEMA,
            "scope": self.scope,
            "since": since.isoformat() if since else None,
            "counts": counts.fields(),
        }
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            fresh.write_text(f"{json.dumps(content)}\n", "utf-8")
            fresh.replace(self.path)
        except OSError as error:
            message = f"checkpoint {self.path} cannot be written: {error}; name another file"
            raise LabelctlError(message) from error

    def remove(self) -> None:
        """Remove the file of a completed backfill."""
        self.path.unlink(missing_ok=True)

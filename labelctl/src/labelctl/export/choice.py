"""Which of the stored records become part of a training set."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where ``labelctl doctor --smoke-label`` uploads its object.
_SMOKE_PREFIX = "labelctl-smoke/"

_NEEDED = ("label", "label_json", "source_version_id", "status", "task_type")

#: Reasons that are no choice of the operator's.
DELETED = "record_deleted"
SMOKE_TEST = "smoke_test"
OTHER_TASK_TYPE = "other_task_type"
UNREADABLE = "record_unreadable"
MISSING = "source_missing"
REPLACED = "source_replaced"
LATER = "until"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to take.

    Attributes:
        task_type: The task type of the pipeline.
        since: Only labels from this time on; empty for all. Times compare as texts.
        until: The records as they were at this time; empty for now.
        labels: Only items with one of these labels; empty for all.
        statuses: Only records with one of these values of ``status``; empty for all.
        min_confidence: Only records of at least this confidence; None for all.
        prefix: Only keys that begin with this.
    """

    task_type: str
    since: str = ""
    until: str = ""
    labels: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    min_confidence: float | None = None
    prefix: str = ""

    def reason_against(self, key: str, fields: Mapping[str, Any], event_time: str) -> str | None:
        """Return why a record is not taken, None if it is.

        Args:
            key: Key of its object.
            fields: Its columns.
            event_time: Its event time, comparable.

        Returns:
            The name of an option without its dashes, or one of the constants above.
        """
        reasons = {
            SMOKE_TEST: key.startswith(_SMOKE_PREFIX),
            OTHER_TASK_TYPE: fields["task_type"] != self.task_type,
            "prefix": not key.startswith(self.prefix),
            "since": event_time < self.since,
            "status": bool(self.statuses) and fields["status"] not in self.statuses,
            "label": bool(self.labels) and not self.labels & set(names_of(fields)),
            "min-confidence": self.min_confidence is not None
            and float(fields.get("confidence", -1)) < self.min_confidence,
        }
        return next((reason for reason, applies in reasons.items() if applies), None)


def is_readable(fields: Mapping[str, Any]) -> bool:
    """Return whether a record has what the functions write into each of theirs."""
    try:
        return all(name in fields for name in _NEEDED) and all(
            isinstance(name, str) for name in names_of(fields)
        )
    except (TypeError, ValueError):
        return False


def names_of(fields: Mapping[str, Any]) -> list[str]:
    """Return the classes of a record, each once, sorted."""
    label = str(fields["label"])
    return (
        [label]
        if str(fields["task_type"]).endswith("_single_label_classification")
        else list(json.loads(label))
    )


def nothing_left(read: int, removed: Mapping[str, int]) -> str:
    """Return why nothing is exported, with what each filter has removed.

    Args:
        read: Number of items with a record.
        removed: Number of items by reason.
    """
    if not read:
        return "the offline store has no record yet; records appear there within 15 minutes"
    parts = [
        f"{_WORDS.get(reason, f'--{reason}')} {count}" for reason, count in sorted(removed.items())
    ]
    return f"nothing is left to export; of {read} items were left out: {', '.join(parts)}"


_WORDS = {
    DELETED: "deleted records",
    SMOKE_TEST: "objects of smoke tests",
    OTHER_TASK_TYPE: "records of another task type",
    UNREADABLE: "records that no function of the pipeline has written",
    MISSING: "missing source objects",
    REPLACED: "lines that the newest version of their file does not have",
}

"""The contents of a feature group's two stores."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from in_process_aws.feature_rules import FeatureRules, Record, RecordError, seconds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class FeatureGroup:
    """A feature group with its records.

    Attributes:
        description: The members that DescribeFeatureGroup answers.
    """

    def __init__(self, description: dict[str, Any]) -> None:
        """Start without records.

        Args:
            description: The answer of DescribeFeatureGroup.
        """
        self.description = description
        self._online: dict[str, Record] = {}
        self._offline: list[dict[str, Any]] = []
        self._written = 0
        self._lock = threading.Lock()

    @property
    def rules(self) -> FeatureRules:
        """What the group demands of its records, with the features that were added later."""
        return FeatureRules(
            features={
                definition["FeatureName"]: definition["FeatureType"]
                for definition in self.description["FeatureDefinitions"]
            },
            identifier=self.description["RecordIdentifierFeatureName"],
            event_time=self.description["EventTimeFeatureName"],
        )

    @property
    def stores(self) -> frozenset[str]:
        """Which of ``OnlineStore`` and ``OfflineStore`` the group has."""
        online = self.description.get("OnlineStoreConfig", {}).get("EnableOnlineStore")
        return frozenset(
            name
            for name, present in (
                ("OnlineStore", online),
                ("OfflineStore", self.description.get("OfflineStoreConfig")),
            )
            if present
        )

    def put(self, values: Sequence[Mapping[str, Any]], targets: Sequence[str] | None) -> None:
        """Write one record.

        The online store keeps the record with the newest event time; the offline store appends
        every write, so a write that is repeated shows as two rows.

        Args:
            values: The record's ``FeatureName`` and ``ValueAsString`` pairs.
            targets: The stores to write to; None for all that the group has.

        Raises:
            RecordError: The record breaks a rule.
        """
        rules = self.rules
        record = rules.checked(values)
        wanted = frozenset(targets or self.stores)
        if not wanted <= self.stores:
            message = f"The FeatureGroup does not have the stores {sorted(wanted - self.stores)}"
            raise RecordError(message)
        key = record[rules.identifier]
        with self._lock:
            newer = rules.is_newer(record[rules.event_time], self._online.get(key))
            if "OnlineStore" in wanted and newer:
                self._online[key] = record
            if "OfflineStore" in wanted:
                self._append(record, deleted=False)

    def get(self, identifier: str, names: Sequence[str] | None) -> list[dict[str, str]] | None:
        """Return a record of the online store, or None.

        Args:
            identifier: The record's identifier.
            names: The features to return; None for all.
        """
        known = self._online.get(identifier)
        if known is None:
            return None
        return [
            {"FeatureName": name, "ValueAsString": value}
            for name, value in known.items()
            if not names or name in names
        ]

    def delete(self, identifier: str, event_time: str) -> None:
        """Delete a record: gone from the online store, marked by a row in the offline store.

        Args:
            identifier: The record's identifier.
            event_time: When it was deleted.

        Raises:
            RecordError: The event time has no valid form.
        """
        rules = self.rules
        seconds(event_time)
        with self._lock:
            # What is not deleted later than it was written stays online.
            if rules.is_newer(event_time, self._online.get(identifier)):
                self._online.pop(identifier, None)
            if "OfflineStore" in self.stores:
                gone = {rules.identifier: identifier, rules.event_time: event_time}
                self._append(gone, deleted=True)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Return the online view and all offline rows, in the order in which they were written."""
        with self._lock:
            return {
                "online": [dict(record) for record in self._online.values()],
                "offline": [dict(row) for row in self._offline],
            }

    def buffered(self) -> list[dict[str, Any]]:
        """Return the offline rows that are in no file yet."""
        with self._lock:
            return [dict(row) for row in self._offline[self._written :]]

    def count_written(self, rows: int) -> None:
        """Count the first buffered rows as written to files.

        Args:
            rows: How many there are.
        """
        with self._lock:
            self._written += rows

    def _append(self, record: Record, *, deleted: bool) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        times = {"api_invocation_time": now, "write_time": now, "is_deleted": deleted}
        self._offline.append({**record, **times})

"""Records of a feature group: the rules of PutRecord, and the contents of the two stores.

Rules: API reference of PutRecord and FeatureDefinition, "Feature Store quotas, naming rules and
data types" in the developer guide.
"""

from __future__ import annotations

import math
import re
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Record = dict[str, str]

_MAX_RECORD_BYTES = 350 * 1024
_MAX_IDENTIFIER_BYTES = 2 * 1024
_INTEGRAL_BITS = 63
_INTEGRAL = re.compile(r"[+-]?\d{1,19}")
_UNIX_TIME = re.compile(r"\d{1,12}(\.\d{1,9})?")
# ISO 8601 in UTC, at most nanoseconds.
_EVENT_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z")
# ValueAsString has the pattern ".*", whose dot does not match these.
_LINE_TERMINATORS = re.compile("[\n\r\u0085\u2028\u2029]")


class RecordError(Exception):
    """A record that the feature group does not take; the message names the feature and the rule."""


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
        self._online: dict[str, tuple[Decimal, Record]] = {}
        self._offline: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    @property
    def identifier_feature(self) -> str:
        """The name of the feature that identifies a record."""
        return str(self.description["RecordIdentifierFeatureName"])

    @property
    def event_time_feature(self) -> str:
        """The name of the feature that holds the event time."""
        return str(self.description["EventTimeFeatureName"])

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
        record = self._checked(values)
        wanted = frozenset(targets or self.stores)
        if not wanted <= self.stores:
            message = f"The FeatureGroup does not have the stores {sorted(wanted - self.stores)}"
            raise RecordError(message)
        moment = _event_time(record[self.event_time_feature])
        key = record[self.identifier_feature]
        with self._lock:
            if "OnlineStore" in wanted:
                known = self._online.get(key)
                if known is None or moment >= known[0]:
                    self._online[key] = (moment, record)
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
            for name, value in known[1].items()
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
        moment = _event_time(event_time)
        with self._lock:
            known = self._online.get(identifier)
            if known is not None and moment >= known[0]:
                del self._online[identifier]
            if "OfflineStore" in self.stores:
                gone = {self.identifier_feature: identifier, self.event_time_feature: event_time}
                self._append(gone, deleted=True)

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """Return the online view and all offline rows, in the order in which they were written."""
        with self._lock:
            return {
                "online": [dict(record) for _, record in self._online.values()],
                "offline": [dict(row) for row in self._offline],
            }

    def _append(self, record: Record, *, deleted: bool) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        times = {"api_invocation_time": now, "write_time": now, "is_deleted": deleted}
        self._offline.append({**record, **times})

    def _checked(self, values: Sequence[Mapping[str, Any]]) -> Record:
        types = {
            definition["FeatureName"]: definition["FeatureType"]
            for definition in self.description["FeatureDefinitions"]
        }
        record: Record = {}
        for value in values:
            name, text = str(value.get("FeatureName")), value.get("ValueAsString")
            if name not in types:
                message = f"FeatureName {name} is not part of the FeatureGroup"
                raise RecordError(message)
            if name in record:
                message = f"FeatureName {name} is given twice"
                raise RecordError(message)
            record[name] = _checked_value(name, types[name], text)
        self._check_required(record)
        return record

    def _check_required(self, record: Record) -> None:
        for needed in (self.identifier_feature, self.event_time_feature):
            if needed not in record:
                message = f"Record must contain the feature {needed}"
                raise RecordError(message)
        if len(record[self.identifier_feature].encode()) > _MAX_IDENTIFIER_BYTES:
            message = f"The record identifier exceeds {_MAX_IDENTIFIER_BYTES} bytes"
            raise RecordError(message)
        size = sum(len(name.encode()) + len(text.encode()) for name, text in record.items())
        if size > _MAX_RECORD_BYTES:
            message = f"The record exceeds {_MAX_RECORD_BYTES} bytes"
            raise RecordError(message)
        _event_time(record[self.event_time_feature])


def _checked_value(name: str, kind: str, text: str | None) -> str:
    if not text:
        # What the service does with an empty value is not documented; refusing it keeps callers on
        # the safe side.
        message = f"The feature {name} has an empty ValueAsString"
        raise RecordError(message)
    if _LINE_TERMINATORS.search(text):
        message = (
            f"Value at 'record.{name}.valueAsString' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: .*"
        )
        raise RecordError(message)
    if kind == "Integral" and not (_INTEGRAL.fullmatch(text) and _fits(int(text))):
        message = f"The value of the feature {name} is not Integral"
        raise RecordError(message)
    if kind == "Fractional" and not _is_fractional(text):
        message = f"The value of the feature {name} is not Fractional"
        raise RecordError(message)
    return text


def _fits(number: int) -> bool:
    return -(1 << _INTEGRAL_BITS) <= number < (1 << _INTEGRAL_BITS)


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _unix_seconds(text: str) -> Decimal:
    if not _UNIX_TIME.fullmatch(text):
        message = f"not Unix seconds: {text}"
        raise ValueError(message)
    return Decimal(text)


def _event_time(text: str) -> Decimal:
    """Return an event time in seconds since the epoch, exact to the nanosecond."""
    match = _EVENT_TIME.fullmatch(text)
    try:
        if match is None:
            return _unix_seconds(text)
        whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError as error:
        message = f"EventTime {text} is neither Unix seconds nor an ISO 8601 time that ends in Z"
        raise RecordError(message) from error
    return Decimal(int(whole.timestamp())) + Decimal(f"0.{match[2] or 0}")

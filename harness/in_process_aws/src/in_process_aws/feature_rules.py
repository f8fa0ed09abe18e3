"""The rules for the records of a feature group, for the account and for the sandbox.

API reference of PutRecord and FeatureDefinition, "Feature Store quotas, naming rules and data
types" in the developer guide.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Record = dict[str, str]

MAXIMUM_BATCH = 25
_MAXIMUM_RECORD_BYTES = 350 * 1024
_MAXIMUM_IDENTIFIER_BYTES = 2 * 1024
_INTEGRAL = re.compile(r"[+-]?\d{1,19}")
_INTEGRAL_LIMIT = 1 << 63
_UNIX_TIME = re.compile(r"\d{1,12}(\.\d{1,9})?")
# ISO 8601 in UTC, at most nanoseconds.
_EVENT_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z")
_WHOLE_SECONDS = "%Y-%m-%dT%H:%M:%S"
# ValueAsString has the pattern ".*", whose dot does not match these.
_LINE_TERMINATORS = re.compile("[\n\r\u0085\u2028\u2029]")


class RecordError(Exception):
    """A record that the feature group does not take; the message names the feature and the rule."""


@dataclass(frozen=True)
class FeatureRules:
    """What a feature group demands of its records.

    Attributes:
        features: Types by feature name.
        identifier: The feature that identifies a record.
        event_time: The feature that orders the records of one identifier.
    """

    features: Mapping[str, str]
    identifier: str
    event_time: str

    def checked(self, values: Iterable[Mapping[str, Any]]) -> Record:
        """Return a request's record.

        Args:
            values: The record's ``FeatureName`` and ``ValueAsString`` pairs.

        Raises:
            RecordError: If the group does not take it.
        """
        record: Record = {}
        for value in values:
            name, text = str(value.get("FeatureName")), value.get("ValueAsString")
            if name not in self.features or name in record:
                message = f"FeatureName {name} is not part of the FeatureGroup, or given twice"
                raise RecordError(message)
            record[name] = _checked_value(name, self.features[name], text)
        for needed in (self.identifier, self.event_time):
            if needed not in record:
                message = f"Record must contain the feature {needed}"
                raise RecordError(message)
        if len(record[self.identifier].encode()) > _MAXIMUM_IDENTIFIER_BYTES:
            message = f"The record identifier exceeds {_MAXIMUM_IDENTIFIER_BYTES} bytes"
            raise RecordError(message)
        size = sum(len(name.encode()) + len(text.encode()) for name, text in record.items())
        if size > _MAXIMUM_RECORD_BYTES:
            message = f"The record exceeds {_MAXIMUM_RECORD_BYTES} bytes"
            raise RecordError(message)
        seconds(record[self.event_time])
        return record

    def is_newer(self, event_time: str, known: Record | None) -> bool:
        """Return whether an event time is later than that of a record, if there is one.

        A write whose event time is not greater is historic: the online store stays as it is.
        """
        return known is None or seconds(event_time) > seconds(known[self.event_time])


def _checked_value(name: str, kind: str, text: str | None) -> str:
    if not text:
        # What the service does with an empty value is not documented; a caller must not find out.
        message = f"The feature {name} has an empty ValueAsString"
        raise RecordError(message)
    if _LINE_TERMINATORS.search(text):
        message = (
            f"Value at 'record.{name}.valueAsString' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: .*"
        )
        raise RecordError(message)
    if kind == "Integral" and not _is_integral(text):
        message = f"The value of the feature {name} is not Integral"
        raise RecordError(message)
    if kind == "Fractional" and not _is_fractional(text):
        message = f"The value of the feature {name} is not Fractional"
        raise RecordError(message)
    return text


def _is_integral(text: str) -> bool:
    return bool(_INTEGRAL.fullmatch(text)) and -_INTEGRAL_LIMIT <= int(text) < _INTEGRAL_LIMIT


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@functools.lru_cache(maxsize=1024)
def seconds(text: str) -> Decimal:
    """Return an event time in seconds since the epoch, exact to the nanosecond.

    Raises:
        RecordError: If it has no valid form.
    """
    match = _EVENT_TIME.fullmatch(text)
    if match is None and _UNIX_TIME.fullmatch(text):
        return Decimal(text)
    try:
        whole = datetime.strptime(match[1] if match else "", _WHOLE_SECONDS).replace(tzinfo=UTC)
    except ValueError as error:
        message = f"EventTime {text} is neither Unix seconds nor an ISO 8601 time that ends in Z"
        raise RecordError(message) from error
    fraction = Decimal(f"0.{(match and match[2]) or 0}")
    return Decimal(int(whole.timestamp())) + fraction

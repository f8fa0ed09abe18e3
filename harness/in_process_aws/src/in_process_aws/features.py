"""SageMaker Feature Store: every record that was written, and the latest of each.

Rules: API reference of PutRecord and BatchWriteRecord, "Feature Store quotas, naming rules and data
types" in the developer guide.
"""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from in_process_aws import validation
from in_process_aws.calls import Answer, Clock, Parameters, RefusalError, nothing_chosen
from in_process_aws.service import Service, arn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

Record = dict[str, str]

_MAXIMUM_RECORD_BYTES = 350 * 1024
_MAXIMUM_BATCH = 25
_INTEGRAL = re.compile(r"[+-]?\d{1,19}")
_UNIX_TIME = re.compile(r"\d{1,12}(\.\d{1,9})?")
_EVENT_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z")


@dataclass
class FeatureGroup:
    """A feature group.

    Attributes:
        name: Its name.
        features: Types by feature name.
        identifier: The feature that identifies a record.
        event_time: The feature that orders the records of one identifier.
        history: Every record that was written, in order, as the offline store keeps them.
        newest: Per identifier the record with the newest event time, as the online store keeps it.
    """

    name: str
    features: Mapping[str, str]
    identifier: str
    event_time: str
    history: list[Record] = field(default_factory=list)
    newest: dict[str, Record] = field(default_factory=dict)

    def put(self, record: Record) -> None:
        """Keep a record that was checked."""
        self.history.append(record)
        known = self.newest.get(record[self.identifier])
        # An event time that is not greater makes a historic record, for the offline store only.
        if known is None or self._moment(record) > self._moment(known):
            self.newest[record[self.identifier]] = record

    def _moment(self, record: Record) -> Decimal:
        return _seconds(record[self.event_time])

    def checked(self, values: Iterable[Mapping[str, Any]]) -> Record:
        """Return a request's record.

        Raises:
            RefusalError: If the group does not take it.
        """
        record: Record = {}
        size = 0
        for value in values:
            name, text = value["FeatureName"], value.get("ValueAsString")
            if name not in self.features or name in record:
                message = f"FeatureName {name} is not part of the group, or given twice"
                raise _invalid(message)
            record[name] = text = _checked_value(name, self.features[name], text)
            size += len(name) + len(text.encode())
        for needed in (self.identifier, self.event_time):
            if needed not in record:
                message = f"Record must contain the feature {needed}"
                raise _invalid(message)
        if size > _MAXIMUM_RECORD_BYTES:
            message = f"The record exceeds {_MAXIMUM_RECORD_BYTES} bytes"
            raise _invalid(message)
        self._moment(record)
        return record


class Features(Service):
    """Feature groups.

    Attributes:
        groups: By name.
        unprocessed: Of a batch's entries, the positions that come back unprocessed.
        failing: Of a batch's entries, the positions that come back as errors, each with code and
            message.
    """

    name = "sagemaker-featurestore-runtime"

    def __init__(self, clock: Clock) -> None:
        """Start without groups, and without BatchWriteRecord.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.groups: dict[str, FeatureGroup] = {}
        self.unprocessed: Callable[[Sequence[Mapping[str, Any]]], Collection[int]] = nothing_chosen
        self.failing: Callable[[Sequence[Mapping[str, Any]]], Mapping[int, tuple[str, str]]] = (
            lambda _entries: {}
        )
        self.operations = {"GetRecord": self._get, "PutRecord": self._put}

    @property
    def batched(self) -> bool:
        """Whether the client has BatchWriteRecord; boto3 of an older runtime has not."""
        return "BatchWriteRecord" in self.operations

    @batched.setter
    def batched(self, there: bool) -> None:
        self.operations.pop("BatchWriteRecord", None)
        if there:
            self.operations["BatchWriteRecord"] = self._batch_write

    def create_group(
        self,
        name: str,
        features: Mapping[str, str],
        *,
        identifier: str = "source_ref",
        event_time: str = "event_time",
    ) -> FeatureGroup:
        """Create a feature group; the arguments are as of :class:`FeatureGroup`."""
        group = FeatureGroup(name, dict(features), identifier, event_time)
        self.groups[name] = group
        return group

    def check(self, operation: str, parameters: Parameters) -> None:
        """Refuse a request that breaks a constraint of the model, as Feature Store does."""
        found = validation.breaches(self.name, operation, parameters)
        if found:
            message = f"{len(found)} validation error(s) detected: {'; '.join(found)}"
            raise _invalid(message)

    def _group(self, parameters: Parameters) -> FeatureGroup:
        name = parameters["FeatureGroupName"].rpartition("/")[2]
        group = self.groups.get(name)
        if group is None:
            message = f"can't find a FeatureGroup for {arn('sagemaker', name)}"
            raise _invalid(message)
        return group

    def _put(self, parameters: Parameters) -> Answer:
        group = self._group(parameters)
        record = group.checked(parameters["Record"])
        with self.lock:
            group.put(record)
        return {}

    def _get(self, parameters: Parameters) -> Answer:
        with self.lock:
            record = self._group(parameters).newest.get(parameters["RecordIdentifierValueAsString"])
        if record is None:
            return {}
        values = [{"FeatureName": name, "ValueAsString": text} for name, text in record.items()]
        return {"Record": values}

    def _batch_write(self, parameters: Parameters) -> Answer:
        entries = parameters["Entries"]
        if len(entries) > _MAXIMUM_BATCH:
            message = f"Entries must have at most {_MAXIMUM_BATCH} members"
            raise _invalid(message)
        left, failing = self.unprocessed(entries), self.failing(entries)
        answer: Answer = {"Errors": [], "UnprocessedEntries": []}
        for position, entry in enumerate(entries):
            if position in left:
                answer["UnprocessedEntries"].append(entry)
                continue
            problem = failing.get(position) or self._problem_of(entry)
            if problem is not None:
                code, text = problem
                answer["Errors"].append({"Entry": entry, "ErrorCode": code, "ErrorMessage": text})
        return answer

    def _problem_of(self, entry: Parameters) -> tuple[str, str] | None:
        try:
            self._put(entry)
        except RefusalError as refusal:
            return refusal.code, refusal.message
        return None


def _invalid(text: str) -> RefusalError:
    return RefusalError("ValidationError", text)


def _checked_value(name: str, kind: str, text: str | None) -> str:
    if not text:
        # What the service does with an empty value is not documented; a caller must not find out.
        message = f"The feature {name} has an empty ValueAsString"
        raise _invalid(message)
    if kind == "Integral" and not _INTEGRAL.fullmatch(text):
        message = f"The value of the feature {name} is not Integral"
        raise _invalid(message)
    if kind == "Fractional" and not _is_fractional(text):
        message = f"The value of the feature {name} is not Fractional"
        raise _invalid(message)
    return text


def _is_fractional(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@functools.lru_cache(maxsize=1024)
def _seconds(text: str) -> Decimal:
    """Return an event time in seconds since the epoch, exact to the nanosecond."""
    match = _EVENT_TIME.fullmatch(text)
    if match is None:
        if not _UNIX_TIME.fullmatch(text):
            message = f"EventTime {text} is neither Unix seconds nor ISO 8601 ending in Z"
            raise _invalid(message)
        return Decimal(text)
    try:
        whole = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        message = f"EventTime {text} is no moment"
        raise _invalid(message) from None
    return Decimal(int(whole.timestamp())) + Decimal(f"0.{match[2] or 0}")

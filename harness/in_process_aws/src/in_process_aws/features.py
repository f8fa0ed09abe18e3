"""SageMaker Feature Store: every record that was written, and the latest of each.

Rules: API reference of PutRecord and BatchWriteRecord.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from in_process_aws import validation
from in_process_aws.calls import Answer, Clock, Parameters, RefusalError, nothing_chosen
from in_process_aws.feature_rules import MAXIMUM_BATCH, FeatureRules, Record, RecordError
from in_process_aws.service import Service, arn

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence


@dataclass
class FeatureGroup:
    """A feature group.

    Attributes:
        name: Its name.
        rules: What it demands of its records.
        history: Every record that was written, in order, as the offline store keeps them.
        newest: Per identifier the record with the newest event time, as the online store keeps it.
    """

    name: str
    rules: FeatureRules
    history: list[Record] = field(default_factory=list)
    newest: dict[str, Record] = field(default_factory=dict)

    def put(self, record: Record) -> None:
        """Keep a record that was checked."""
        self.history.append(record)
        identifier = record[self.rules.identifier]
        if self.rules.is_newer(record[self.rules.event_time], self.newest.get(identifier)):
            self.newest[identifier] = record


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
        """Create a feature group; the other arguments are as of :class:`FeatureRules`."""
        group = FeatureGroup(name, FeatureRules(dict(features), identifier, event_time))
        self.groups[name] = group
        return group

    def check(self, operation: str, parameters: Parameters) -> None:
        """Refuse a request that breaks a constraint of the model, as Feature Store does."""
        found = validation.breaches(self.name, operation, parameters)
        if found:
            raise _invalid(validation.message(found))

    def _group(self, parameters: Parameters) -> FeatureGroup:
        name = parameters["FeatureGroupName"].rpartition("/")[2]
        group = self.groups.get(name)
        if group is None:
            message = f"can't find a FeatureGroup for {arn('sagemaker', name)}"
            raise _invalid(message)
        return group

    def _put(self, parameters: Parameters) -> Answer:
        group = self._group(parameters)
        try:
            record = group.rules.checked(parameters["Record"])
        except RecordError as error:
            raise _invalid(str(error)) from error
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
        if len(entries) > MAXIMUM_BATCH:
            message = f"Entries must have at most {MAXIMUM_BATCH} members"
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

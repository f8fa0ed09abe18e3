"""SageMaker Feature Store: writing records, one by one or in batches.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_BatchWriteRecord.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from labeling_lambdas import process
from labeling_lambdas.errors import DeliveryError

if TYPE_CHECKING:
    from mypy_boto3_sagemaker_featurestore_runtime import SageMakerFeatureStoreRuntimeClient

Record = Mapping[str, str]

#: BatchWriteRecord accepts 1 to 25 entries.
BATCH_RECORDS = 25

_ROUNDS = 6
_BASE_DELAY_SECONDS = 0.2

#: Both spellings are reported for the same error: aws/sagemaker-python-sdk issues 2252, 2606.
_INVALID_CODES = frozenset({"ValidationError", "ValidationException"})

#: This error was reported under load for groups that exist, so the record is not its cause:
#: aws/sagemaker-python-sdk issue 2606.
_PASSING_TEXT = "can't find a featuregroup"

_PASSING_CODES = frozenset(
    {
        "InternalFailure",
        "ServiceUnavailable",
        "ThrottlingException",
        "TooManyRequestsException",
        "ResourceNotFound",
    }
)


class _Problem(NamedTuple):
    code: str
    text: str

    @property
    def lies_in_record(self) -> bool:
        return self.code in _INVALID_CODES and _PASSING_TEXT not in self.text.lower()

    @property
    def passing(self) -> bool:
        return not self.lies_in_record and (
            self.code in _PASSING_CODES or self.code in _INVALID_CODES
        )


@dataclass(eq=False, repr=False)
class FeatureStore:
    """One feature group.

    Attributes:
        client: Feature Store's runtime.
        group: Name of the feature group.
    """

    client: SageMakerFeatureStoreRuntimeClient
    group: str

    def write(self, records: Sequence[Record]) -> dict[int, str]:
        """Write records; a repeat writes the same rows.

        Args:
            records: Feature name to value.

        Returns:
            By position, the error code of each record that Feature Store rejects permanently.

        Raises:
            DeliveryError: If some records were not accepted after retries.
            ClientError: If the call itself is rejected, for example because a permission is
                missing.
        """
        refused: dict[int, str] = {}
        # The boto3 of the Lambda runtime may be older than BatchWriteRecord (10 July 2026).
        batched = hasattr(self.client, "batch_write_record")
        step = BATCH_RECORDS if batched else 1
        for start in range(0, len(records), step):
            positions = list(range(start, min(start + step, len(records))))
            refused.update(self._write_until_taken(records, positions, batched=batched))
        return refused

    def _write_until_taken(
        self, records: Sequence[Record], positions: list[int], *, batched: bool
    ) -> dict[int, str]:
        refused: dict[int, str] = {}
        pending = positions
        for attempt in range(_ROUNDS):
            chosen = {position: records[position] for position in pending}
            problems = self._write_batch(chosen) if batched else self._write_one(chosen)
            for position, problem in problems.items():
                if problem.lies_in_record:
                    refused[position] = problem.code
                elif not problem.passing:
                    message = f"Feature Store refused a record: {problem.code}: {problem.text}"
                    raise DeliveryError(message)
            pending = [position for position in problems if position not in refused]
            if not pending:
                return refused
            process.sleep(_BASE_DELAY_SECONDS * 2**attempt)
        message = f"{len(pending)} records were not accepted by {self.group} in {_ROUNDS} rounds"
        raise DeliveryError(message)

    def _write_one(self, chosen: Mapping[int, Record]) -> dict[int, _Problem]:
        (position, record), *_ = chosen.items()
        try:
            self.client.put_record(FeatureGroupName=self.group, Record=_values(record))
        except ClientError as error:
            problem = _Problem(error.response["Error"]["Code"], error.response["Error"]["Message"])
            if problem.lies_in_record or problem.passing:
                return {position: problem}
            raise
        return {}

    def _write_batch(self, chosen: Mapping[int, Record]) -> dict[int, _Problem]:
        entries: Any = [
            {"FeatureGroupName": self.group, "Record": _values(record)}
            for record in chosen.values()
        ]
        try:
            answer = self.client.batch_write_record(Entries=entries)
        except ClientError as error:
            problem = _Problem(error.response["Error"]["Code"], error.response["Error"]["Message"])
            if problem.lies_in_record:
                return self._write_singly(chosen)
            if not problem.passing:
                raise
            return dict.fromkeys(chosen, problem)
        return self._problems_of_batch(chosen, answer)

    def _write_singly(self, chosen: Mapping[int, Record]) -> dict[int, _Problem]:
        # Feature Store rejected the whole call because of one record, without naming it.
        problems: dict[int, _Problem] = {}
        for position, record in chosen.items():
            problems.update(self._write_one({position: record}))
        return problems

    def _problems_of_batch(
        self,
        chosen: Mapping[int, Record],
        answer: Any,  # noqa: ANN401 - the response's own type has gaps
    ) -> dict[int, _Problem]:
        # Feature Store returns the complete entry, so its record identifier and event time identify
        # it. Two records with the same identifier are both written again, which writes the same
        # rows.
        by_identity: dict[tuple[str, str], list[int]] = {}
        for position, record in chosen.items():
            identity = (record["source_ref"], record["event_time"])
            by_identity.setdefault(identity, []).append(position)
        problems: dict[int, _Problem] = {}
        for entry in answer.get("UnprocessedEntries", []):
            for position in by_identity[_identity(entry)]:
                problems[position] = _Problem("ServiceUnavailable", "unprocessed")
        for failure in answer.get("Errors", []):
            problem = _Problem(failure["ErrorCode"], failure.get("ErrorMessage", ""))
            for position in by_identity[_identity(failure["Entry"])]:
                problems[position] = problem
        return problems


def _values(record: Record) -> list[Any]:
    return [{"FeatureName": name, "ValueAsString": text} for name, text in record.items()]


def _identity(entry: dict[str, Any]) -> tuple[str, str]:
    values = {value["FeatureName"]: value["ValueAsString"] for value in entry["Record"]}
    return values["source_ref"], values["event_time"]

"""Feature groups keep every record, and return the newest of each identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import AccountPlace, code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import Place

RUNTIME = "sagemaker-featurestore-runtime"


def _record(**changes: str) -> list[dict[str, str]]:
    values = {
        "source_ref": "s3://uploads/a.png",
        "event_time": "2026-01-02T03:04:05.678Z",
        "label": "three",
        **changes,
    }
    return [{"FeatureName": name, "ValueAsString": text} for name, text in values.items() if text]


def _label(place: Place, group: str) -> str:
    answer = place.client(RUNTIME).get_record(
        FeatureGroupName=group, RecordIdentifierValueAsString="s3://uploads/a.png"
    )
    values = {value["FeatureName"]: value["ValueAsString"] for value in answer["Record"]}
    return str(values["label"])


def test_the_record_with_the_newest_event_time_is_read(place: Place) -> None:
    runtime, group = place.client(RUNTIME), place.new_group()
    # A record whose event time is not greater is historic, also one with the same time.
    for second, label in (("05", "first"), ("07", "newest"), ("06", "late"), ("07", "repeated")):
        event_time = f"2026-01-02T03:04:{second}.678Z"
        record = _record(event_time=event_time, label=label)
        runtime.put_record(FeatureGroupName=group, Record=record)
    assert _label(place, group) == "newest"


@pytest.mark.parametrize(
    "changes",
    [
        {"source_ref": ""},
        {"event_time": ""},
        {"event_time": "2026-01-02 03:04:05"},
        {"event_time": "2026-13-02T03:04:05Z"},
        {"unknown": "x"},
        {"confidence": "high"},
        {"attempts": "1.5"},
        {"attempts": str(1 << 63)},
        {"source_ref": "x" * 2049},
        {"label": "two\nlines"},
        {"label": "x" * 358_401},
    ],
)
def test_a_record_that_breaks_a_rule_is_refused(place: Place, changes: dict[str, str]) -> None:
    group = place.new_group()
    with pytest.raises(ClientError) as refused:
        place.client(RUNTIME).put_record(FeatureGroupName=group, Record=_record(**changes))
    assert code_of(refused) in ("ValidationError", "ValidationException")


def test_an_event_time_may_be_unix_seconds(place: Place) -> None:
    group = place.new_group()
    record = _record(event_time="1767323045.678", confidence="0.5", attempts="1")
    place.client(RUNTIME).put_record(FeatureGroupName=group, Record=record)
    assert _label(place, group) == "three"


def test_a_group_that_does_not_exist_is_refused(place: Place) -> None:
    with pytest.raises(ClientError) as refused:
        place.client(RUNTIME).put_record(FeatureGroupName="absent-group", Record=_record())
    assert code_of(refused) in ("ValidationError", "ValidationException", "ResourceNotFound")


def test_a_batch_takes_1_to_25_records(place: Place) -> None:
    runtime, group = place.client(RUNTIME), place.new_group()
    entry = {"FeatureGroupName": group, "Record": _record()}
    answer = runtime.batch_write_record(Entries=[entry] * 25)
    assert (answer["Errors"], answer["UnprocessedEntries"]) == ([], [])
    assert _label(place, group) == "three"
    with pytest.raises(ClientError):
        runtime.batch_write_record(Entries=[entry] * 26)


# Behaviour of the in-process account only.


def test_a_batch_names_refused_and_unprocessed_records(
    account: Account, account_place: AccountPlace
) -> None:
    name = account_place.new_group()
    entries: list[dict[str, Any]] = [
        {"FeatureGroupName": name, "Record": _record(source_ref=reference)}
        for reference in ("taken", "left", "failing", "wrong")
    ]
    entries[3]["Record"].append({"FeatureName": "unknown", "ValueAsString": "x"})
    account.features.unprocessed = lambda _entries: {1}
    account.features.failing = lambda _entries: {2: ("ServiceUnavailable", "later")}
    answer = account.client(RUNTIME).batch_write_record(Entries=entries)
    assert answer["UnprocessedEntries"] == [entries[1]]
    codes = [(error["Entry"], error["ErrorCode"]) for error in answer["Errors"]]
    assert codes == [(entries[2], "ServiceUnavailable"), (entries[3], "ValidationError")]
    assert [record["source_ref"] for record in account.features.groups[name].history] == ["taken"]


def test_batch_writes_exist_only_when_enabled(account: Account) -> None:
    assert not hasattr(account.client(RUNTIME), "batch_write_record")
    account.features.batched = True
    assert hasattr(account.client(RUNTIME), "batch_write_record")
    account.features.batched = False
    assert not hasattr(account.client(RUNTIME), "batch_write_record")


def test_history_keeps_every_write_and_a_repeat_stays_one_record(
    account: Account, account_place: AccountPlace
) -> None:
    name = account_place.new_group()
    for _ in range(2):
        account.client(RUNTIME).put_record(FeatureGroupName=name, Record=_record())
    group = account.features.groups[name]
    assert len(group.history) == 2
    assert len(group.newest) == 1

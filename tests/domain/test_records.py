"""The feature record: every column, nothing empty, one line, the same on every repeat."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.provenance import Provenance, RecordStatus
from labeling_lambdas.domain.records import (
    ExtraFeature,
    RecordContext,
    feature_record,
)
from tests.domain.examples import CLAIMS, TASK_TYPE, labeled_line, read, source

_COLUMNS = {
    "source_ref",
    "event_time",
    "label",
    "label_json",
    "confidence",
    "labeling_job",
    "status",
    "task_type",
    "label_schema",
    "source_version_id",
    "source_etag",
    "run_id",
    "attempts",
}
_CONTEXT = RecordContext(
    run_id="run",
    extra_features={},
)
_LABELED = Provenance("digits-run-label", TASK_TYPE, "sha256:0123456789abcdef")
#: ValueAsString has the pattern ".*", and a dot matches none of these.
_LINE_ENDS = re.compile("[\n\r\u0085\u2028\u2029]")

_TEXTS = st.lists(
    st.characters(blacklist_categories=["Cs"]) | st.sampled_from(list("\n\r\u0085\u2028\u2029é")),
    max_size=9,
).map("".join)


def context(**features: ExtraFeature) -> RecordContext:
    return _CONTEXT._replace(extra_features=features)


def record_of(line: dict[str, Any], how: RecordContext = _CONTEXT) -> dict[str, str]:
    return feature_record(ClaimedItem(source(), attempts=1), read(line), how, _LABELED)


def test_a_record_names_the_job_the_object_and_the_time() -> None:
    record = record_of(labeled_line("i"))
    assert record == {
        "source_ref": "s3://digits-uploads/a.png",
        "event_time": "2026-01-02T03:04:05.678Z",
        "label": "three",
        "label_json": record["label_json"],
        "confidence": "0.67",
        "labeling_job": "digits-run-label",
        "status": "LABELED",
        "task_type": TASK_TYPE,
        "label_schema": "sha256:0123456789abcdef",
        "source_version_id": "v1",
        "source_etag": "e",
        "run_id": "run",
        "attempts": "2",
    }
    line = labeled_line("i")
    assert json.loads(record["label_json"]) == {
        name: line[name] for name in ("digit-label", "digit-label-metadata")
    }


@given(CLAIMS.filter(lambda claim: bool(claim.source.etag)), _TEXTS.filter(str.strip), _TEXTS)
def test_every_column_has_one_line_and_a_repeated_record_is_equal(
    item: ClaimedItem, name: str, comment: str
) -> None:
    line = labeled_line(item.item_id, **{"class-name": name, "comment": comment})
    line["note"] = comment
    how = context(note=ExtraFeature("note", True), later=ExtraFeature("note", False))
    record = feature_record(item, read(line), how, _LABELED)
    assert set(record) >= _COLUMNS
    assert all(record.values())
    written = {name: text for name, text in record.items() if name != "source_ref"}
    assert not [name for name, text in written.items() if _LINE_ENDS.search(text)]
    assert feature_record(item, read(line), how, _LABELED) == record
    assert json.loads(record["label_json"])["digit-label-metadata"]["comment"] == comment


def test_unknown_values_are_omitted_not_written_empty() -> None:
    line = labeled_line("i")
    del line["digit-label-metadata"]["confidence"]
    item = ClaimedItem(source(etag=""))
    assert set(feature_record(item, read(line), _CONTEXT, _LABELED)) == _COLUMNS - {
        "confidence",
        "source_etag",
    }


@pytest.mark.parametrize(("confidence", "text"), [(0, "0.0"), (1, "1.0"), (0.5, "0.5")])
def test_a_confidence_of_zero_is_written(confidence: float, text: str) -> None:
    assert record_of(labeled_line("i", confidence=confidence))["confidence"] == text


def test_an_extra_feature_is_a_column_or_goes_into_extra_json() -> None:
    line = {**labeled_line("i"), "batch": {"site": "north\nwest", "size": 3}}
    record = record_of(
        line,
        context(
            site=ExtraFeature("batch.site", True),
            size=ExtraFeature("batch.size", False),
            whole=ExtraFeature("batch", False),
            absent=ExtraFeature("batch.nothing.below", True),
        ),
    )
    assert record["site"] == "north west"
    assert json.loads(record["extra_json"]) == {
        "size": "3",
        "whole": '{"site":"north\\nwest","size":3}',
    }
    assert "absent" not in record


def test_a_verified_label_names_the_job_that_verified_it_and_its_own_schema() -> None:
    provenance = Provenance(
        "digits-earlier-label",
        TASK_TYPE,
        "sha256:earlier",
        RecordStatus.VERIFIED,
        "digits-run-verify",
    )
    record = feature_record(ClaimedItem(source()), read(labeled_line("i")), _CONTEXT, provenance)
    found = [
        record[name] for name in ("labeling_job", "status", "verification_job", "label_schema")
    ]
    assert found == ["digits-earlier-label", "VERIFIED", "digits-run-verify", "sha256:earlier"]
    assert record["run_id"] == "run"


def test_a_line_without_a_label_makes_no_record() -> None:
    with pytest.raises(ValueError, match="has no label"):
        record_of({"item-id": "i"})

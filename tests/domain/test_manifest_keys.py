"""Keys of an uploader's row that never reach a manifest, and what counts as a verdict."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.items import ClaimedItem, TextContent
from labeling_lambdas.domain.manifest_keys import without_answers, without_verdict
from labeling_lambdas.domain.manifest_lines import manifest_lines
from labeling_lambdas.domain.output_lines import read_output_line
from labeling_lambdas.domain.verification import is_verdict_of, read_verdict
from tests.domain.examples import custom_review, labeled_line, reviewed_line, source, verification

_ANSWERS = ["digit-label", "digit-verification", "source", "source-ref", "item-id"]
_KEYS = st.one_of(
    st.text(min_size=1, max_size=8),
    st.builds(
        lambda around, name, ending, case: around + case(name + ending) + around,
        st.sampled_from(["", " ", "\t", "\u00a0"]),
        st.sampled_from(_ANSWERS),
        st.sampled_from(["", "-metadata", "-ref", "-ref-metadata", "-x"]),
        st.sampled_from([str, str.upper, str.title, str.casefold]),
    ),
)
_VALUES = st.one_of(
    st.integers(0, 3),
    st.sampled_from(["0", "Correct", None, True]),
    st.just({"class-name": "Correct", "accepted": True, "votes": {"Correct": 9}}),
    st.just({"class-name": "Correct", "job-name": "digits-r-verify", "human-annotated": "yes"}),
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
def test_keys_that_look_like_answers_are_removed_from_a_row(row: dict[str, Any]) -> None:
    claim = ClaimedItem(source("a.jsonl", line=1), content=TextContent("x", row))
    (text,) = manifest_lines([claim], manifest_key="source", attribute="digit-label")
    line = json.loads(text)
    assert (line["source"], line["item-id"]) == ("x", claim.item_id)
    # Ground Truth gives back as it was what nobody worked on.
    assert read_verdict(line, verification()) is None
    output = read_output_line(
        text, task_type="text_single_label_classification", attribute="digit-label"
    )
    assert (output.label, output.reached) == (None, False)
    folded = {key.strip().casefold() for key in line}
    assert not any(key.startswith(("digit-label-", "digit-verification-")) for key in folded)
    assert {"source", "item-id"} == folded & set(_ANSWERS)


def test_other_keys_of_a_row_are_passed_through() -> None:
    row = {
        "ticket": 1,
        "source-language": "en",
        "digit-labels": 2,
        "digit": 3,
        "digit-verified-by": "x",
        "label": 4,
        "verification": 5,
    }
    assert without_answers(row, "digit-label") == row


def test_the_names_of_a_mask_are_those_of_its_labels() -> None:
    row = {"digit-label-ref": 1, "digit-label": 2, "digit-label-ref-metadata": 3, "digit-masks": 4}
    assert without_answers(row, "digit-label-ref") == {"digit-masks": 4}


@given(st.dictionaries(_KEYS, _VALUES, max_size=8))
def test_reviewers_see_the_label_and_no_verdict(row: dict[str, Any]) -> None:
    line = {**row, **labeled_line("i")}
    shown = without_verdict(line, "digit-verification")
    assert read_verdict(shown, verification()) is None
    assert {key: shown[key] for key in labeled_line("i")} == labeled_line("i")


@pytest.mark.parametrize("shape", [reviewed_line, custom_review])
@pytest.mark.parametrize("prefix", ["", "labeling-job/"])
def test_a_verdict_is_one_of_the_job_that_its_metadata_name(shape: Any, prefix: str) -> None:
    line = shape(labeled_line("i"), job=f"{prefix}digits-r-verify")
    assert is_verdict_of(line, verification(), "Digits-R-verify")
    assert not is_verdict_of(line, verification(), "digits-r2-verify")
    assert not is_verdict_of(line, verification(), "digits-r-label")


@pytest.mark.parametrize(
    "changes",
    [
        {"human-annotated": "no"},
        {"human-annotated": False},
        {"job-name": None},
        {"job-name": ""},
        {"job-name": ["digits-r-verify"]},
    ],
)
def test_contradictory_metadata_make_no_verdict(changes: dict[str, Any]) -> None:
    line = reviewed_line(labeled_line("i"), job="digits-r-verify")
    assert is_verdict_of(line, verification(), "digits-r-verify")
    metadata = {**line["digit-verification-metadata"], **changes}
    changed = {**line, "digit-verification-metadata": metadata}
    assert not is_verdict_of(changed, verification(), "digits-r-verify")
    assert not is_verdict_of({**line, "digit-verification-metadata": "x"}, verification(), "x")

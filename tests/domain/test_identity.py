"""Computed names: distinct where the things differ, the same on a repeat, within AWS's limits."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain import identity
from tests.domain.examples import KEYS, SEQUENCERS, source

_VERSIONS = st.text(min_size=1, max_size=8).filter(lambda text: text.isprintable())
_TRIPLES = st.tuples(KEYS, KEYS, _VERSIONS)
_EXECUTION_NAMES = st.text("abcXYZ019_-.", min_size=1, max_size=80)


@given(_TRIPLES, _TRIPLES)
def test_different_object_versions_have_different_ids(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert (identity.item_id(*one) == identity.item_id(*other)) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("b", "a/b", "c"), ("b", "a", "b/c")),
        (("b", 'a","b', "c"), ("b", "a", 'b","c')),
        (("b", "a b.png", "v"), ("b", "a+b.png", "v")),
        (("b", "A.png", "v"), ("b", "a.png", "v")),
    ],
)
def test_no_character_of_a_key_makes_two_ids_equal(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    assert identity.item_id(*one) != identity.item_id(*other)


@given(_TRIPLES)
def test_ids_are_32_hexadecimal_characters_and_stable(triple: tuple[str, str, str]) -> None:
    found = identity.item_id(*triple)
    assert re.fullmatch("[0-9a-f]{32}", found)
    assert identity.item_id(*triple) == found


def test_an_id_never_changes_between_releases() -> None:
    # The ledger's rows are found by it: another value would label everything again.
    assert identity.item_id("bucket", "a b+é.png", "v1") == "b9799115672990854d3f6d3cbaee2fe1"


def test_a_line_is_an_item_of_its_own() -> None:
    lines = [source("a.txt", line=line) for line in (None, 1, 2, 12)]
    assert len({line.item_id for line in lines}) == len({line.key_id for line in lines}) == 4
    assert [line.uri for line in lines] == [
        "s3://digits-uploads/a.txt",
        "s3://digits-uploads/a.txt#L1",
        "s3://digits-uploads/a.txt#L2",
        "s3://digits-uploads/a.txt#L12",
    ]
    newer = source("a.txt", line=2, version_id="v2")
    assert newer.key_id == lines[2].key_id
    assert newer.item_id != lines[2].item_id


def test_the_id_of_a_line_never_changes_between_releases() -> None:
    assert identity.item_id("bucket", "a.txt", "v1", 7) == "6162f731e31d24e053e9ed2f41b1bc1c"


@given(KEYS, _VERSIONS, _VERSIONS)
def test_all_versions_of_a_key_share_the_identity_of_the_key(
    key: str, one: str, other: str
) -> None:
    assert source(key, version_id=one).key_id == source(key, version_id=other).key_id


@given(_EXECUTION_NAMES, st.datetimes())
def test_the_longest_pipeline_name_gives_a_labeling_job_name_that_ground_truth_takes(
    execution: str, started: object
) -> None:
    arn = f"arn:aws:states:us-east-1:123456789012:execution:digits:{execution}"
    run = identity.run_id(arn, f"{started:%Y}-01-02T03:04:05.678Z".rjust(24, "0"))
    assert re.fullmatch("[a-z0-9-]{1,26}", run)
    for stage in ("label", "verify"):
        name = identity.labeling_job_name("a" * 24, run, stage)
        assert len(name) <= 63
        assert re.fullmatch("[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)


def test_a_labeling_job_name_that_is_too_long_is_refused_with_the_rule() -> None:
    with pytest.raises(ValueError, match=r"at most 63 .* choose a shorter job_name"):
        identity.labeling_job_name("a" * 40, "20260101t000000-0123456789", "label")


@pytest.mark.parametrize("pipeline", ["a_b", "-a", "ä"])
def test_a_labeling_job_name_with_a_foreign_character_is_refused(pipeline: str) -> None:
    with pytest.raises(ValueError, match="labeling job name"):
        identity.labeling_job_name(pipeline, "20260101t000000-0123456789", "label")


def test_runs_sort_by_their_start_and_a_repeat_finds_the_same_run() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:digits:one"
    starts = ["2026-01-02T03:04:05.678Z", "2026-01-02T03:04:06Z", "2026-11-02T03:04:05.1Z"]
    runs = [identity.run_id(arn, start) for start in starts]
    assert runs == sorted(runs)
    assert identity.run_id(arn, starts[0]) == runs[0]


def test_two_executions_of_one_second_are_two_runs() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:execution:digits"
    start = "2026-01-02T03:04:05.678Z"
    assert identity.run_id(f"{arn}:one", start) != identity.run_id(f"{arn}:two", start)


@given(st.lists(SEQUENCERS.filter(bool), min_size=2, max_size=6))
def test_sequencers_compare_as_s3_documents_padded_with_zeros_on_the_right(
    sequencers: list[str],
) -> None:
    width = max(map(len, sequencers))
    ordered = sorted(sequencers, key=identity.comparable_sequencer)
    padded = [int(text.ljust(width, "0"), 16) for text in ordered]
    assert all(one <= other for one, other in pairwise(padded))


def test_the_case_of_a_sequencer_is_ignored() -> None:
    assert identity.comparable_sequencer("0a1f") == identity.comparable_sequencer("0A1F")


def test_a_text_has_one_id_in_every_line_and_version_of_a_key() -> None:
    known = identity.text_id("b", "a.txt", "text", 1)
    assert known == identity.text_id("b", "a.txt", "text", 1)
    others = [("c", "a.txt", "text", 1), ("b", "b.txt", "text", 1)]
    others += [("b", "a.txt", "Text", 1), ("b", "a.txt", "text", 2)]
    assert known not in {identity.text_id(*other) for other in others}

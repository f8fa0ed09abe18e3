"""An item's side of a split depends on its object's key only."""

from __future__ import annotations

import random  # noqa: TC003 - hypothesis reads the annotations
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelctl.export.sources import file_name, source_of
from labelctl.export.split import WHOLE, Split, read_split
from tests.domain.examples import KEYS

SPLIT = read_split("train=0.8,val=0.1,test=0.1")
SPLITS = st.lists(st.integers(1, 20), min_size=1, max_size=5).map(
    lambda parts: Split(
        tuple((f"side{n}", Fraction(part, sum(parts))) for n, part in enumerate(parts))
    )
)


def sides(keys: list[str], split: Split) -> dict[str, str]:
    return {key: split.side_of(key) for key in keys}


@given(st.lists(KEYS), st.lists(KEYS), SPLITS, st.randoms())
def test_growth_of_a_set_moves_nobody(
    keys: list[str], more: list[str], split: Split, choice: random.Random
) -> None:
    grown = [*more, *keys]
    choice.shuffle(grown)
    before = sides(keys, split)
    assert {key: side for key, side in sides(grown, split).items() if key in before} == before


@given(KEYS.map(lambda key: f"{key}.txt"), st.integers(1, 10**6), st.integers(1, 10**6), SPLITS)
def test_all_lines_of_a_file_are_on_one_side(key: str, line: int, other: int, split: Split) -> None:
    refs = [f"s3://uploads/{key}#L{number}" for number in (line, other)]
    sources = [source_of({"source_ref": ref, "source_version_id": "v"}, texts=True) for ref in refs]
    assert [source.line for source in sources] == [line, other]
    assert {split.side_of(source.key) for source in sources} == {split.side_of(key)}


@given(KEYS)
def test_a_side_stays_if_only_the_sides_after_it_are_divided(key: str) -> None:
    side = read_split("train=0.8,test=0.2").side_of(key)
    assert (side == "train") == (SPLIT.side_of(key) == "train")


def test_each_side_has_its_share() -> None:
    count = 20_000
    found = Counter(SPLIT.side_of(f"inbox/{number}.png") for number in range(count))
    # Of 20,000 keys, the standard deviation of a share of 0.8 is 0.0028.
    for name, share in SPLIT.shares:
        assert abs(found[name] / count - float(share)) < 5 * 0.0028


def test_without_a_split_everything_is_on_one_side() -> None:
    assert read_split("") == WHOLE
    assert {WHOLE.side_of(f"{number}.png") for number in range(100)} == {"train"}


@pytest.mark.parametrize("text", ["train=0.8,val=0.1,test=0.1", "all=1", "a=0.25,b=0.75"])
def test_a_split_is_written_as_it_is_read(text: str) -> None:
    assert str(read_split(text)) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train", "is not a new name with a share"),
        ("Train=1", "is not a new name with a share"),
        ("a/b=1", "is not a new name with a share"),
        ("a=0.5,a=0.5", "is not a new name with a share"),
        ("a=half,b=0.5", "is not a number"),
        ("a=1/0", "is not a number"),
        ("a=1,b=0", "must be more than 0"),
        ("a=0.5,b=0.4", "must be 1 together, not 0.9"),
    ],
)
def test_what_is_no_split_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_split(text)


@given(KEYS, KEYS)
def test_no_two_objects_have_one_file_name(key: str, other: str) -> None:
    names = {file_name(key), file_name(other)}
    assert len(names) == len({key, other})
    for name in names:
        assert "/" not in name
        assert "\0" not in name
        assert len(name.encode()) < 255

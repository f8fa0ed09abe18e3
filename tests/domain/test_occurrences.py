"""Equal texts of a file are told apart by their number."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.occurrences import Occurrences


@given(st.lists(st.sampled_from(["a", "b", "A", " a", "é"])))
def test_each_text_has_its_own_count(texts: list[str]) -> None:
    occurrences, expected = Occurrences(), Counter[str]()
    for text in texts:
        expected[text] += 1
        assert occurrences.count(text) == expected[text]


def test_texts_beyond_the_limit_take_no_memory_and_count_as_the_first() -> None:
    occurrences = Occurrences(limit=2)
    assert [occurrences.count(text) for text in "abcacbc"] == [1, 1, 1, 2, 1, 2, 1]

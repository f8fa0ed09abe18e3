"""What several people agree on: one class, any number of classes, and anything marked alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.label_studio.agreement import agreed, plurality, share

_CHOSEN = st.lists(st.integers(0, 4), min_size=1, max_size=9)
_SEVERAL = st.lists(st.frozensets(st.integers(0, 4)), min_size=1, max_size=9)


@given(_CHOSEN)
def test_nobody_outvotes_the_chosen_class_and_ties_go_to_the_first(chosen: list[int]) -> None:
    winner, votes = plurality(chosen)
    assert votes == chosen.count(winner)
    for other in range(5):
        assert chosen.count(other) < votes or (chosen.count(other) == votes and winner <= other)


@given(_SEVERAL)
def test_a_class_counts_if_and_only_if_more_people_chose_it_than_did_not(
    answers: list[frozenset[int]],
) -> None:
    found = agreed(answers)
    for index in range(5):
        chose = [index in answer for answer in answers]
        assert (index in found) == (sum(chose) > chose.count(False))
        assert found.get(index, sum(chose)) == sum(chose)


@given(_SEVERAL, st.randoms())
def test_the_order_of_the_answers_does_not_matter(
    answers: list[frozenset[int]], choice: object
) -> None:
    shuffled = sorted(answers, key=lambda _: choice.random())  # type: ignore[attr-defined]
    assert agreed(shuffled) == agreed(answers)


def test_one_of_three_people_never_decides_but_one_of_one_does() -> None:
    assert plurality([2, 1, 1]) == (1, 2)
    assert agreed([{0}, {0, 1}, {2}]) == {0: 2}
    assert agreed([{0}, {1}]) == {}
    assert agreed([{0, 1}]) == {0: 1, 1: 1}
    assert agreed([[0, 0, 0], [1], [1]]) == {1: 2}


def test_a_person_alone_agrees_with_nobody() -> None:
    assert share(1, 1) == 0
    assert share(2, 3) == 0.67
    assert share(3, 3) == 1

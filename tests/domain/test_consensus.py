"""Custom verification: what reviewers are shown, how their answers are read and merged."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.consensus import Review, consensus, read_review, task_input
from labeling_lambdas.domain.labels import UnreadableLineError
from labeling_lambdas.domain.task_types import task_type
from tests.domain.examples import labeled_line, verification

_CATEGORIES = ["Correct", "Wrong label", "Unclear"]
_VOTES = st.lists(st.sampled_from(_CATEGORIES), min_size=1, max_size=9)


@given(_VOTES)
def test_more_than_half_must_accept(votes: list[str]) -> None:
    found = consensus([Review(vote) for vote in votes], verification())
    counts = Counter(votes)
    assert found["accepted"] == (counts["Correct"] > len(votes) / 2)
    assert (found["class-name"] == "Correct") == found["accepted"]
    assert found["votes"] == counts
    if not found["accepted"]:
        most = max(count for name, count in counts.items() if name != "Correct")
        assert counts[found["class-name"]] == most


@given(_VOTES, st.randoms())
def test_the_order_of_the_answers_does_not_matter(votes: list[str], random: Any) -> None:
    shuffled = random.sample(votes, len(votes))
    one, other = (
        consensus([Review(vote) for vote in order], verification()) for order in (votes, shuffled)
    )
    assert one == other


@pytest.mark.parametrize(
    ("votes", "category"),
    [
        (["Correct"], "Correct"),
        (["Correct", "Unclear"], "Unclear"),
        (["Correct", "Correct", "Unclear"], "Correct"),
        (["Unclear", "Wrong label"], "Wrong label"),
        (["Correct", "Unclear", "Wrong label", "Correct"], "Wrong label"),
        (["Unclear", "Unclear", "Wrong label"], "Unclear"),
    ],
)
def test_a_tie_rejects_with_the_first_of_the_rejecting_categories(
    votes: list[str], category: str
) -> None:
    found = consensus([Review(vote, f"{vote}!") for vote in votes], verification())
    assert found["class-name"] == category
    assert found["comments"] == [f"{vote}!" for vote in votes]


_ANSWER = {"verification": {"label": "Unclear"}, "comment": "why"}


@pytest.mark.parametrize(
    "content",
    [
        _ANSWER,
        json.dumps(_ANSWER),
        json.dumps(json.dumps(_ANSWER)),
        {**_ANSWER, "verification": "Unclear"},
    ],
)
def test_an_answer_is_read_however_often_it_was_encoded(content: Any) -> None:
    assert read_review(content, _CATEGORIES) == Review("Unclear", "why")


@pytest.mark.parametrize(
    "content",
    [
        *(None, "", "{", "[]", 3, [], {}),
        {"verification": {}},
        {"verification": {"label": ""}},
        {"verification": {"label": 1}},
        {"verification": {"label": "of nobody"}},
        {"answer": {"label": "Correct"}},
    ],
)
def test_an_answer_without_a_category_is_not_counted(content: Any) -> None:
    assert read_review(content, _CATEGORIES) is None


def test_any_category_is_accepted_if_none_is_known_and_a_comment_is_optional() -> None:
    assert read_review({"verification": {"label": "Own"}}, None) == Review("Own")


def shown(line: dict[str, Any], name: str) -> dict[str, Any]:
    return task_input(
        line, task_type=task_type(name), attribute="digit-label", verification=verification()
    )


def test_reviewers_of_a_class_see_the_image_and_the_class() -> None:
    assert shown(labeled_line("i"), "image_single_label_classification") == {
        "taskObject": "s3://digits-uploads/a.png",
        "labels": _CATEGORIES,
        "given": ["three"],
        "segments": [],
    }


def test_reviewers_of_several_classes_see_each_once() -> None:
    line = {
        **labeled_line("i", **{"class-map": {"0": "cat", "2": "dog"}, "confidence-map": {}}),
        "digit-label": [2, 0, 2],
        "source": "text",
    }
    found = shown(line, "text_multi_label_classification")
    assert (found["taskObject"], found["given"]) == ("text", ["dog", "cat"])


def entities(text: str, *spans: tuple[str, int, int]) -> dict[str, Any]:
    annotations = {
        "entities": [
            {"label": label, "startOffset": start, "endOffset": end} for label, start, end in spans
        ],
        "labels": [],
    }
    line = {**labeled_line("i"), "digit-label": {"annotations": annotations}, "source": text}
    return shown(line, "named_entity_recognition")


@pytest.mark.parametrize(
    ("spans", "segments"),
    [
        ([], [("Ada was here", "")]),
        ([("Person", 0, 3)], [("Ada", "Person"), (" was here", "")]),
        ([("Place", 8, 12)], [("Ada was ", ""), ("here", "Place")]),
        ([("Person", 0, 12)], [("Ada was here", "Person")]),
        (
            [("B", 2, 6), ("A", 0, 4)],
            [("Ad", "A"), ("a ", "B, A"), ("wa", "B"), ("s here", "")],
        ),
        ([("A", 4, 4), ("B", 8, 99)], [("Ada ", ""), ("was ", ""), ("here", "B")]),
    ],
)
def test_a_text_is_split_at_the_offsets_of_its_entities(
    spans: list[tuple[str, int, int]], segments: list[tuple[str, str]]
) -> None:
    found = entities("Ada was here", *spans)["segments"]
    assert [(segment["text"], segment["label"]) for segment in found] == segments


@given(
    st.text(max_size=30),
    st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 40), st.integers(0, 40)), max_size=5),
)
def test_the_segments_joined_are_the_text(text: str, spans: list[tuple[str, int, int]]) -> None:
    ordered = [(label, *sorted(ends)) for label, *ends in spans]
    found = entities(text, *ordered)  # type: ignore[arg-type]
    assert "".join(segment["text"] for segment in found["segments"]) == text
    assert found["given"] == list(dict.fromkeys(label for label, *_ in spans))


@pytest.mark.parametrize(
    ("marked", "start", "end"), [("Ada", 2, 5), ("Ada", 3, 6), (None, 2, 5), ("Eve", 2, 5)]
)
def test_offsets_in_utf16_units_are_detected_by_the_text_of_the_entities(
    marked: str | None, start: int, end: int
) -> None:
    entity: dict[str, Any] = {"label": "Person", "startOffset": start, "endOffset": end}
    if marked is not None:
        entity["text"] = marked
    line = {
        **labeled_line("i"),
        "digit-label": {"annotations": {"entities": [entity], "labels": []}},
        "source": "\U0001f600 Ada was here",
    }
    segments = shown(line, "named_entity_recognition")["segments"]
    (found,) = [segment["text"] for segment in segments if segment["label"]]
    # Where nothing marked tells, or fits neither, offsets count characters.
    text = line["source"]
    assert found == ("Ada" if marked == "Ada" else text[start:end])


def test_a_line_without_a_readable_label_makes_no_task() -> None:
    with pytest.raises(UnreadableLineError):
        shown({**labeled_line("i"), "digit-label": "x"}, "image_single_label_classification")

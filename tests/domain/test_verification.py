"""What is verified, and what reviewers said: by class name, by index, in every shape seen."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.verification import Verdict, read_verdict
from tests.domain.examples import custom_review, labeled_line, reviewed_line, verification

_ITEM_IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
_LINE = labeled_line("i")


def wants(item_id: str, line: dict[str, Any], percent: float = 100) -> bool:
    settings = verification(sample_percent=percent)
    return settings.wants(item_id, compact_json(line), line)


@given(_ITEM_IDS, st.floats(0, 100), st.floats(0, 100))
def test_a_larger_sample_contains_the_smaller_one(item_id: str, one: float, other: float) -> None:
    smaller, larger = sorted([one, other])
    assert wants(item_id, _LINE, larger) or not wants(item_id, _LINE, smaller)
    assert wants(item_id, _LINE, 100)
    assert not wants(item_id, _LINE, 0)


@pytest.mark.parametrize("percent", [1, 10, 50, 99])
def test_a_sample_has_the_configured_share(percent: int) -> None:
    # Evenly spread identities, as hashes are.
    count = 10_000
    ids = [f"{number * 2**32 // count:08x}" + "0" * 24 for number in range(count)]
    found = sum(wants(item_id, _LINE, percent) for item_id in ids)
    assert found == pytest.approx(count * percent / 100, abs=1)


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ({**_LINE, "source": "x" * 20_000}, True),
        ({**_LINE, "source": "x" * 20_001}, False),
        ({**_LINE, "digit-label": {"annotations": ["x" * 20_000]}}, False),
        ({f"key-{number}": "x" * 20_000 for number in range(4)}, True),
        ({f"key-{number}": "x" * 20_000 for number in range(5)}, False),
    ],
)
def test_a_label_beyond_the_limits_of_ground_truth_is_not_verified(
    line: dict[str, Any], fits: bool
) -> None:
    assert wants("0" * 32, line) is fits


@pytest.mark.parametrize("shape", [reviewed_line, custom_review])
@pytest.mark.parametrize("category", ["Correct", "Wrong label", "Unclear"])
def test_a_verdict_is_read_by_category_in_either_format(shape: Any, category: str) -> None:
    line = shape(_LINE, category, "too loose", "no")
    found = read_verdict(line, verification())
    assert found == Verdict(category == "Correct", category, ("too loose", "no"))
    assert found.detail == f"{category}; too loose; no"
    assert "loose" not in repr(found)


@pytest.mark.parametrize(
    ("index", "category"),
    [(0, "Correct"), ("0", "Correct"), (1, "Wrong label"), ("2", "Unclear")],
)
def test_a_verdict_is_read_by_index_without_a_category_name(
    index: int | str, category: str
) -> None:
    found = read_verdict(reviewed_line(_LINE, index=index), verification())
    assert found == Verdict(category == "Correct", category)


def test_an_index_into_unknown_categories_rejects_without_a_name() -> None:
    own = verification(categories=None)
    assert read_verdict(reviewed_line(_LINE, index=0), own) == Verdict(True, "Correct")
    assert read_verdict(reviewed_line(_LINE, index=3), own) == Verdict(False, "category 3")
    named = reviewed_line(_LINE, "Anything else")
    assert read_verdict(named, own) == Verdict(False, "Anything else")


@pytest.mark.parametrize("index", [True, -1, 3, "x", "", None, [], 1.5])
def test_a_value_that_is_not_a_verdict_is_not_a_rejection(index: Any) -> None:
    line = {**reviewed_line(_LINE, index=0), "digit-verification": index}
    assert read_verdict(line, verification()) is Reason.VERIFICATION_FAILED


@pytest.mark.parametrize("shape", [reviewed_line, custom_review])
def test_an_unknown_category_is_not_a_verdict(shape: Any) -> None:
    # The categories may have changed while the job went on.
    line = shape(_LINE, "Right")
    assert read_verdict(line, verification()) is Reason.VERIFICATION_FAILED


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        ("ClientError: Annotation tasks expired.", Reason.VERIFICATION_EXPIRED),
        ("ClientError: x", Reason.VERIFICATION_FAILED),
    ],
)
@pytest.mark.parametrize("key", ["failure-reason", "failure_reason"])
def test_a_failed_line_has_a_reason(key: str, failure: str, reason: Reason) -> None:
    line = {**_LINE, "digit-verification-metadata": {key: failure}}
    assert read_verdict(line, verification()) is reason


def test_a_line_that_no_reviewer_was_offered_has_no_verdict() -> None:
    assert read_verdict(_LINE, verification()) is None


@given(st.text(max_size=3000), st.integers(1, 30))
def test_comments_fit_a_message_and_a_line(comment: str, count: int) -> None:
    line = reviewed_line(_LINE, "Unclear", *[comment] * count)
    found = read_verdict(line, verification())
    assert isinstance(found, Verdict)
    assert len(found.comments) <= 9
    assert all(0 < len(comment) <= 1000 for comment in found.comments)
    found.detail.encode()
    assert "\n" not in found.detail


@given(st.recursive(st.none() | st.integers() | st.text(max_size=3), st.lists, max_leaves=4))
def test_any_value_and_any_feedback_are_read_without_an_exception(value: Any) -> None:
    for line in (
        {**_LINE, "digit-verification": value},
        {**_LINE, "digit-verification": {"class-name": value, "comments": value}},
        {
            **_LINE,
            "digit-verification": 0,
            "digit-verification-metadata": {"worker-feedback": value},
        },
    ):
        read_verdict(line, verification())

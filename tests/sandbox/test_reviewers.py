"""Reviewers tell right labels from wrong ones, and err independently at the set rates."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from labeling_sandbox.ground_truth import reviewers
from labeling_sandbox.ground_truth.answers import equality
from labeling_sandbox.ground_truth.answers.task import Answer, Category, Failure, Task
from labeling_sandbox.ground_truth.image_files import ImageSize
from labeling_sandbox.ground_truth.reviewers import Opinion, Review
from labeling_sandbox.ground_truth.task_kinds import KINDS
from labeling_sandbox.ground_truth.workforce import Workforce, work_on

if TYPE_CHECKING:
    from labeling_sandbox.ground_truth.answers.equality import Equality

CATEGORIES = ["Correct", "Wrong class", "Wrong place"]
CLASSES = [Category(name) for name in ("dog", "cat", "bird")]
TEXT = "Ada met Zoë in Bern."
BOX = {"left": 2, "top": 3, "width": 10, "height": 8}
SPAN = {"label": "dog", "startOffset": 0, "endOffset": 3}
EQUALITIES: dict[str, Equality] = {
    "ImageMultiClass": equality.one_class,
    "ImageMultiClassMultiLabel": equality.classes,
    "BoundingBox": equality.boxes,
    "SemanticSegmentation": equality.mask,
    "TextMultiClass": equality.one_class,
    "TextMultiClassMultiLabel": equality.classes,
    "NamedEntityRecognition": equality.entities,
}
#: Truths with contents and, where the task type allows it, without.
TRUTHS: dict[str, list[Any]] = {
    "ImageMultiClass": ["cat"],
    "TextMultiClass": ["cat"],
    "ImageMultiClassMultiLabel": [["cat", "dog"], []],
    "TextMultiClassMultiLabel": [["bird"], []],
    "BoundingBox": [[{"class": "cat", **BOX}, {"class": "dog", **BOX, "left": 25}], []],
    "SemanticSegmentation": [
        {"size": [40, 30], "regions": [{"class": "cat", "box": BOX}]},
        {"size": [40, 30], "regions": []},
    ],
    "NamedEntityRecognition": [[SPAN, {**SPAN, "startOffset": 15, "endOffset": 19}], []],
}
CASES = [(suffix, truth) for suffix, truths in TRUTHS.items() for truth in truths]


def review(right: bool | None, number: int = 0, count: int = 1) -> Review:
    return Review("job", f"item-{number}", CATEGORIES, count, right)


def judged(workforce: Workforce, right: bool | None, number: int = 0, count: int = 1) -> list[str]:
    found = reviewers.opinions(review(right, number, count), workforce)
    assert not isinstance(found, Failure)
    return [opinion.category for opinion in found]


def label(suffix: str, truth: Any, number: int, workers: int, **behaviour: Any) -> Answer:
    """Return the label of workers who know the truth, with this behaviour."""
    kind = KINDS[suffix]
    subject = TEXT if kind.source_key == "source" else "s3://b/1.png"
    line = {kind.source_key: subject, "item-id": f"item-{number}"}
    size = ImageSize(40, 30, 3) if kind.measures else None
    task = Task("job", line, CLASSES, workers, size)
    found = work_on(task, kind.labeler, Workforce(truth={subject: truth}, **behaviour))
    assert isinstance(found, Answer)
    return found


def says(suffix: str, given: Answer, truth: Any) -> bool:
    return EQUALITIES[suffix](given.value, given.details, truth, lambda _uri: given.mask or b"")


@pytest.mark.parametrize(("suffix", "truth"), CASES)
@pytest.mark.parametrize("workers", [1, 3])
def test_a_label_is_right_if_nobody_errs_and_wrong_if_all_do(
    suffix: str, truth: Any, workers: int
) -> None:
    for number in range(30):
        assert says(suffix, label(suffix, truth, number, workers), truth)
        assert not says(suffix, label(suffix, truth, number, workers, label_error_rate=1.0), truth)


@pytest.mark.parametrize(("suffix", "truth"), CASES)
def test_the_share_of_wrong_labels_is_the_same_for_every_type(suffix: str, truth: Any) -> None:
    labels = [label(suffix, truth, number, 3, label_error_rate=0.2) for number in range(400)]
    wrong = sum(not says(suffix, given, truth) for given in labels)
    assert 50 <= wrong <= 112  # 80, give or take four times the deviation.


def test_without_errors_reviewers_tell_right_from_wrong() -> None:
    for number in range(50):
        assert judged(Workforce(), True, number) == ["Correct"]
        assert judged(Workforce(), False, number)[0] in CATEGORIES[1:]
    reasons = {judged(Workforce(), False, number)[0] for number in range(50)}
    assert reasons == set(CATEGORIES[1:])


def test_a_label_without_a_truth_counts_as_right() -> None:
    assert judged(Workforce(accept_wrong_rate=0.5), None, count=9) == ["Correct"] * 9


def test_rates_are_shares_of_the_opinions() -> None:
    workforce = Workforce(accept_wrong_rate=0.1, reject_right_rate=0.3)
    right = [judged(workforce, True, number)[0] for number in range(1000)]
    wrong = [judged(workforce, False, number)[0] for number in range(1000)]
    assert 640 < right.count("Correct") < 760
    assert 60 < wrong.count("Correct") < 140


def test_reviewers_err_independently() -> None:
    workforce = Workforce(reject_right_rate=0.5)
    accepted = [judged(workforce, True, number, 2).count("Correct") for number in range(200)]
    assert set(accepted) == {0, 1, 2}
    assert 60 < accepted.count(1) < 140


def test_the_same_seed_gives_the_same_opinions() -> None:
    workforce = Workforce(reject_right_rate=0.5, comments=["a", "b"], seed=3)
    first = [reviewers.opinions(review(True, number, 3), workforce) for number in range(20)]
    again = [reviewers.opinions(review(True, number, 3), workforce) for number in range(20)]
    assert first == again


def test_only_rejections_have_comments() -> None:
    workforce = Workforce(comments=["not é", "no"], reject_right_rate=0.5)
    for number in range(30):
        found = reviewers.opinions(review(True, number, 3), workforce)
        assert not isinstance(found, Failure)
        for opinion in found:
            assert (opinion.category == "Correct") == (opinion.comment == "")


def test_another_category_can_be_the_accepted_one() -> None:
    workforce = Workforce(accepted_category="Wrong place")
    assert judged(workforce, True) == ["Wrong place"]
    assert judged(workforce, False)[0] in CATEGORIES[:2]


def test_reviews_fail_and_expire_as_other_tasks_do() -> None:
    workforce = Workforce(failure_rate=0.5, expiry_rate=0.5)
    assert isinstance(reviewers.opinions(review(True), workforce), Failure)


def test_the_built_in_consolidation_takes_the_majority() -> None:
    given = [Opinion("Wrong class", "a"), Opinion("Correct", ""), Opinion("Wrong class", "")]
    assert reviewers.consolidated(given, CATEGORIES) == Answer(
        1,
        {
            "class-name": "Wrong class",
            "confidence": 0.67,
            "type": "groundtruth/label-verification",
            "worker-feedback": [{"comment": "a"}],
        },
    )


def test_a_tie_can_end_either_way() -> None:
    workforce = Workforce(reject_right_rate=0.5)
    ends = set()
    for number in range(100):
        found = reviewers.opinions(review(True, number, 2), workforce)
        assert not isinstance(found, Failure)
        if len({opinion.category for opinion in found}) > 1:
            ends.add(reviewers.consolidated(found, CATEGORIES).details["class-name"] == "Correct")
    assert ends == {True, False}


SEGMENTS = [
    {"text": "Ada", "label": "dog"},
    {"text": " met Zoë in ", "label": ""},
    {"text": "Bern", "label": "dog"},
    {"text": ".", "label": ""},
]
SPANS = TRUTHS["NamedEntityRecognition"][0]


@pytest.mark.parametrize(
    ("given", "segments", "truth", "right"),
    [
        (["cat"], [], "cat", True),
        (["dog"], [], "cat", False),
        ([], [], "cat", False),
        (["cat", "dog"], [], "cat", False),
        (["dog", "cat"], [], ["cat", "dog"], True),
        (["cat"], [], ["cat", "dog"], False),
        ([], [], [], True),
        (["cat"], [], [], False),
        ([], SEGMENTS, SPANS, True),
        (["dog"], SEGMENTS, SPANS, True),
        ([], SEGMENTS, SPANS[:1], False),
        ([], SEGMENTS, [], False),
        ([], [{"text": TEXT, "label": ""}], [], True),
        ([], [{"text": TEXT, "label": ""}], SPANS, False),
        (["dog"], [], SPANS, False),
        ([], [{**SEGMENTS[0], "label": "cat"}, *SEGMENTS[1:]], SPANS, False),
        ([], [SEGMENTS[0], {"text": " met Zoe in ", "label": ""}, *SEGMENTS[2:]], SPANS, False),
        ([], [{"label": "dog"}], SPANS, False),
    ],
)
def test_what_a_custom_task_shows_is_compared_with_the_truth(
    given: list[str], segments: list[dict[str, str]], truth: Any, right: bool
) -> None:
    assert equality.shown(TEXT, given, segments, truth) is right


def test_boxes_cannot_be_judged_from_names() -> None:
    with pytest.raises(ValueError, match="no reviewer"):
        equality.shown("s3://b/1.png", ["cat"], [], {"size": [1, 1], "regions": []})


def test_a_mistake_changes_the_truth_in_its_own_form() -> None:
    task = Task("job", {"source": TEXT}, CLASSES[:1], 1)
    # Where there is one class, nobody can choose another.
    labeler = KINDS["TextMultiClass"].labeler
    assert labeler.mistaken(task, "dog", random.Random(1)) == "dog"

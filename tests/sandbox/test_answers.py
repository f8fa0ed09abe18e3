"""For each task type: the truth, mistakes, and the agreement of several workers."""

from __future__ import annotations

import random
from typing import Any

import pytest

from labeling_sandbox.ground_truth import image_files
from labeling_sandbox.ground_truth.answers.masks import colour
from labeling_sandbox.ground_truth.answers.task import Answer, Category, Task
from labeling_sandbox.ground_truth.image_files import ImageSize
from labeling_sandbox.ground_truth.task_kinds import KINDS

CATEGORIES = [Category("dog", "DOG"), Category("cat"), Category("bird")]
SIZE = ImageSize(40, 30, 3)
TEXT = "🎉 Ada met Zoë in Bern."
DOG = {"class": "dog", "left": 2, "top": 3, "width": 10, "height": 8}
CAT = {"class": "cat", "left": 20, "top": 3, "width": 10, "height": 8}
NAMES = {"dog": "Ada", "cat": "Zoë", "bird": "Bern"}
SPANS = [
    {"label": label, "startOffset": TEXT.index(name), "endOffset": TEXT.index(name) + len(name)}
    for label, name in NAMES.items()
]
REGIONS = [
    {"class": box["class"], "box": {key: box[key] for key in box if key != "class"}}
    for box in (DOG, CAT)
]
MULTI = ("ImageMultiClassMultiLabel", "TextMultiClassMultiLabel")
#: A truth of each task type that can have several parts.
TRUTHS: dict[str, Any] = {
    "BoundingBox": [DOG, CAT],
    "SemanticSegmentation": {"size": [40, 30], "regions": REGIONS},
    "NamedEntityRecognition": SPANS,
    **{suffix: ["bird", "dog"] for suffix in MULTI},
}
NOTHING: dict[str, Any] = {
    "BoundingBox": [],
    "SemanticSegmentation": {"regions": []},
    "NamedEntityRecognition": [],
    **{suffix: [] for suffix in MULTI},
}


def answer(
    suffix: str, truth: object, *, workers: int = 3, error_rate: float = 0.0, seed: int = 0
) -> Answer:
    kind = KINDS[suffix]
    subject = "s3://b/1.png" if kind.source_key == "source-ref" else TEXT
    size = SIZE if kind.measures else None
    task = Task("job", {kind.source_key: subject}, CATEGORIES, workers, size)
    return kind.labeler.label(task, truth, [error_rate] * workers, random.Random(seed))


def parts(suffix: str, given: Answer) -> Any:
    """Return an answer in a form that can be compared with the truth of its task type."""
    if suffix == "BoundingBox":
        names = given.details["class-map"]
        return [
            {"class": names[str(box["class_id"])], **{k: box[k] for k in box if k != "class_id"}}
            for box in given.value["annotations"]
        ]
    if suffix == "NamedEntityRecognition":
        return given.value["annotations"]["entities"]
    if suffix == "SemanticSegmentation":
        colours = given.details["internal-color-map"]
        return sorted(colour["class-name"] for colour in colours.values())
    return sorted(given.details["class-map"].values())


EXPECTED = {
    suffix: ["BACKGROUND", "cat", "dog"] if suffix == "SemanticSegmentation" else truth
    for suffix, truth in TRUTHS.items()
}


@pytest.mark.parametrize("suffix", TRUTHS)
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_who_make_no_mistakes_give_the_truth(suffix: str, workers: int) -> None:
    assert parts(suffix, answer(suffix, TRUTHS[suffix], workers=workers)) == EXPECTED[suffix]


@pytest.mark.parametrize("suffix", TRUTHS)
def test_several_workers_outvote_single_mistakes(suffix: str) -> None:
    def right(workers: int) -> int:
        answers = (
            answer(suffix, TRUTHS[suffix], workers=workers, error_rate=0.15, seed=seed)
            for seed in range(100)
        )
        return sum(parts(suffix, given) == EXPECTED[suffix] for given in answers)

    if suffix in MULTI:
        # A class that a single worker chose is in the union: more workers, more mistakes.
        assert right(workers=1) > right(workers=7)
    else:
        assert right(workers=1) < 80
        assert right(workers=7) > 90


@pytest.mark.parametrize("suffix", TRUTHS)
def test_an_empty_answer_counts_as_an_answer(suffix: str) -> None:
    given = answer(suffix, NOTHING[suffix])
    assert parts(suffix, given) in ([], ["BACKGROUND"])


@pytest.mark.parametrize("suffix", [*TRUTHS, "ImageMultiClass", "TextMultiClass"])
def test_workers_without_a_truth_still_answer(suffix: str) -> None:
    assert answer(suffix, None).details["type"].startswith("groundtruth/")


@pytest.mark.parametrize("suffix", [*TRUTHS, "ImageMultiClass", "TextMultiClass"])
@pytest.mark.parametrize("truth", [5, "fish", ["fish"], {"regions": [{"class": "fish"}]}])
def test_a_truth_of_another_form_is_refused(suffix: str, truth: object) -> None:
    with pytest.raises(ValueError, match="the truth"):
        answer(suffix, truth)


@pytest.mark.parametrize("suffix", MULTI)
def test_the_classes_with_most_votes_come_first(suffix: str) -> None:
    seen = set()
    for seed in range(40):
        given = answer(suffix, ["bird"], error_rate=0.5, seed=seed)
        shares = [given.details["confidence-map"][str(index)] for index in given.value]
        assert shares == sorted(shares, reverse=True)
        assert set(given.details["class-map"]) == {str(index) for index in given.value}
        seen.update(shares)
    assert seen == {0.33, 0.67, 1}


def test_the_median_of_the_boxes_counts() -> None:
    for seed in range(60):
        given = answer("BoundingBox", [DOG], error_rate=0.3, seed=seed)
        for box, agreed in zip(given.value["annotations"], given.details["objects"], strict=True):
            assert agreed["confidence"] in (0.67, 1)
            assert box["left"] in (2, 4)  # A misplaced box is a quarter of its width off.


def test_a_box_of_another_class_or_place_is_another_box() -> None:
    near, far = {**DOG, "class": "cat"}, {**DOG, "left": 25}
    given = answer("BoundingBox", [DOG, near, far])
    assert len(given.value["annotations"]) == 3
    assert given.value["image_size"] == [{"width": 40, "height": 30, "depth": 3}]


def test_the_confidence_of_a_single_worker_is_0() -> None:
    boxes = answer("BoundingBox", [DOG], workers=1)
    assert boxes.details["objects"] == [{"confidence": 0}]
    spans = answer("NamedEntityRecognition", SPANS, workers=1)
    assert spans.details["entities"] == [{"confidence": 0}] * 3
    mask = answer("SemanticSegmentation", TRUTHS["SemanticSegmentation"], workers=1)
    assert {colour["confidence"] for colour in mask.details["internal-color-map"].values()} == {0}


def test_the_mask_shows_each_class_in_its_colour() -> None:
    given = answer("SemanticSegmentation", TRUTHS["SemanticSegmentation"])
    assert given.mask is not None
    assert image_files.size(given.mask) == ImageSize(40, 30, 3)
    mask = image_files.pixels(given.mask)
    shown = {
        f"#{mask.palette[mask.rows[row][column]].hex()}"
        for row, column in ((5, 5), (5, 25), (0, 0))
    }
    colours = given.details["internal-color-map"].values()
    assert shown == {colour["hex-color"] for colour in colours}
    assert mask.palette[mask.rows[10][11]].hex() == colour(0)[1:]
    assert mask.palette[mask.rows[11][12]].hex() == "ffffff"


def test_regions_that_leave_the_picture_are_cut_off() -> None:
    outside = {"class": "cat", "box": {"left": -5, "top": 25, "width": 100, "height": 100}}
    given = answer("SemanticSegmentation", {"size": [8, 30], "regions": [outside]})
    assert given.mask is not None
    assert [len(row) for row in image_files.pixels(given.mask).rows] == [8] * 30


def test_no_two_classes_share_a_colour() -> None:
    assert len({colour(index) for index in range(60)} | {"#ffffff"}) == 61


def test_entities_come_in_the_order_of_the_text_with_the_labels_of_the_job() -> None:
    given = answer("NamedEntityRecognition", [*reversed(SPANS)])
    assert [
        TEXT[entity["startOffset"] : entity["endOffset"]]
        for entity in parts("NamedEntityRecognition", given)
    ] == ["Ada", "Zoë", "Bern"]
    assert given.value["annotations"]["labels"] == [
        {"label": "dog", "shortDisplayName": "DOG"},
        {"label": "cat"},
        {"label": "bird"},
    ]


def test_a_truth_with_an_entity_outside_of_the_text_is_refused() -> None:
    beyond = {"label": "dog", "startOffset": 0, "endOffset": len(TEXT) + 1}
    with pytest.raises(ValueError, match="outside of the text"):
        answer("NamedEntityRecognition", [beyond])


@pytest.mark.parametrize("suffix", TRUTHS)
def test_each_answer_has_the_form_of_its_element(suffix: str) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/sms-ui-template-reference.html."""
    forms = {
        "BoundingBox": ("boundingBoxes", "inputImageProperties"),
        "SemanticSegmentation": ("inputImageProperties", "labelMappings", "labeledImage"),
        "NamedEntityRecognition": ("entities",),
    }
    found = answer(suffix, TRUTHS[suffix])
    assert len(found.given) == 3
    assert all(tuple(given) == forms.get(suffix, ("labels",)) for given in found.given)
    assert len({str(given) for given in found.given}) == 1

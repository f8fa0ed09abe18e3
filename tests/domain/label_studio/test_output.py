"""Annotations as lines of Ground Truth's output manifest, read by the functions' own parser."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.label_studio import palette_png
from labeling_lambdas.domain.label_studio.controls import CONTROLS
from labeling_lambdas.domain.label_studio.output import (
    ConvertedLine,
    LabelingProject,
    labeled_line,
    verdict_line,
)
from labeling_lambdas.domain.label_studio.pictures import PictureSize
from labeling_lambdas.domain.output_lines import OutputLine, read_output_line
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.task_types import task_type
from labeling_lambdas.domain.verification import Verdict, read_verdict
from tests.domain.examples import verification
from tests.domain.label_studio.annotations import (
    HEIGHT,
    LABELS,
    WIDTH,
    Result,
    annotation,
    box,
    brush,
    by_people,
    choices,
    comment,
    on_picture,
    span,
)

_TEXT = "\U0001f389 Zoë flew to São Paulo"
_PICTURE = PictureSize(WIDTH, HEIGHT, 1)
_PIXELS = WIDTH * HEIGHT
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["x", "y", "width", "height", "rle", "start", "end", "choices", "labels"]
            )
            | st.sampled_from(sorted({control.result_type for control in CONTROLS.values()})),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)
#: An answer of each task type.
_ANSWERS: dict[str, list[Result]] = {
    "image_bounding_box": [box("cat", 1, 2, 3, 4)],
    "image_multi_label_classification": [choices("dog", "bird")],
    "image_semantic_segmentation": [brush("cat", bytes([0, 255] * (_PIXELS // 2)))],
    "image_single_label_classification": [choices("bird")],
    "named_entity_recognition": [span("cat", 2, 5, "Zoë")],
    "text_multi_label_classification": [choices("dog", "bird")],
    "text_single_label_classification": [choices("bird")],
}
_CLASSES = {
    "image_bounding_box": ["cat"],
    "image_multi_label_classification": ["bird", "dog"],
    "image_semantic_segmentation": ["cat"],
    "image_single_label_classification": ["bird"],
    "named_entity_recognition": ["cat"],
    "text_multi_label_classification": ["bird", "dog"],
    "text_single_label_classification": ["bird"],
}
_MAY_BE_EMPTY = [name for name in _ANSWERS if "single" not in name]


def project(name: str, people: int = 1) -> LabelingProject:
    return LabelingProject("Job-1", task_type(name), "a-label", LABELS, people, "s3://o/masks")


def line_of(name: str) -> dict[str, Any]:
    key = task_type(name).manifest_key
    return {key: "s3://b/k.png" if key == "source-ref" else _TEXT, "item-id": "i1", "extra": 1}


def converted(
    name: str, annotations: list[dict[str, Any]], people: int = 1, **options: Any
) -> ConvertedLine:
    options = {"picture": _PICTURE, **options}
    return labeled_line(line_of(name), annotations, project(name, people), **options)


def parsed(name: str, line: ConvertedLine) -> OutputLine:
    labels = frozenset(LABELS)
    return read_output_line(
        compact_json(line.line), task_type=name, attribute="a-label", labels=labels
    )


def reason_of(line: ConvertedLine) -> str:
    assert "a-label" not in line.line
    return str(line.line["a-label-metadata"]["failure-reason"])


@pytest.mark.parametrize("name", _ANSWERS)
def test_the_parser_reads_a_label_and_the_line_keeps_its_keys(name: str) -> None:
    line = converted(name, by_people(_ANSWERS[name]))
    found = parsed(name, line)
    assert found.label is not None
    assert found.reached
    assert found.label.created_at == "2026-11-30T12:00:00.250Z"
    assert line_of(name).items() <= line.line.items()
    assert line.line["a-label-metadata"]["job-name"] == "labeling-job/job-1"
    assert sorted(found.label.names) == _CLASSES[name]


@pytest.mark.parametrize("name", _ANSWERS)
def test_two_people_who_agree_outvote_a_third(name: str) -> None:
    right, empty = _ANSWERS[name], [] if name in _MAY_BE_EMPTY else [choices("dog")]
    alone = parsed(name, converted(name, by_people(right))).label
    together = parsed(name, converted(name, by_people(right, empty, right), people=3)).label
    assert alone is not None
    assert together is not None
    assert together.names == alone.names
    assert together.confidence == pytest.approx(0.67, abs=0.011)
    assert alone.confidence == 0


@pytest.mark.parametrize("name", _MAY_BE_EMPTY)
def test_an_empty_answer_is_a_label_without_classes(name: str) -> None:
    line = converted(name, by_people([]))
    found = parsed(name, line)
    assert found.label is not None
    assert found.label.names == ()
    if name == "image_bounding_box":
        size = {"width": WIDTH, "height": HEIGHT, "depth": 1}
        assert line.line["a-label"]["image_size"] == [size]
    if name == "image_semantic_segmentation":
        assert line.mask is not None
        assert palette_png.read(line.mask).indexes == bytes(_PIXELS)


@pytest.mark.parametrize("name", ["image_bounding_box", "image_semantic_segmentation"])
def test_an_empty_answer_about_a_picture_of_unknown_size_is_none(name: str) -> None:
    line = converted(name, by_people([]), picture=None)
    assert "size of the picture cannot be read" in reason_of(line)
    drawn = converted(name, by_people(_ANSWERS[name]), picture=None)
    assert parsed(name, drawn).label is not None


def test_an_empty_choice_of_one_class_is_no_answer() -> None:
    name = "image_single_label_classification"
    for results in ([], [choices()], [choices("dog", "cat")], [choices("dog"), choices("cat")]):
        assert "exactly one class" in reason_of(converted(name, by_people(results)))


@pytest.mark.parametrize("name", _ANSWERS)
@pytest.mark.parametrize("change", ["class", "control", "type"])
def test_an_answer_with_an_unknown_class_or_control_is_rejected_with_its_reason(
    name: str, change: str
) -> None:
    (result,) = _ANSWERS[name]
    kind = result["type"]
    wrong = {
        "class": {**result, "value": {**result["value"], kind: ["secret"]}},
        "control": {**result, "from_name": "secret"},
        "type": {**result, "type": "secret"},
    }[change]
    annotations = by_people(_ANSWERS[name], [wrong], _ANSWERS[name])
    line = converted(name, annotations, people=3)
    what = "names a class" if change == "class" else "names a control"
    assert f"annotation {annotations[1]['id']} {what}" in reason_of(line)
    assert "secret" not in compact_json(line.line)
    found = parsed(name, line)
    assert (found.reason, found.reached) == (Reason.ANNOTATION_FAILED, True)


@pytest.mark.parametrize("name", _ANSWERS)
@given(value=_ANYTHING, result=_ANYTHING)
def test_whatever_the_api_took_gives_a_line_that_the_parser_reads(
    name: str, value: Any, result: Any
) -> None:
    (good,) = _ANSWERS[name]
    annotations = by_people([{**good, "value": value}])
    assert parsed(name, converted(name, annotations)).item_id == "i1"
    given_value = value if isinstance(value, dict) else {}
    annotations = by_people([{**good, "value": {**good["value"], **given_value}}])
    assert parsed(name, converted(name, annotations)).item_id == "i1"
    annotations[0]["result"] = result
    assert parsed(name, converted(name, annotations)).item_id == "i1"


def test_the_newest_answer_of_a_person_counts_and_the_person_counts_once() -> None:
    name = "image_single_label_classification"
    first, second = "2026-11-30T12:00:00Z", "2026-11-30T12:00:01+00:00"
    annotations = [
        annotation(choices("cat"), person=1, created_at=second),
        annotation(choices("dog"), person=1, created_at=first),
    ]
    assert converted(name, annotations).line["a-label"] == 1
    assert "1 of 2 answered, 0 declined" in reason_of(converted(name, annotations, people=2))
    # Also where the person is an object, as in an export.
    exported = [{**one, "completed_by": {"id": 1}} for one in annotations]
    assert converted(name, exported).line["a-label"] == 1


def test_a_label_is_as_old_as_its_last_answer() -> None:
    name = "image_single_label_classification"
    moments = ("2026-11-30T12:00:00Z", "2026-11-30T15:00:00+02:00", "2026-11-30T12:30:00")
    annotations = [
        annotation(choices("cat"), person=person, created_at=moment)
        for person, moment in enumerate(moments)
    ]
    label = parsed(name, converted(name, annotations, people=3)).label
    assert label is not None
    assert label.created_at == "2026-11-30T13:00:00.000Z"


def test_a_person_who_declines_in_the_end_has_given_no_answer() -> None:
    name = "image_single_label_classification"
    annotations = [
        annotation(choices("cat"), created_at="2026-11-30T12:00:00Z"),
        annotation(skipped=True, created_at="2026-11-30T12:00:01Z"),
    ]
    line = converted(name, annotations)
    assert "0 of 1 answered, 1 declined" in reason_of(line)
    assert parsed(name, line).reason is Reason.ANNOTATION_EXPIRED


def test_an_object_that_nobody_was_offered_is_unchanged_until_its_time_has_passed() -> None:
    name = "image_single_label_classification"
    found = parsed(name, converted(name, []))
    assert (found.reason, found.reached) == (Reason.NOT_LABELED, False)
    assert converted(name, []).line == line_of(name)
    found = parsed(name, converted(name, [], expired=True))
    assert (found.reason, found.reached) == (Reason.ANNOTATION_EXPIRED, True)


def test_relations_between_regions_are_no_answer() -> None:
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    line = converted("image_bounding_box", by_people([box("cat", 1, 2, 3, 4), relation]))
    assert len(line.line["a-label"]["annotations"]) == 1


@given(
    st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 12), st.integers(1, 12)
)
def test_a_box_is_in_whole_pixels_of_the_picture(
    left: int, top: int, width: int, height: int
) -> None:
    line = converted("image_bounding_box", by_people([box("cat", left, top, width, height)]))
    (found,) = line.line["a-label"]["annotations"]
    assert found == {
        "class_id": 1,
        "left": left,
        "top": top,
        "width": min(width, WIDTH - left),
        "height": min(height, HEIGHT - top),
    }


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (box("cat", 1, 1, 3, 3, rotation=20), "turned box"),
        ({**box("cat", 1, 1, 3, 3), "image_rotation": 90}, "turned picture"),
        (box("cat", 1, 1, 0, 3), "outside"),
        (box("cat", 1, 1, -1, 3), "outside"),
        (box("cat", WIDTH, 1, 1, 3), "outside"),
        (box("cat", 1, 1, 1e306, 3, x=1e308), "outside"),
        (box("cat", 1, 1, 3, 3, x="1"), "without x"),
        (box("cat", 1, 1, 3, 3, y=float("nan")), "without y"),
        (box("cat", 1, 1, 3, 3, rectanglelabels=["cat", "dog"]), "exactly one class"),
        (on_picture(box("cat", 1, 1, 3, 3), 100, 100), "another size"),
        (on_picture(box("cat", 1, 1, 3, 3), 0, 100), "not of one picture"),
    ],
)
def test_a_box_that_cannot_be_kept_is_rejected_with_its_reason(result: Result, reason: str) -> None:
    assert reason in reason_of(converted("image_bounding_box", by_people([result])))


def test_a_picture_is_measured_as_people_saw_it() -> None:
    # 6 x 8 in the file, turned by its Exif data or by a browser that knows better.
    line = converted(
        "image_bounding_box",
        by_people(_ANSWERS["image_bounding_box"]),
        picture=PictureSize(HEIGHT, WIDTH, 3),
    )
    size = {"width": WIDTH, "height": HEIGHT, "depth": 3}
    assert line.line["a-label"]["image_size"] == [size]


@given(st.lists(st.sampled_from([0, 1, 2, 3]), min_size=_PIXELS, max_size=_PIXELS))
def test_a_mask_has_the_class_of_each_pixel(pixels: list[int]) -> None:
    results = [
        brush(name, bytes(255 * (value == index) for value in pixels))
        for index, name in enumerate(LABELS, 1)
        if index in pixels
    ]
    line = converted("image_semantic_segmentation", by_people(results))
    assert line.mask is not None
    picture = palette_png.read(line.mask)
    entries = line.line["a-label-metadata"]["internal-color-map"].values()
    names = {entry["hex-color"]: entry["class-name"] for entry in entries}
    seen = [names[f"#{picture.colours[index].hex()}"] for index in picture.indexes]
    assert seen == [("BACKGROUND", *LABELS)[value] for value in pixels]
    assert line.line["a-label"] == "s3://o/masks/i1.png"


@pytest.mark.parametrize(
    "change",
    [{"rle": []}, {"rle": [1, 2, 3]}, {"rle": "x"}, {"rle": [300]}, {"rle": None}],
)
def test_run_lengths_that_are_none_are_rejected(change: dict[str, Any]) -> None:
    (good,) = _ANSWERS["image_semantic_segmentation"]
    results = [{**good, "value": {**good["value"], **change}}]
    line = converted("image_semantic_segmentation", by_people(results))
    assert "run lengths" in reason_of(line)


def test_a_mask_of_a_picture_that_is_too_large_is_rejected_before_it_is_painted() -> None:
    huge = on_picture(_ANSWERS["image_semantic_segmentation"][0], 60_000, 60_000)
    line = converted("image_semantic_segmentation", by_people([huge]), picture=None)
    assert "50000000 pixels" in reason_of(line)


@given(st.text(min_size=2, max_size=30), st.data())
def test_a_span_counts_unicode_characters(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    results = [span("cat", start, end, text[start:end])]
    name = "named_entity_recognition"
    line = labeled_line({"source": text, "item-id": "i"}, by_people(results), project(name))
    (entity,) = line.line["a-label"]["annotations"]["entities"]
    assert entity == {"label": "cat", "startOffset": start, "endOffset": end}


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        (span("cat", 3, 6, "Zoë"), "another place"),  # counted in UTF-16 units
        (span("cat", 2, 200, "Zoë"), "not in the text"),
        (span("cat", 5, 2, "Zoë"), "not in the text"),
        (span("cat", True, 5, "Zoë"), "not in the text"),
    ],
)
def test_a_span_that_is_not_where_its_text_is_is_rejected(result: Result, reason: str) -> None:
    assert reason in reason_of(converted("named_entity_recognition", by_people([result])))


def test_a_span_is_recognized_when_a_browser_changed_its_white_space() -> None:
    text = "from New\nYork"
    line = labeled_line(
        {"source": text, "item-id": "i"},
        by_people([span("cat", 5, 13, "New\\nYork")]),
        project("named_entity_recognition"),
    )
    assert line.line["a-label"]["annotations"]["entities"]


def judged(*answers: list[Result], people: int = 1) -> Verdict | Reason | None:
    settings = verification()
    line = verdict_line(
        {"source": "x", "item-id": "i"},
        by_people(*answers),
        settings,
        job_name="Job-2",
        people=people,
    )
    return read_verdict(line.line, settings)


def test_reviewers_decide_by_the_rule_of_verification() -> None:
    right, *others = verification().categories or ()
    wrong = others[0]
    yes = [choices(right, control="verdict")]
    no = [choices(wrong, control="verdict"), comment("the tail is missing")]
    assert judged(yes) == Verdict(True, right)
    assert judged(no, yes, yes, people=3) == Verdict(True, right, ("the tail is missing",))
    assert judged(no, yes, people=2) == Verdict(False, wrong, ("the tail is missing",))


def test_what_reviewers_do_to_the_label_changes_no_verdict() -> None:
    right = (verification().categories or ("",))[0]
    edited = [choices(right, control="verdict"), choices("anything", control="label")]
    assert judged(edited) == Verdict(True, right)


@pytest.mark.parametrize(
    "results",
    [
        [],
        [choices("no category", control="verdict")],
        [choices("a", "b", control="verdict")],
        [choices("a", control="secret")],
    ],
)
def test_a_judgement_without_one_category_is_none(results: list[Result]) -> None:
    right = [choices("Correct", control="verdict")]
    assert judged(right, results, right, people=3) is Reason.VERIFICATION_FAILED


def test_a_label_that_no_reviewer_judged_is_unchanged_or_expired() -> None:
    line, settings = {"source": "x", "item-id": "i"}, verification()
    untouched = verdict_line(line, [], settings, job_name="j", people=1)
    assert read_verdict(untouched.line, settings) is None
    expired = verdict_line(line, [], settings, job_name="j", people=1, expired=True)
    assert read_verdict(expired.line, settings) is Reason.VERIFICATION_EXPIRED

"""The answers of single people in the shape in which Ground Truth keeps them."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from labeling_lambdas.domain.label_studio import palette_png
from labeling_lambdas.domain.label_studio.jobs import StudioJob
from labeling_lambdas.domain.label_studio.worker_responses import (
    has_large_answers,
    worker_response,
)
from labeling_lambdas.domain.task_types import task_type
from tests.domain.examples import verification
from tests.domain.label_studio.annotations import (
    HEIGHT,
    LABELS,
    WIDTH,
    annotation,
    box,
    brush,
    by_people,
    choices,
    comment,
    span,
)

_URL = "https://labels.example.com"
_TEXT = "\U0001f389 Zoë flew to São Paulo"


def job(name: str, **changes: Any) -> StudioJob:
    settings = StudioJob("Job-1", "s3://o/m", 0.0, 60, name, "a-label", LABELS, "", 2)
    return settings._replace(**changes)


def response(name: str, *annotations: dict[str, Any], **changes: Any) -> Any:
    key = task_type(name).manifest_key
    line = {key: _TEXT if key == "source" else "s3://b/k.png", "item-id": "i1"}
    return worker_response(job(name, **changes), line, annotations, _URL)


def contents(name: str, *annotations: dict[str, Any], **changes: Any) -> list[Any]:
    return [it["answerContent"] for it in response(name, *annotations, **changes)["answers"]]


def test_an_answer_names_person_time_and_seconds() -> None:
    found = response(
        "image_single_label_classification",
        annotation(choices("cat"), person=7, lead_time=12.3456),
    )
    assert found == {
        "item-id": "i1",
        "answers": [
            {
                "answerContent": {"label": {"label": "cat"}},
                "submissionTime": "2026-11-30T12:00:00.250Z",
                "timeSpentInSeconds": 12.346,
                "workerId": "7",
                "workerMetadata": {
                    "identityData": {
                        "identityProviderType": "LabelStudio",
                        "issuer": _URL,
                        "sub": "7",
                    }
                },
            }
        ],
    }


@pytest.mark.parametrize("seconds", [None, True, "9", -1, float("nan"), float("inf")])
def test_seconds_that_are_none_are_not_kept(seconds: object) -> None:
    given = annotation(choices("cat"), lead_time=seconds)
    (answer,) = response("text_single_label_classification", given)["answers"]
    assert answer["timeSpentInSeconds"] is None


@pytest.mark.parametrize(
    ("name", "results", "content"),
    [
        ("text_multi_label_classification", [choices("dog", "bird")], {"labels": ["dog", "bird"]}),
        ("text_multi_label_classification", [], {"labels": []}),
        ("image_bounding_box", [], {"boundingBoxes": []}),
        (
            "image_bounding_box",
            [box("cat", 1, 2, 3, 4)],
            {
                "boundingBoxes": [{"height": 4, "label": "cat", "left": 1, "top": 2, "width": 3}],
                "inputImageProperties": {"height": HEIGHT, "width": WIDTH},
            },
        ),
        ("image_semantic_segmentation", [], {"labelMappings": {}}),
        (
            "named_entity_recognition",
            [span("cat", 2, 5, "Zoë")],
            {"entities": [{"endOffset": 5, "label": "cat", "startOffset": 2}]},
        ),
    ],
)
def test_each_type_has_the_content_of_its_element(
    name: str, results: list[Any], content: dict[str, Any]
) -> None:
    assert contents(name, annotation(*results)) == [{"label": content}]


def test_a_mask_is_a_picture() -> None:
    region = bytes([0, 255] * (WIDTH * HEIGHT // 2))
    (content,) = contents("image_semantic_segmentation", annotation(brush("cat", region)))
    mask = content["label"]
    read = palette_png.read(base64.b64decode(mask["labeledImage"]["pngImageData"]))
    assert (read.width, read.height) == (WIDTH, HEIGHT)
    assert read.indexes == bytes([0, 2] * (WIDTH * HEIGHT // 2))
    assert f"#{read.colours[2].hex()}" == mask["labelMappings"]["cat"]["color"]
    assert has_large_answers(job("image_semantic_segmentation"))
    assert not has_large_answers(job("image_semantic_segmentation", verification=verification()))


def test_the_answer_of_a_reviewer_is_kept_with_its_comment() -> None:
    judged = verification()
    rejected = (judged.categories or ())[1]
    given = annotation(choices(rejected, control="verdict"), comment("a nine"))
    assert contents("image_bounding_box", given, verification=judged) == [
        {"verdict": {"label": rejected}, "comment": "a nine"}
    ]


def test_an_unusable_answer_has_no_content_and_leaves_the_others() -> None:
    given = by_people([choices("horse")], [choices("dog")])
    assert contents("image_single_label_classification", *given) == [
        {},
        {"label": {"label": "dog"}},
    ]


def test_the_newest_answer_of_a_person_counts_and_skips_do_not() -> None:
    first = annotation(choices("dog"), created_at="2026-11-30T12:00:00Z")
    second = annotation(choices("cat"), created_at="2026-11-30T12:00:01Z")
    assert contents("image_single_label_classification", second, first) == [
        {"label": {"label": "cat"}}
    ]
    assert response("image_single_label_classification", annotation(skipped=True)) is None
    assert response("image_single_label_classification") is None
    assert response("image_single_label_classification", {"id": 1}) is None

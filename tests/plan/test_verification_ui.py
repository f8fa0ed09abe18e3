"""What reviewers are shown, by task type: the label that was given, and what they may answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.plan.scenarios import TASK_TYPES, UNSAFE_CATEGORIES, UNSAFE_LABELS, UNSAFE_VERIFICATION
from tests.plan.worker_page import rendered_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_deployment.planned import Planned
    from tests.plan.worker_page import Element

pytestmark = pytest.mark.terraform

NATIVE_TYPES = ["image_bounding_box", "image_semantic_segmentation"]
CUSTOM_TYPES = [name for name in TASK_TYPES if name not in NATIVE_TYPES]
TEXT_TYPES = [name for name in CUSTOM_TYPES if not name.startswith("image")]
CLASSIFICATION_TYPES = [name for name in CUSTOM_TYPES if name != "named_entity_recognition"]
CLASSIFIERS = {
    name: "crowd-classifier" if name in TEXT_TYPES else "crowd-image-classifier"
    for name in TASK_TYPES
}

IMAGE = "s3://bucket/red flower's.png"
TEXT = (
    '</classification-target></crowd-form><script>alert("x")</script> {{ task.input.labels }}\n'
    "  & &amp; \"quoted\" 'text' {% raw %} line\u2028separator --> 🚗"
)
BOXES = [
    {"class_id": 1, "left": 10, "top": 20, "width": 30, "height": 40},
    {"class_id": 0, "left": 0, "top": 0, "width": 1, "height": 2},
    {"class_id": 1, "left": 5, "top": 6, "width": 7, "height": 8},
]
MASK = "s3://bucket/labeling-jobs/mask & more.png"
COLORS = {
    "0": {"class-name": "BACKGROUND", "hex-color": "#ffffff", "confidence": 0.9},
    "1": {"class-name": UNSAFE_LABELS[0], "hex-color": "#2ca02c", "confidence": 0.9},
    "2": {"class-name": UNSAFE_LABELS[1], "hex-color": "#1f77b4", "confidence": 0.9},
}


def template(planned: Planned) -> str:
    address = "module.ground_truth[0].aws_s3_object.verification_template[0]"
    return str(planned.resources[address]["content"])


def categories(planned: Planned) -> dict[str, Any]:
    address = "module.ground_truth[0].aws_s3_object.verification_categories[0]"
    parsed: dict[str, Any] = json.loads(planned.resources[address]["content"])
    return parsed


def boxes_line(boxes: list[dict[str, int]], classes: list[str]) -> dict[str, Any]:
    """A line of the labeling job's output manifest, with boxes."""
    class_map = {str(number): name for number, name in enumerate(classes)}
    return {
        "source-ref": IMAGE,
        "digits-label": {"annotations": boxes, "image_size": [{"width": 50, "height": 60}]},
        "digits-label-metadata": {"class-map": class_map, "type": "groundtruth/object-detection"},
    }


def mask_line(colors: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The same with a mask."""
    return {
        "source-ref": IMAGE,
        "digits-label-ref": MASK,
        "digits-label-ref-metadata": {"internal-color-map": colors},
    }


def native_input(line: dict[str, Any]) -> dict[str, Any]:
    return {"taskObject": IMAGE, "labels": UNSAFE_CATEGORIES, "manifestLine": line}


def custom_input(
    task_type: str, given: list[str], segments: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    return {
        "taskObject": TEXT if task_type in TEXT_TYPES else IMAGE,
        "labels": UNSAFE_CATEGORIES,
        "given": given,
        "segments": segments or [],
    }


def usual_input(task_type: str) -> dict[str, Any]:
    """A task with labels and texts that HTML, Liquid and JSON would take for their own."""
    if task_type == "image_bounding_box":
        return native_input(boxes_line(BOXES, UNSAFE_LABELS))
    if task_type == "image_semantic_segmentation":
        return native_input(mask_line(COLORS))
    segments = [{"text": TEXT, "label": ""}, {"text": TEXT, "label": UNSAFE_LABELS[1]}]
    return custom_input(task_type, UNSAFE_LABELS, segments)


def page(planned: Planned, task_input: dict[str, Any]) -> Element:
    return rendered_page(template(planned), task_input)


def classifier(root: Element) -> Element:
    (form,) = root.all("crowd-form")
    return form.children[0]


def overlay(root: Element) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(classifier(root).attributes["overlay"] or "")
    return parsed


def unsafe(plan: Callable[[str], Planned], task_type: str) -> Planned:
    return plan(f"unsafe verified {task_type}")


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_reviewers_choose_from_the_categories(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    root = page(unsafe(plan, task_type), usual_input(task_type))
    (script,) = root.all("script")
    assert script.attributes == {"src": "https://assets.crowd.aws/crowd-html-elements.js"}
    element = classifier(root)
    assert element.name == CLASSIFIERS[task_type]
    assert json.loads(element.attributes["categories"] or "") == UNSAFE_CATEGORIES
    assert categories(unsafe(plan, task_type)) == {
        "document-version": "2018-11-28",
        "labels": [{"label": category} for category in UNSAFE_CATEGORIES],
    }


@pytest.mark.parametrize("task_type", CUSTOM_TYPES)
def test_our_own_function_finds_the_judgement_and_the_comment_by_their_names(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    root = page(unsafe(plan, task_type), usual_input(task_type))
    (form,) = root.all("crowd-form")
    assert [child.attributes["name"] for child in form.children] == ["verification", "comment"]
    assert form.children[1].name == "crowd-text-area"
    # A comment is welcome, not asked for: an accepted label needs none.
    assert "required" not in form.children[1].attributes


@pytest.mark.parametrize("task_type", NATIVE_TYPES)
def test_the_functions_of_the_service_find_the_judgement_and_the_comment(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    element = classifier(page(unsafe(plan, task_type), usual_input(task_type)))
    # AWS's functions know the answer by the name of the element, as in AWS's own templates.
    assert element.attributes["name"] == "crowd-image-classifier"
    assert len(element.all("worker-comment")) == 1


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_reviewers_read_the_instructions_and_what_the_labels_mean(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    root = page(unsafe(plan, task_type), usual_input(task_type))
    (full,) = root.all("full-instructions")
    (short,) = root.all("short-instructions")
    instructions: dict[str, str] = UNSAFE_VERIFICATION["instructions"]  # type: ignore[assignment]
    assert full.attributes["header"] == UNSAFE_VERIFICATION["title"]
    assert full.all("p")[0].text == instructions["full"]
    assert [each.text for each in full.all("dt")] == UNSAFE_LABELS
    assert short.text.strip() == instructions["short"]


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_nothing_of_the_caller_or_of_the_workers_becomes_an_element(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    root = page(unsafe(plan, task_type), usual_input(task_type))
    known = {"script", "crowd-form", CLASSIFIERS[task_type], "full-instructions"}
    known |= {"short-instructions", "p", "dl", "dt", "dd"}
    known |= {"worker-comment"} if task_type in NATIVE_TYPES else {"crowd-text-area"}
    known |= {"classification-target"} if task_type in TEXT_TYPES else set()
    known |= {"mark", "sub"} if task_type == "named_entity_recognition" else set()
    assert root.tags() == known
    assert len(root.all("script")) == 1
    shown = {"name", "src", "header", "categories", "overlay"} - (
        set() if task_type in NATIVE_TYPES else {"overlay"}
    )
    assert set(classifier(root).attributes) == shown - (
        {"src"} if task_type in TEXT_TYPES else set()
    )


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_reviewers_see_the_object(plan: Callable[[str], Planned], task_type: str) -> None:
    root = page(unsafe(plan, task_type), usual_input(task_type))
    if task_type in TEXT_TYPES:
        (target,) = root.all("classification-target")
        assert TEXT in target.text
        assert target.attributes == {"style": "white-space: pre-wrap"}
    else:
        assert classifier(root).attributes["src"] == f"https://signed/{IMAGE}"


def test_every_box_is_drawn_with_its_label(plan: Callable[[str], Planned]) -> None:
    planned = unsafe(plan, "image_bounding_box")
    root = page(planned, native_input(boxes_line(BOXES, UNSAFE_LABELS)))
    assert overlay(root) == {
        "boundingBox": {
            "labels": UNSAFE_LABELS,
            "value": [
                {
                    "label": UNSAFE_LABELS[box["class_id"]],
                    **{side: box[side] for side in ("left", "top", "width", "height")},
                }
                for box in BOXES
            ],
        }
    }


def test_an_image_without_boxes_is_judged_too(plan: Callable[[str], Planned]) -> None:
    root = page(unsafe(plan, "image_bounding_box"), native_input(boxes_line([], [])))
    assert overlay(root) == {"boundingBox": {"labels": UNSAFE_LABELS, "value": []}}
    assert json.loads(classifier(root).attributes["categories"] or "") == UNSAFE_CATEGORIES


def test_labels_of_the_callers_category_file_are_read_from_the_manifest_line(
    plan: Callable[[str], Planned],
) -> None:
    planned = plan("verified overrides")
    found = overlay(page(planned, native_input(boxes_line(BOXES, UNSAFE_LABELS))))
    assert found["boundingBox"]["labels"] == UNSAFE_LABELS
    assert [box["label"] for box in found["boundingBox"]["value"]] == [
        UNSAFE_LABELS[number] for number in (1, 0, 1)
    ]
    none = overlay(page(planned, native_input(boxes_line([], []))))
    assert none == {"boundingBox": {"labels": [], "value": []}}


def test_a_mask_is_drawn_in_the_colors_of_its_labels_without_the_background(
    plan: Callable[[str], Planned],
) -> None:
    planned = unsafe(plan, "image_semantic_segmentation")
    assert overlay(page(planned, native_input(mask_line(COLORS)))) == {
        "semanticSegmentation": {
            "labels": UNSAFE_LABELS[:2],
            "labelMappings": {
                UNSAFE_LABELS[0]: {"color": "#2ca02c"},
                UNSAFE_LABELS[1]: {"color": "#1f77b4"},
            },
            "src": f"https://signed/{MASK}",
        }
    }


@pytest.mark.parametrize("colors", [{}, {"0": COLORS["0"]}], ids=["no color", "background"])
def test_an_empty_mask_is_judged_too(
    plan: Callable[[str], Planned], colors: dict[str, Any]
) -> None:
    planned = unsafe(plan, "image_semantic_segmentation")
    found = overlay(page(planned, native_input(mask_line(colors))))["semanticSegmentation"]
    assert (found["labels"], found["labelMappings"]) == ([], {})


@pytest.mark.parametrize("task_type", CLASSIFICATION_TYPES)
@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ([], "no label"),
        (UNSAFE_LABELS[:1], UNSAFE_LABELS[0]),
        (UNSAFE_LABELS, ", ".join(UNSAFE_LABELS)),
    ],
    ids=["none", "one", "several"],
)
def test_the_given_labels_stand_above_the_object(
    plan: Callable[[str], Planned], task_type: str, given: list[str], shown: str
) -> None:
    root = page(unsafe(plan, task_type), custom_input(task_type, given))
    assert classifier(root).attributes["header"] == f"{UNSAFE_VERIFICATION['title']}: {shown}"
    assert json.loads(classifier(root).attributes["categories"] or "") == UNSAFE_CATEGORIES


def test_entities_are_marked_in_the_text(plan: Callable[[str], Planned]) -> None:
    segments = [
        {"text": "  ", "label": ""},
        {"text": "Ada <b>\n", "label": UNSAFE_LABELS[1]},
        {"text": " met\n ", "label": ""},
        {"text": "Bob", "label": "person"},
        {"text": ".", "label": ""},
    ]
    planned = unsafe(plan, "named_entity_recognition")
    root = page(planned, custom_input("named_entity_recognition", [], segments))
    (target,) = root.all("classification-target")
    # Nothing but the text and the labels: the page keeps every space.
    assert target.text == f"  Ada <b>\n{UNSAFE_LABELS[1]} met\n Bobperson."
    assert [mark.text for mark in target.all("mark")] == [
        f"Ada <b>\n{UNSAFE_LABELS[1]}",
        "Bobperson",
    ]
    assert [label.text for label in target.all("sub")] == [UNSAFE_LABELS[1], "person"]


def test_a_text_without_entities_is_shown_as_it_is(plan: Callable[[str], Planned]) -> None:
    planned = unsafe(plan, "named_entity_recognition")
    for segments in ([], [{"text": TEXT, "label": ""}]):
        root = page(planned, custom_input("named_entity_recognition", [], segments))
        (target,) = root.all("classification-target")
        assert target.text == TEXT
        assert not target.children


@pytest.mark.parametrize("task_type", TASK_TYPES)
def test_a_task_type_has_judgements_and_texts_of_its_own(
    plan: Callable[[str], Planned], task_type: str
) -> None:
    planned = plan(f"verified {task_type}")
    labels = [each["label"] for each in categories(planned)["labels"]]
    assert labels[0] == "Correct"
    assert len(labels) >= 3
    assert "Wrong label" in labels
    root = page(planned, {**usual_input(task_type), "labels": labels})
    assert (classifier(root).attributes["header"] or "").startswith("Verification of ")

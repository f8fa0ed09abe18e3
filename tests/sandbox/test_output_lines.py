"""Output lines have the format of the fixtures, which come from AWS's documentation."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from labeling_sandbox.ground_truth import output_lines
from labeling_sandbox.ground_truth.answers.task import Category, Task
from labeling_sandbox.ground_truth.image_files import ImageSize
from labeling_sandbox.ground_truth.task_kinds import KINDS
from labeling_sandbox.ground_truth.workforce import FAILED_REASON

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "output_lines"
ATTRIBUTE = "label"
METADATA = "label-metadata"
SIZE = ImageSize(320, 240, 1)

#: The functions of each task type, then its categories, as the fixtures' README states.
KINDS_OF_TASKS = {
    "image_single_label_classification": "ImageMultiClass",
    "text_single_label_classification": "TextMultiClass",
    "image_multi_label_classification": "ImageMultiClassMultiLabel",
    "text_multi_label_classification": "TextMultiClassMultiLabel",
    "image_bounding_box": "BoundingBox",
    "image_semantic_segmentation": "SemanticSegmentation",
    "named_entity_recognition": "NamedEntityRecognition",
}
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ANIMALS = ("dog", "cat", *(f"unused {number}" for number in range(2, 8)), "bird")
CATEGORIES = {
    "image_single_label_classification": [Category(name) for name in DIGITS],
    "text_single_label_classification": [
        Category(name) for name in ("refund", "delivery", "account", "praise")
    ],
    "image_multi_label_classification": [Category(name) for name in ANIMALS],
    "text_multi_label_classification": [
        Category(name) for name in ("app", "price", *ANIMALS[2:8], "staff")
    ],
    "image_bounding_box": [Category(name) for name in ("dog", "cat", "bird")],
    "image_semantic_segmentation": [Category(name) for name in ("dog", "cat", "bird")],
    "named_entity_recognition": [Category("Person", "PER"), Category("Place", "PLC")],
}
#: Lines that hold what the simulated workers never write: other spellings of the documentation.
ODD = {
    "text_index",
    "classes_of_others",
    "confidence_of_others",
    "fewer_confidences",
    "no_background",
    "no_confidence",
    "job_name_alone",
    "labels_without_short_names",
}
WITHOUT_LABEL = {"bare", "failed", "expired"}


def fixture(name: str) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    return parsed


def of_types() -> list[tuple[str, str]]:
    """Return task type and case of every fixture; without a type, it is the first type."""
    names = sorted(path.stem for path in FIXTURES.glob("*.json"))
    first = "image_single_label_classification"
    return [
        (task_type, case) if case else (first, task_type.removeprefix("labeled_"))
        for task_type, _, case in (name.partition("-") for name in names)
    ]


def load(task_type: str, case: str) -> dict[str, Any]:
    for name in (f"{task_type}-{case}", f"labeled_{case}", case):
        if (FIXTURES / f"{name}.json").exists():
            return fixture(name)
    raise AssertionError(case)


def attribute_of(line: dict[str, Any]) -> str:
    return next(key for key in line if key.endswith("-metadata")).removesuffix("-metadata")


def input_of(line: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in line.items() if not key.startswith("label")}


def truth_of(task_type: str, value: Any, metadata: dict[str, Any]) -> Any:
    """Return the truth that leads to this label."""
    if task_type == "image_bounding_box":
        return [
            {**box, "class": metadata["class-map"][str(box["class_id"])]}
            for box in value["annotations"]
        ]
    if task_type == "image_semantic_segmentation":
        names = [colour["class-name"] for colour in metadata["internal-color-map"].values()]
        box = {"left": 0, "top": 0, "width": 10, "height": 10}
        return {
            "regions": [
                {"class": name, "box": {**box, "left": 20 * number}}
                for number, name in enumerate(names)
                if name != "BACKGROUND"
            ]
        }
    if task_type == "named_entity_recognition":
        return value["annotations"]["entities"]
    if "class-map" in metadata:
        return list(metadata["class-map"].values())
    return metadata["class-name"]


def written(task_type: str, case: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the line that the simulator writes for a fixture's label, and the fixture."""
    expected = load(task_type, case)
    attribute = attribute_of(expected)
    metadata = expected[f"{attribute}-metadata"]
    kind = KINDS[KINDS_OF_TASKS[task_type]]
    line = input_of(expected)
    workers = 1 if case == "one_worker" else 3
    task = Task("job", line, CATEGORIES[task_type], workers, SIZE if kind.measures else None)
    truth = truth_of(task_type, expected[attribute], metadata)
    answer = kind.labeler.label(task, truth, [0.0] * workers, random.Random(1))
    value = expected[attribute] if answer.mask is not None else answer.value
    job = metadata["job-name"].removeprefix("labeling-job/")
    created = datetime.fromisoformat(metadata["creation-date"])
    made = output_lines.labeled(line, attribute, value, answer.details, job.upper(), created)
    return made, expected


def shape(value: Any) -> Any:
    """Return the keys and types of a value, without its contents."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "number" if isinstance(value, int | float) else "text"


@pytest.mark.parametrize(
    ("task_type", "case"), [case for case in of_types() if case[1] not in WITHOUT_LABEL | ODD]
)
def test_a_labeled_line_has_the_documented_shape(task_type: str, case: str) -> None:
    made, expected = written(task_type, case)
    metadata = f"{attribute_of(expected)}-metadata"
    if case.startswith("date"):
        made[metadata]["creation-date"] = expected[metadata]["creation-date"]
    if "0.67" in json.dumps(expected):  # Its workers disagreed in part.
        assert shape(made) == shape(expected)
    else:
        assert made == expected


def test_every_task_type_has_lines_of_every_kind() -> None:
    cases: dict[str, set[str]] = {}
    for task_type, case in of_types():
        cases.setdefault(task_type, set()).add(case)
    assert set(cases) == set(KINDS_OF_TASKS) == set(CATEGORIES)
    assert {KINDS_OF_TASKS[task_type] for task_type in cases} == set(KINDS)
    for task_type, found in cases.items():
        assert found >= WITHOUT_LABEL, task_type
        assert any(case.startswith("date") for case in found), task_type
        assert "one_worker" in found, task_type


@pytest.mark.parametrize("task_type", KINDS_OF_TASKS)
@pytest.mark.parametrize(
    ("case", "reason"), [("failed", FAILED_REASON), ("expired", output_lines.EXPIRED_REASON)]
)
def test_a_line_without_a_label(task_type: str, case: str, reason: str) -> None:
    expected = load(task_type, case)
    attribute = attribute_of(expected)
    assert output_lines.failed(input_of(expected), attribute, reason) == expected
    assert attribute not in expected
    assert not {"creation-date", "job-name"} & set(expected[f"{attribute}-metadata"])


@pytest.mark.parametrize("task_type", KINDS_OF_TASKS)
def test_an_unreached_line_is_the_input_line(task_type: str) -> None:
    line = load(task_type, "bare")
    assert output_lines.unreached(line) == line


def test_a_creation_date_has_six_digits_even_for_a_whole_second() -> None:
    line = output_lines.labeled(
        {}, ATTRIBUTE, 0, {}, "job", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    )
    assert line[METADATA]["creation-date"] == "2026-01-02T03:04:05.000000"

"""What Ground Truth was recorded to say of each task type ends as records of the feature group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from labeling_lambdas.domain.items import SourceObject
    from tests.handlers.pipeline import Pipeline

_FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "output_lines"
_FIRST_TYPE = "image_single_label_classification"

#: By task type: its labels, and recorded lines with the label that the record must hold.
_TYPES: dict[str, tuple[list[str], dict[str, str]]] = {
    _FIRST_TYPE: (
        ["zero", "one", "two", "three"],
        {"labeled_first_class": "zero", "labeled_extra_keys": "three"},
    ),
    "image_multi_label_classification": (
        ["dog", "cat", "bird"],
        {"several_classes": '["bird","cat","dog"]', "no_class": "[]"},
    ),
    "image_bounding_box": (
        ["dog", "cat", "bird"],
        {"several_boxes": '["cat","dog"]', "no_boxes": "[]"},
    ),
    "image_semantic_segmentation": (
        ["dog", "cat", "bird"],
        {"several_classes": '["cat","dog"]', "background_only": "[]"},
    ),
    "text_single_label_classification": (
        ["refund", "delivery", "account", "praise"],
        {"first_class": "refund", "other_class": "praise"},
    ),
    "text_multi_label_classification": (
        ["app", "price", "staff"],
        {"several_classes": '["app","price","staff"]', "no_class": "[]"},
    ),
    "named_entity_recognition": (
        ["Person", "Place"],
        {"several_entities": '["Person","Place"]', "no_entities": "[]"},
    ),
}


def recorded(task_type: str, case: str, item: SourceObject) -> dict[str, Any]:
    name = case if task_type == _FIRST_TYPE else f"{task_type}-{case}"
    line: dict[str, Any] = json.loads((_FIXTURES / f"{name}.json").read_text("utf-8"))
    return {**line, "item-id": item.item_id}


@pytest.mark.parametrize("task_type", _TYPES)
def test_what_was_recorded_is_stored(pipeline: Pipeline, task_type: str) -> None:
    labels, cases = _TYPES[task_type]
    attribute = "label-ref" if task_type == "image_semantic_segmentation" else "label"
    pipeline.configure(
        TASK_TYPE=task_type, LABEL_ATTRIBUTE_NAME=attribute, LABELS=json.dumps(labels)
    )
    run, sources = pipeline.seed(len(cases) + 3, texts=not task_type.startswith("image_"))
    lines = [
        recorded(task_type, case, source) for case, source in zip(cases, sources, strict=False)
    ]
    missing = "" if task_type == _FIRST_TYPE else f"{task_type}-"
    for case, source in zip(("bare", "failed", "expired"), sources[-3:], strict=True):
        text = (_FIXTURES / f"{missing}{case}.json").read_text("utf-8")
        lines.append(
            json.loads(text.replace('"label-metadata"', f'"{attribute}-metadata"'))
            | {"item-id": source.item_id}
        )
    report = pipeline.settle(run, pipeline.ended_job(run, lines))
    assert (report["outcome"], report["stored"]) == ("succeeded", len(cases))
    assert pipeline.report(run)["returned"] == {
        "not_labeled": 1,
        "annotation_failed": 1,
        "annotation_expired": 1,
    }
    records = pipeline.records()
    for line, source, label in zip(lines, sources, cases.values(), strict=False):
        record = records[source.uri]
        assert (record["label"], record["task_type"]) == (label, task_type)
        # Boxes, spans and the address of the mask with its colours, as the service wrote them.
        assert json.loads(record["label_json"]) == {
            name: line[name] for name in (attribute, f"{attribute}-metadata")
        }

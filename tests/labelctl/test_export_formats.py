"""Each format loads with a library of its own, and its labels are those of the demo's truth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from labelctl.export.formats.registry import FORMATS
from labeling_sandbox.demo.task_types import DEMO_TYPES
from tests.labelctl.loaded import READERS, truth_of
from tests.labelctl.stored_labels import store_demo

if TYPE_CHECKING:
    from pathlib import Path

    from tests.labelctl.stage import Operated

ITEMS = 10
SPLIT = "train=0.5,test=0.5"


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:pycocotools")
@pytest.mark.parametrize("task", DEMO_TYPES)
def test_each_format_that_fits_loads_with_the_right_labels(
    task: str, operated: Operated, tmp_path: Path
) -> None:
    table_format = "Iceberg" if task.startswith("image") else "Glue"
    stored = store_demo(operated, task, ITEMS, table_format)
    right = {uri: truth_of(task, item) for uri, item in stored.truth.items()}
    fitting = [name for name, layout in FORMATS.items() if task in layout.task_types]
    for name in fitting:
        folder = tmp_path / name
        summary = operated.answer("export", "--to", str(folder), "--format", name, "--split", SPLIT)
        sides = {side: READERS[name](folder, side, stored) for side in ("train", "test")}
        assert {**sides["train"], **sides["test"]} == right, name
        assert {side: counts["items"] for side, counts in summary["sides"].items()} == {
            side: len(found) for side, found in sides.items()
        }
        assert sum(len(found) for found in sides.values()) == ITEMS
        assert json.loads((folder / "export.json").read_text())["left_out"] == {}


def test_a_format_that_does_not_fit_names_those_that_do(operated: Operated, tmp_path: Path) -> None:
    operated.publish()
    line = operated.error("export", "--to", str(tmp_path / "set"), "--format", "conll")
    assert line == (
        "error: the format conll is for named_entity_recognition; the pipeline labels"
        " image_single_label_classification, which fits augmented-manifest, csv, huggingface,"
        " jsonl, parquet"
    )
    assert list(tmp_path.iterdir()) == []

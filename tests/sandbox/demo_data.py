"""The data of each task type's demo, for other tests too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import hcl2

from labeling_sandbox.demo.task_types import DEMO_TYPES

if TYPE_CHECKING:
    from labeling_sandbox.demo.data_set import DataSet

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "harness" / "sandbox" / "data"


def data_of(task: str, count: int | None = None) -> DataSet:
    return DEMO_TYPES[task].data(DATA, count)


def labels_of(task: str) -> list[str]:
    text = (ROOT / DEMO_TYPES[task].variables).read_text(encoding="utf-8")
    return [str(name).strip('"') for name in hcl2.loads(text)["labels"]]

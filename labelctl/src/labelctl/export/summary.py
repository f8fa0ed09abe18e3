"""What a training set holds, and what was left out of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labelctl.export.examples import TrainingSet
    from labelctl.export.frozen import Head
    from labelctl.export.request import Request

_SUMMARY, _LEFT_OUT = "export.json", "left_out.jsonl"
_SCHEMA = "labelctl-export/1"


def write_summary(
    training_set: TrainingSet, request: Request, head: Head, digest: str | None
) -> dict[str, Any]:
    """Write ``export.json`` and, if anything is left out, ``left_out.jsonl``.

    Args:
        training_set: The set, with its labels.
        request: The options of the export.
        head: What is known of the set as a whole.
        digest: The digest of its list, None if it is not frozen.

    Returns:
        The contents of ``export.json``.
    """
    workspace = training_set.workspace
    labels: dict[str, Counter[str]] = {side: Counter() for side in training_set.sides}
    items: Counter[str] = Counter()
    for example in training_set.examples():
        items[example.side] += 1
        labels[example.side].update(example.annotation.names)
    sides = {
        side: {"items": items[side], "labels": dict(sorted(counts.items()))}
        for side, counts in labels.items()
    }
    summary = {
        "schema": _SCHEMA,
        "pipeline": head.pipeline,
        "task_type": head.task_type,
        "format": training_set.layout.name,
        "split": head.split or None,
        "classes": list(head.classes),
        "sides": sides,
        "items": workspace.noted("items"),
        "removed": workspace.noted("removed"),
        "left_out": _list_left_out(training_set),
        "training_set": request.freeze or request.frozen,
        "sha256": digest,
    }
    (training_set.folder / _SUMMARY).write_text(f"{json.dumps(summary, indent=2)}\n", "utf-8")
    return summary


def _list_left_out(training_set: TrainingSet) -> dict[str, int]:
    """Write a line for each item that is left out, and return their number by reason."""
    counts = training_set.workspace.left_out_by_reason()
    if counts:
        with (training_set.folder / _LEFT_OUT).open("w", encoding="utf-8") as file:
            for source_ref, reason in training_set.workspace.left_out():
                line = {"source_ref": source_ref, "reason": reason}
                file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
    return counts

"""The feature record that a label becomes.

Limits: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.line_ends import LINE_END

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.output_lines import OutputLine

#: Largest value of one feature, in bytes.
MAX_FEATURE_BYTES = 350 * 1024


@dataclass(frozen=True, slots=True)
class ExtraFeature:
    """A feature of the user's own.

    Attributes:
        path: Where its value stands in the output line: keys joined by dots.
        column: Whether the feature group has a column for it; else it goes into ``extra_json``.
    """

    path: str
    column: bool


@dataclass(frozen=True, slots=True)
class RecordContext:
    """What all records of a run share.

    Attributes:
        run_id: The run.
        labeling_job: Name of the labeling job.
        task_type: Name of the task type.
        label_schema: Version of labels and template.
        extra_features: The user's features by name.
    """

    run_id: str
    labeling_job: str
    task_type: str
    label_schema: str
    extra_features: Mapping[str, ExtraFeature]


def feature_record(item: ClaimedItem, output: OutputLine, context: RecordContext) -> dict[str, str]:
    """Return the record of a labeled item, feature name to value.

    The record is a function of its arguments alone, so that a repeated write is the same row.
    Values that are empty are left out: Feature Store's answer to an empty string is not documented.

    Args:
        item: The claim.
        output: Its output line, with a label.
        context: What all records of the run share.

    Raises:
        ValueError: If the line has no label.
    """
    label = output.label
    if label is None:
        message = f"item {item.item_id} has no label"
        raise ValueError(message)
    extra = _extra_values(output.line, context.extra_features)
    columns = {name: text for name, text in extra.items() if context.extra_features[name].column}
    others = {name: text for name, text in extra.items() if name not in columns}
    record = {
        "source_ref": item.source.uri,
        "event_time": label.created_at,
        "label": LINE_END.sub(" ", label.name),
        "label_json": _compact(label.value),
        "confidence": "" if label.confidence is None else repr(label.confidence),
        "labeling_job": context.labeling_job,
        "status": "LABELED",
        "task_type": context.task_type,
        "label_schema": context.label_schema,
        "source_version_id": item.source.version_id,
        "source_etag": item.source.etag,
        "run_id": context.run_id,
        "attempts": str(item.attempts + 1),
        "extra_json": _compact(others) if others else "",
        **columns,
    }
    return {name: text for name, text in record.items() if text}


def _compact(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    # json.dumps escapes the newline, but not every end of a line.
    return LINE_END.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _extra_values(line: dict[str, Any], features: Mapping[str, ExtraFeature]) -> dict[str, str]:
    found = {name: _at_path(line, feature.path) for name, feature in features.items()}
    return {name: _as_text(value) for name, value in found.items() if value is not None}


def _at_path(line: dict[str, Any], path: str) -> object:
    value: object = line
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _as_text(value: object) -> str:
    return LINE_END.sub(" ", value) if isinstance(value, str) else _compact(value)

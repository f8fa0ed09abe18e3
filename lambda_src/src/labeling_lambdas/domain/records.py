"""The feature record that a label becomes.

Limits: https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-quotas.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json, one_line, with_finite_numbers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_lambdas.domain.items import ClaimedItem
    from labeling_lambdas.domain.output_lines import OutputLine
    from labeling_lambdas.domain.provenance import Provenance

#: Largest record, and largest value of one feature, in bytes.
MAX_RECORD_BYTES = 350 * 1024


#: Number of digits from which a number cannot be an index of a list in any line.
_MOST_DIGITS = 8


class ExtraFeature(NamedTuple):
    """A feature that the user defines.

    Attributes:
        path: Location of its value in the output line: a key, keys and list indexes joined by dots,
            or a JSON pointer.
        column: Whether the feature group has a column for it. Otherwise, it is written to
            ``extra_json``.
    """

    path: str
    column: bool


def read_extra_features(text: str) -> dict[str, ExtraFeature]:
    """Read the user's features as Terraform wrote them, by name.

    Raises:
        ValueError: If they are not JSON.
        TypeError: If they, or one of them, are not an object.
        AttributeError: The same.
        KeyError: If one lacks a field.
    """
    return {
        name: ExtraFeature(path=str(feature["path"]), column=bool(feature["column"]))
        for name, feature in json.loads(text).items()
    }


class RecordContext(NamedTuple):
    """The values that all records of a run share.

    Attributes:
        run_id: The run.
        extra_features: The user's features by name.
    """

    run_id: str
    extra_features: Mapping[str, ExtraFeature]


def feature_record(
    item: ClaimedItem, output: OutputLine, context: RecordContext, provenance: Provenance
) -> dict[str, str]:
    """Return the record of a labeled item, feature name to value.

    The record depends only on the arguments, so that a repeated write is the same row. Empty values
    are omitted: Feature Store's response to an empty string is not documented. Each value is on one
    line, because its pattern is ``.*``.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_FeatureValue.html

    Args:
        item: The claim.
        output: Its output line, with a label.
        context: The values that all records of the run share.
        provenance: The origin of the label.

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
        "label": one_line(label.name),
        "label_json": compact_json(label.value, sort_keys=True),
        "confidence": "" if label.confidence is None else repr(label.confidence),
        "labeling_job": provenance.labeling_job,
        "verification_job": provenance.verification_job,
        "status": provenance.status.value,
        "task_type": provenance.task_type,
        "label_schema": provenance.label_schema,
        "source_version_id": item.source.version_id,
        "source_etag": item.source.etag,
        "run_id": context.run_id,
        "attempts": str(item.attempts + 1),
        "extra_json": compact_json(others, sort_keys=True) if others else "",
        **columns,
    }
    return {name: text for name, text in record.items() if text}


def fits(record: Mapping[str, str]) -> bool:
    """Return whether Feature Store accepts a record of this size."""
    size = sum(len(name) + len(text.encode()) for name, text in record.items())
    return size <= MAX_RECORD_BYTES


def _extra_values(line: dict[str, Any], features: Mapping[str, ExtraFeature]) -> dict[str, str]:
    found = {
        name: with_finite_numbers(_at_path(line, feature.path))
        for name, feature in features.items()
    }
    return {name: _as_text(value) for name, value in found.items() if value is not None}


def _at_path(line: dict[str, Any], path: str) -> object:
    """Return the value at a path, or None if there is none.

    Tools that flatten records put dots into keys, so a key that equals the whole path, or a longer
    part of it, takes precedence over the keys that its dots would separate.
    """
    if path in line:
        return line[path]
    if path.startswith("/"):
        # https://www.rfc-editor.org/rfc/rfc6901, where ~1 is replaced before ~0.
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path[1:].split("/")]
        return _at_keys(line, keys)
    return _at_dotted(line, path.split("."))


def _at_keys(value: object, keys: Sequence[str]) -> object:
    for key in keys:
        value = _inner(value, key)
    return value


def _at_dotted(value: object, keys: Sequence[str]) -> object:
    if not keys:
        return value
    for count in range(len(keys), 0, -1):
        inner = _inner(value, ".".join(keys[:count]))
        found = None if inner is None else _at_dotted(inner, keys[count:])
        if found is not None:
            return found
    return None


def _inner(value: object, key: str) -> object:
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list) and key.isascii() and key.isdecimal() and len(key) < _MOST_DIGITS:
        return value[int(key)] if int(key) < len(value) else None
    return None


def _as_text(value: object) -> str:
    return one_line(value) if isinstance(value, str) else compact_json(value, sort_keys=True)

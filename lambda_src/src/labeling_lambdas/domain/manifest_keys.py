"""Keys of a manifest line that have a meaning for Ground Truth or for the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_ID_KEY = "item-id"

SOURCE_KEYS = frozenset({"source", "source-ref"})

#: Suffixes of label attribute names, which Terraform appends to the pipeline's name.
_LABEL = "-label"
_VERIFICATION = "-verification"
_REFERENCE = "-ref"


def without_answers(keys: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """Return the keys of an uploaded row that may be written to a manifest.

    Ground Truth passes the keys of a line through, and returns a line that was not processed
    unchanged. No key may therefore look like an answer of a job of this pipeline: neither a label
    attribute, nor a label attribute followed by a hyphen and anything else, such as its metadata.
    Case and white space around a key are ignored, because a later reader may ignore them too.

    Args:
        keys: The keys other than the source, with their values.
        attribute: Label attribute name of the pipeline's labeling jobs.
    """
    answers = [name.casefold() for name in _attributes(attribute)]
    return {key: value for key, value in keys.items() if not _is_reserved(key, answers)}


def without_verdict(line: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """Return an output line without keys that look like an answer of one job.

    Args:
        line: The line.
        attribute: Label attribute name of that job.
    """
    answer = attribute.casefold()
    return {key: value for key, value in line.items() if not _belongs_to(_folded(key), answer)}


def _attributes(attribute: str) -> list[str]:
    name = attribute.removesuffix(_REFERENCE)
    return [name, name.removesuffix(_LABEL) + _VERIFICATION]


def _is_reserved(key: str, answers: list[str]) -> bool:
    folded = _folded(key)
    if folded in SOURCE_KEYS or folded == ITEM_ID_KEY:
        return True
    return any(_belongs_to(folded, answer) for answer in answers)


def _belongs_to(folded: str, answer: str) -> bool:
    return folded == answer or folded.startswith(f"{answer}-")


def _folded(key: str) -> str:
    return key.strip().casefold()

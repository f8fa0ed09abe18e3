"""Keys of a manifest line that mean something to Ground Truth or to the pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

ITEM_ID_KEY = "item-id"

SOURCE_KEYS = frozenset({"source", "source-ref"})

#: Endings of label attribute names, as Terraform makes them of the pipeline's name.
_LABEL = "-label"
_VERIFICATION = "-verification"
_REFERENCE = "-ref"


def without_answers(keys: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """Return the keys of an uploader's row that may stand in a manifest.

    Ground Truth hands the keys of a line through, and a line that was not worked on comes back as
    it was. So no key may look like an answer of a job of this pipeline: neither a label attribute,
    nor one with anything after a hyphen, such as its metadata. Case and white space around a key
    count for nothing, because whoever reads it next may overlook them too.

    Args:
        keys: The keys beside the source, with their values.
        attribute: Label attribute name of the pipeline's labeling jobs.
    """
    answers = [name.casefold() for name in _attributes(attribute)]
    return {key: value for key, value in keys.items() if not _is_reserved(key, answers)}


def without_verdict(line: Mapping[str, Any], attribute: str) -> dict[str, Any]:
    """Return an output line without what looks like an answer of one job.

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

"""The lines of a labeling job's manifests: of its input, and of its output for another item."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.manifest_keys import ITEM_ID_KEY, SOURCE_KEYS, without_answers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from labeling_lambdas.domain.items import ClaimedItem


def newest_versions(items: Iterable[ClaimedItem]) -> set[str]:
    """Return the items that are the newest version of their object key, or of a line of it.

    A manifest names an object without its version, so two versions of a key in one job would show
    workers the same image twice, and be charged twice.
    """
    newest: dict[str, tuple[str, str]] = {}
    for item in items:
        version = (item.source.order, item.item_id)
        known = newest.get(item.source.key_id)
        if known is None or version[0] >= known[0]:
            newest[item.source.key_id] = version
    return {item_id for _, item_id in newest.values()}


def manifest_lines(
    items: Iterable[ClaimedItem], *, manifest_key: str, attribute: str
) -> Iterator[str]:
    """Yield the lines of an input manifest.

    Ground Truth passes extra keys through to the output, so results are matched by ``item-id``. A
    line that already has the label attribute would count as labeled, and a line with the attribute
    of a verification job as verified, so no key of a text item's row may have such a name.

    Args:
        items: The claims. Claims of texts have their contents.
        manifest_key: Key of the source, ``source-ref`` or ``source``.
        attribute: The job's label attribute name.
    """
    for item in items:
        source = item.content.text if item.content else item.source.uri
        line = {manifest_key: source, **_further_keys(item, attribute)}
        yield compact_json(line) + "\n"


def moved_line(line: Mapping[str, Any], item: ClaimedItem, *, attribute: str) -> dict[str, Any]:
    """Return the output line of a text for another item with the same text.

    Args:
        line: The line with the label.
        item: The item, with the further keys of its row as content.
        attribute: The job's label attribute name.
    """
    kept = {*SOURCE_KEYS, attribute, f"{attribute}-metadata"}
    return {
        **{key: value for key, value in line.items() if key in kept},
        **_further_keys(item, attribute),
    }


def _further_keys(item: ClaimedItem, attribute: str) -> dict[str, Any]:
    extra = item.content.extra if item.content else {}
    return {ITEM_ID_KEY: item.item_id, **without_answers(extra, attribute)}

"""The list of a run's claims, by part."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_lambdas.aws.artifacts import is_absent
from labeling_lambdas.domain.compact_json import compact_json
from labeling_lambdas.domain.items import ClaimedItem, TextContent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_rows import ItemRows


_log = logging.getLogger(__name__)

#: Maximum characters of a row's further keys that are kept with a claim: 100,000 claims of this
#: size take some 100 MB of the 512 MB that planning has.
_SMALL_EXTRA = 400


def claimed_items(artifacts: Artifacts, ledger: ItemRows) -> Iterator[ClaimedItem]:
    """Yield the claims of a sealed run, with contents, one part in memory at a time.

    A file that was deleted is created again from the list that was written before the claims, and
    from the ledger. If that list was deleted too, its claims are left out: the run settles the
    others and ends with an accounting mismatch.
    """
    for part in _parts(artifacts):
        for fields in _claims_of(artifacts, ledger, part):
            yield ClaimedItem.from_fields(fields)


def _parts(artifacts: Artifacts) -> list[str]:
    index = artifacts.read_if_there("claims/index.json")
    if index is not None:
        return list(index["parts"])
    return [part_of(name) for name in artifacts.names("intake/")]


def part_of(name: str) -> str:
    """Return the part that a file of a run's list belongs to."""
    return name.rpartition("/")[2].partition(".")[0]


def part_prefix(poller: int) -> str:
    """Return the beginning of the names of a poller's parts; empty for the last poll."""
    return f"poller-{poller}-" if poller else ""


def _claims_of(artifacts: Artifacts, ledger: ItemRows, part: str) -> list[dict[str, Any]]:
    name = f"claims/{part}.json"
    claims = artifacts.read_if_there(name)
    if claims is None:
        # Files of a run are deleted only by hand.
        from labeling_lambdas.steps.unfinished_parts import resolve_part  # noqa: PLC0415

        try:
            resolve_part(artifacts, ledger, run_id=artifacts.run_id, part=part)
        except ClientError as error:
            if not is_absent(artifacts.client, artifacts.uri(f"intake/{part}.jsonl"), error):
                raise
            _log.exception(
                "files of the run are missing", extra={"run_id": artifacts.run_id, "part": part}
            )
            return []
        _log.warning(
            "list of claims written again", extra={"run_id": artifacts.run_id, "part": part}
        )
        claims = artifacts.read(name)
    return list(claims["items"])


def with_contents(artifacts: Artifacts, items: Sequence[ClaimedItem]) -> list[ClaimedItem]:
    """Return claims with their texts, which are read from the lists of their parts."""
    contents: dict[str, TextContent | None] = {}
    wanted = {item.item_id for item in items}
    for part in dict.fromkeys(item.part for item in items if item.part):
        for fields in artifacts.read(f"claims/{part}.json")["items"]:
            if fields["item_id"] in wanted:
                contents[fields["item_id"]] = TextContent.from_fields(fields)
    return [item._replace(content=contents.get(item.item_id)) for item in items]


def without_text(item: ClaimedItem) -> ClaimedItem:
    """Return a claim without its text, but with the small further keys of a text that has a label.

    The further keys are written into the label's line if it comes from another item. Larger ones
    are read again when they are needed, so that the claims of a run fit in memory.
    """
    content = item.content
    if content is None or not item.text_id or not (item.label_uri or item.waits):
        return item.without_content()
    if len(compact_json(content.extra)) > _SMALL_EXTRA:
        return item.without_content()
    return item._replace(content=TextContent("", content.extra))

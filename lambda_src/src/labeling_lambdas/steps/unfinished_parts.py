"""Parts of a run whose function listed their messages, and wrote no list of their claims."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.intake_counts import Intake
from labeling_lambdas.domain.items import ClaimedItem, SourceObject, TextContent, text_id_of
from labeling_lambdas.domain.states import Drop, ItemRow, ItemState

if TYPE_CHECKING:
    from labeling_lambdas.aws.artifacts import Artifacts
    from labeling_lambdas.aws.item_rows import ItemRows


def resolve_part(artifacts: Artifacts, items: ItemRows, *, run_id: str, part: str) -> None:
    """Complete the list of a part whose function died after it had written the list.

    The ledger shows which of the listed items were claimed. Items that were not claimed are still
    on the queue, because messages are deleted last. A list that was written meanwhile is kept.
    """
    lines = list(artifacts.read_lines(f"intake/{part}.jsonl"))
    rows = items.rows(line["item_id"] for line in lines if line.get("item_id"))
    claimed: dict[str, ClaimedItem] = {}
    dropped: Counter[str] = Counter()
    invalid: Counter[str] = Counter()
    for line in lines:
        row = rows.get(line.get("item_id") or "")
        if line["kind"] == "candidate":
            if _claimed_here(row, run_id, part) and line["item_id"] not in claimed:
                claimed[line["item_id"]] = _claim_of(line, row, part)
            else:
                dropped[Drop.LEFT_IN_FLIGHT.value] += 1
        elif line["kind"] == "invalid":
            if line["item_id"] is None or _dead_letter_of(row, run_id, part):
                invalid[line["reason"]] += 1
            else:
                dropped[Drop.LEFT_IN_FLIGHT.value] += 1
        else:
            dropped[line["kind"]] += 1
    counts = Intake(len(lines), len(claimed), dict(dropped), dict(invalid))
    artifacts.write_once(
        f"claims/{part}.json",
        {"counts": counts.fields(), "items": [item.fields() for item in claimed.values()]},
    )


def _claimed_here(row: ItemRow | None, run_id: str, part: str) -> bool:
    return row is not None and (row.state, row.run_id, row.part) == (
        ItemState.CLAIMED,
        run_id,
        part,
    )


def _dead_letter_of(row: ItemRow | None, run_id: str, part: str) -> bool:
    return row is not None and (row.state, row.run_id, row.part) == (
        ItemState.DEAD_LETTERED,
        run_id,
        part,
    )


def _claim_of(line: dict[str, Any], row: ItemRow | None, part: str) -> ClaimedItem:
    attempts, generation = (row.attempts, row.generation) if row is not None else (0, 0)
    content = TextContent.from_fields(line)
    source = SourceObject.from_fields(line["source"])
    return ClaimedItem(
        source=source,
        attempts=attempts,
        generation=generation,
        part=part if content else "",
        content=content,
        label_uri=row.label_uri if row is not None else "",
        text_id=text_id_of(source, content),
        waits=row is not None and row.waits,
    )

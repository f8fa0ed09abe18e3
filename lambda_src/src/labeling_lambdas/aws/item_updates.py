"""The conditional writes of claims and settlements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.transactions import Update
from labeling_lambdas.domain.states import ItemRow, ItemState
from labeling_lambdas.timestamps import timestamp

if TYPE_CHECKING:
    from labeling_lambdas.domain.claim_rules import ClaimOn
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.messages import Rejected
    from labeling_lambdas.domain.settlement import Settlement

#: The only attribute written here whose name is a reserved word.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
_SOURCE_NAMES = {"bucket": "bucket"}


def _set_source(source: SourceObject) -> str:
    whole = "#bucket = :bucket, object_key = :key, version_id = :version"
    return whole if source.line is None else f"{whole}, source_line = :line"


def _source_values(source: SourceObject) -> dict[str, str | int]:
    whole: dict[str, str | int] = {
        "bucket": source.bucket,
        "key": source.key,
        "version": source.version_id,
    }
    return whole if source.line is None else {**whole, "line": source.line}


def _expectation(expected: ClaimOn) -> tuple[str, dict[str, Any]]:
    row = expected.row
    if row is None:
        return "attribute_not_exists(pk)", {}
    condition = "item_state = :was_state"
    values: dict[str, Any] = {"was_state": row.state.value}
    for name, value in (
        ("run_id", row.run_id),
        ("attempts", row.attempts),
        ("generation", row.generation),
    ):
        same = f"{name} = :was_{name}"
        # A row that was edited may lack it.
        condition += f" AND {same}" if value else f" AND (attribute_not_exists({name}) OR {same})"
        values[f"was_{name}"] = value
    if row.label_uri:
        condition += " AND label_uri = :was_label_uri"
        values["was_label_uri"] = row.label_uri
    return condition, values


def claim(source: SourceObject, expected: ClaimOn, run_id: str, part: str) -> Update:
    """Claim an item for a run, with its own label or the label of its text."""
    condition, values = _expectation(expected)
    optional: dict[str, str | bool] = {}
    if expected.label_uri:
        optional["label_uri"] = expected.label_uri
    if expected.waits:
        optional["waits"] = True
    absent = [name for name in ("label_uri", "waits") if name not in optional]
    return Update(
        key=f"ITEM#{source.item_id}",
        update=(
            "SET item_state = :state, run_id = :run, part = :part, attempts = :attempts,"
            f" generation = :generation, {_set_source(source)}, updated_at = :now"
            + "".join(f", {name} = :{name}" for name in optional)
            + f" REMOVE {', '.join(['reason', 'detail', 'delivered', *absent])}"
        ),
        condition=condition,
        values={
            **values,
            "state": ItemState.CLAIMED.value,
            "run": run_id,
            "part": part,
            "attempts": expected.attempts,
            "generation": expected.generation,
            **_source_values(source),
            "now": timestamp(),
            **optional,
        },
        names=_SOURCE_NAMES,
    )


def own_text(item_id: str, text_id: str, expected: ClaimOn, run_id: str) -> Update:
    """Make an item the one that represents its text to labelers, unless another item does."""
    values = {"item": item_id, "run": run_id}
    condition = "attribute_not_exists(pk) OR item_id = :item"
    if expected.takes_over is not None:
        # Compare the run too: a run that has claimed the other item in the meantime has written it.
        condition = "item_id = :was_item AND run_id = :was_run"
        values["was_item"], values["was_run"] = expected.takes_over
    return Update(
        key=f"TEXT#{text_id}",
        update="SET item_id = :item, run_id = :run",
        condition=condition,
        values=values,
    )


def name_newest(source: SourceObject) -> Update:
    """Record a version as the newest of its key, unless a newer version is known."""
    return Update(
        key=f"KEY#{source.key_id}",
        update="SET newest = :order, item_id = :item",
        condition="attribute_not_exists(pk) OR newest <= :order",
        values={"order": source.order, "item": source.item_id},
    )


def supersede(source: SourceObject, expected: ClaimOn) -> Update:
    """Record that an item will never be labeled, unless it was claimed in the meantime.

    Its label, if any, stays in the row: the newer version may contain the same text.
    """
    condition, values = _expectation(expected)
    return Update(
        key=f"ITEM#{source.item_id}",
        update=(
            f"SET item_state = :state, {_set_source(source)}, updated_at = :now, run_id = :none"
        ),
        condition=condition,
        values={
            **values,
            "state": ItemState.SUPERSEDED.value,
            **_source_values(source),
            "none": "",
            "now": timestamp(),
        },
        names=_SOURCE_NAMES,
    )


_GIVEN_BACK = frozenset({ItemState.DEAD_LETTERED, ItemState.LABELED, ItemState.RETURNED})

#: The states in which a settlement may keep the item's label.
_WITH_LABEL = frozenset({ItemState.DEAD_LETTERED, ItemState.LABELED, ItemState.SUPERSEDED})

_STILL_CLAIMED = "item_state = :claimed AND run_id = :run"


def settle(settlement: Settlement, run_id: str) -> Update:
    """Settle a claim that was not stored."""
    optional: dict[str, str | bool] = {}
    if settlement.state is ItemState.DEAD_LETTERED:
        optional["delivered"] = False
    if settlement.state in _WITH_LABEL and settlement.item.label_uri:
        optional["label_uri"] = settlement.item.label_uri
    if settlement.detail:
        optional["detail"] = settlement.detail
    absent = [name for name in ("waits", "label_uri", "detail") if name not in optional]
    return Update(
        key=f"ITEM#{settlement.item.item_id}",
        update=(
            "SET item_state = :state, attempts = :attempts, generation = :generation,"
            " reason = :reason, updated_at = :now"
            + "".join(f", {name} = :{name}" for name in optional)
            + f" REMOVE {', '.join(absent)}"
        ),
        condition=_STILL_CLAIMED,
        values={
            "claimed": ItemState.CLAIMED.value,
            "run": run_id,
            "state": settlement.state.value,
            "attempts": settlement.attempts,
            "generation": settlement.generation,
            "reason": settlement.reason,
            "now": timestamp(),
            **optional,
        },
    )


def settle_stored(item_id: str, attempts: int, run_id: str, label_uri: str = "") -> Update:
    """Settle a claim whose record is written. For a text, also write the file of its label."""
    label = ", label_uri = :label REMOVE" if label_uri else " REMOVE label_uri,"
    return Update(
        key=f"ITEM#{item_id}",
        update=f"SET item_state = :state, attempts = :attempts, updated_at = :now{label} waits",
        condition=_STILL_CLAIMED,
        values={
            "claimed": ItemState.CLAIMED.value,
            "run": run_id,
            "state": ItemState.STORED.value,
            "attempts": attempts,
            "now": timestamp(),
            **({"label": label_uri} if label_uri else {}),
        },
    )


def confirm_stored(item_id: str, run_id: str) -> Update:
    """Change nothing in an item that a run has stored. Fails for any other item."""
    return Update(
        key=f"ITEM#{item_id}",
        update="SET run_id = :run",
        condition="item_state = :stored AND run_id = :run",
        values={"stored": ItemState.STORED.value, "run": run_id},
    )


def settled_before(row: ItemRow, update: Update, run_id: str) -> bool:
    """Return whether a failed settlement repeats one that was written."""
    wanted: str = update.values["state"]
    if row.run_id == run_id:
        return row.state.value == wanted
    # Another run can change the item only after this run has returned it.
    return ItemState(wanted) in _GIVEN_BACK


def dead_letter(
    rejected: Rejected, source: SourceObject, run_id: str, part: str, expected: ClaimOn
) -> Update:
    """Record an object that cannot be labeled and whose dead letter is not delivered yet."""
    condition, values = _expectation(expected)
    return Update(
        key=f"ITEM#{source.item_id}",
        update=(
            "SET item_state = :state, run_id = :run, part = :part, attempts = :zero,"
            f" generation = :generation, {_set_source(source)}, reason = :reason, delivered = :no,"
            " updated_at = :now REMOVE label_uri"
        ),
        condition=condition,
        values={
            **values,
            "state": ItemState.DEAD_LETTERED.value,
            "run": run_id,
            "part": part,
            "zero": 0,
            "generation": expected.generation + 1,
            **_source_values(source),
            "reason": rejected.reason.value,
            "no": False,
            "now": timestamp(),
        },
        names=_SOURCE_NAMES,
    )

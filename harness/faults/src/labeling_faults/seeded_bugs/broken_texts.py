"""Broken functions of seeded bugs in the processing of texts of files that are uploaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labeling_faults.seeded_bugs.seeded_bug import Function, Thing


def always_the_same(right: Function) -> Function:
    """Give each other's identity to all texts of a file."""
    return lambda bucket, key, _text, occurrence: right(bucket, key, "", occurrence)


def labels_not_remembered(right: Function) -> Function:
    """Forget where the label of a stored text is."""
    return lambda item, attempts, run, _label="": right(item, attempts, run)


def texts_not_claimed(right: Function) -> Function:
    """Let any item name itself for a text."""

    def own_text(*arguments: Thing) -> Thing:
        update = right(*arguments)
        values = {name: it for name, it in update.values.items() if not name.startswith("was_")}
        return update._replace(condition="", values=values)

    return own_text

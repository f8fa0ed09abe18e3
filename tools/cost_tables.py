"""Write the tables of docs/cost.md with the calculator's prices and results.

Run from the repository: ``python -m tools.cost_tables``, with ``--check`` to compare only.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from labelctl.cost.estimates import Studio, Use, estimate
from labelctl.cost.prices import CALL, OBJECT_FEES, REQUESTS, RUN, STANDING
from tools.marked_sections import table, write_or_check

COST = Path(__file__).resolve().parent.parent / "docs" / "cost.md"
MEND = "make docs"
ITEMS = (1_000, 10_000, 100_000, 1_000_000)


def sections() -> dict[str, str]:
    """Write the tables.

    Returns:
        Markdown by the section's name.
    """
    return {"months": _months(), "label-studio": _label_studio(), "prices": _prices()}


def _months() -> str:
    rows = []
    for items in ITEMS:
        plain, verified = estimate(Use(items)), estimate(Use(items, verified_percent=100))
        fees = (plain.labeling_fee, verified.verification_fee)
        others = (plain.requests, plain.standing, plain.total, verified.total)
        cells = [f"{items:,}", *(f"{dollars:,.2f}" for dollars in (*fees, *others))]
        rows.append(tuple(cells))
    head = (
        "Items in the month",
        "Fee for labeling",
        "Fee for verifying all",
        "Requests",
        "Key and alarms",
        "Total",
        "Total with verification",
    )
    return table(head, rows)


def _label_studio() -> str:
    rows = []
    for items in ITEMS:
        found = estimate(Use(items, studio=Studio()))
        parts = (found.requests, found.calls, found.standing, found.server, found.total)
        rows.append((f"{items:,}", *(f"{dollars:,.2f}" for dollars in parts)))
    head = (
        "Items in the month",
        "Requests",
        "Calls for Label Studio",
        "Key and alarms",
        "Label Studio",
        "Total",
    )
    return table(head, rows)


def _prices() -> str:
    fees = [
        (f"Labeled or verified object, {_tier(number)}", "1", f"${price:.2f}")
        for number, (_, price) in enumerate(OBJECT_FEES)
    ]
    requests, calls = (
        [
            (name, f"{count:g} for {what}", f"${price:.3f} for a million".replace("0 for", " for"))
            for name, (count, price) in priced.items()
        ]
        for priced, what in ((REQUESTS, "an item"), (CALL, "a call"))
    )
    runs = [
        (name, f"{count:g} for a run", f"${price:.7f}".rstrip("0"))
        for name, (count, price) in RUN.items()
    ]
    standing = [
        (name, f"{count:g}", f"${price:.2f} for a month")
        for name, (count, price) in STANDING.items()
    ]
    return table(("What", "How many", "Price of one"), [*fees, *requests, *runs, *calls, *standing])


def _tier(number: int) -> str:
    above = OBJECT_FEES[number - 1][0] if number else None
    limit = OBJECT_FEES[number][0]
    if above is None:
        return f"the first {limit:,} of a month"
    return f"from {above:,} on" if limit is None else f"the next, up to {limit:,}"


def main(arguments: list[str] | None = None) -> int:
    """Write or check docs/cost.md.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Write the tables of docs/cost.md.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    return write_or_check(COST, sections(), check=options.check, mend=MEND)


if __name__ == "__main__":
    sys.exit(main())

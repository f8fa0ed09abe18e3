"""What the figures of a day say: what bends, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labeling_faults.load.limits import limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_faults.load.figures import Figures

#: A queue that is never empty keeps a run polling. To drain what the largest run takes, if it was
#: there from the beginning, takes about five minutes.
_POLL_SECONDS_OF_A_RUN = 600


def bends(figures: Figures) -> list[str]:
    """Return what was touched in a day, the worst first; empty if nothing was."""
    return [*_late(figures), *_long_polls(figures), *_killed(figures), *_refused(figures)]


def comes_to_rest(figures: Figures) -> bool:
    """Return whether everything was stored in the end, and the promises could be audited."""
    return figures["stored"] == figures["items"]


def _late(figures: Figures) -> Iterator[str]:
    left = figures["items"] - figures["stored_in_day"]
    runs = 24 * 60 // figures["minutes_between_runs"]
    most = int(runs) * figures["max_items_per_run"]
    if left and most < figures["items"]:
        yield f"`schedule`: a day's runs claim at most {most:,} items"
    if left:
        yield f"{left:,} items are not stored after 24 hours"


def _killed(figures: Figures) -> Iterator[str]:
    for step, use in figures["functions"].items():
        if use["killed"]:
            calls = "one call" if use["killed"] == 1 else f"{use['killed']} calls"
            yield f"`{step}`: Lambda ended {calls} at the timeout of {use['timeout']:.0f} s"


def _long_polls(figures: Figures) -> Iterator[str]:
    poll = figures["functions"].get("poll_queue")
    if not poll:
        return
    if not comes_to_rest(figures):
        yield "`poll_queue`: a run never ends polling, and its items wait"
    elif poll["seconds"] > _POLL_SECONDS_OF_A_RUN * figures["jobs"]:
        yield (
            f"`poll_queue`: {poll['seconds'] / figures['jobs'] / 3600:.1f} hours of polling for a"
            " run, which it takes to claim the backlog of so many items"
        )


def _refused(figures: Figures) -> Iterator[str]:
    for name, quota in limits().quotas.items():
        use = figures["quotas"][name]
        if use["refused"]:
            yield f"{quota.what}: {use['refused']:,} calls refused, and made again"
        elif use["highest"] > quota.value and not quota.growth:
            yield f"{quota.what}: {use['highest']:,.0f} of {quota.value:,.0f} ({quota.basis})"


def calls_of_an_item(figures: Figures) -> float:
    """Return the functions' calls of AWS for an item, receives that found nothing included."""
    return sum(figures["calls"].values()) / figures["items"]


def lines_of(figures: Figures) -> list[str]:
    """Return a day for the terminal."""
    lines = [
        (
            f"{figures['items']:,} items ({figures['curve']}), {figures['stored']:,} stored,"
            f" {figures['stored_in_day']:,} in the day, the last after {figures['hours']:g} hours"
        ),
        (
            f"{figures['executions']} executions, {figures['jobs']} labeling jobs,"
            f" {calls_of_an_item(figures):.3f} calls per item, {figures['violations']} violations"
        ),
    ]
    for step, use in figures["functions"].items():
        lines.append(
            f"   {step}: {use['calls']} calls, {use['seconds']:,.0f} s, the longest"
            f" {use['longest']:.1f} s of {use['timeout']:.0f} s"
        )
    lines += [f"touched: {it}" for it in bends(figures)] or ["touched: nothing"]
    peak = figures["simulation_peak_bytes"] / 2**20
    lines.append(f"simulated in {figures['simulation_seconds']} s, with {peak:,.0f} MiB")
    return lines

"""The search for seeded bugs in plain histories, at crash points and in random histories."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_faults.histories import crashes, histories
from labeling_faults.histories.scenarios import SCENARIOS
from labeling_faults.seeded_bugs.all_bugs import SEEDED_BUGS
from labeling_faults.world.fault_points import NoFaults

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeling_faults.histories.crashes import CrashPoint
    from labeling_faults.histories.histories import History

#: Histories in which a seeded bug must be caught.
MOST_HISTORIES = 1500


@dataclass(frozen=True, slots=True)
class Catch:
    """How a seeded bug was caught.

    Attributes:
        bug: Position of the bug.
        histories: Histories until then.
        broken: The first broken promise; empty if it was not caught.
    """

    bug: int
    histories: int
    broken: str


def catch(position: int, points: Iterable[CrashPoint]) -> Catch:
    """Look for a seeded bug: in plain histories, at crash points, in histories.

    Args:
        position: Position of the bug.
        points: Every crash point, as the right functions have them.
    """
    histories, bug = 0, SEEDED_BUGS[position]
    with bug.seeded():
        for broken in itertools.islice(_histories(bug.step, points), MOST_HISTORIES):
            histories += 1
            if broken:
                return Catch(position, histories, broken[0])
    return Catch(position, histories, "")


def _histories(step: str, points: Iterable[CrashPoint]) -> Iterator[list[str]]:
    # The requests of the right functions were checked; a bug is caught by the promise it breaks.
    for scenario in SCENARIOS:
        yield scenario.end_of(NoFaults(), strict=False)[1]
    own = _in_turn([point for point in points if point.step == step])
    for number, history in enumerate(_calling(step)):
        if number < len(own):
            # A bug changes the course of a history, which is no promise broken.
            found = crashes.crash(own[number])
            yield [it for it in found.broken if crashes.OTHER_COURSE not in it]
        yield histories.broken_promises(history, strict=False)


def _in_turn(points: list[CrashPoint]) -> list[CrashPoint]:
    """Return crash points in an order that mixes scenarios, with rare sequences of calls early."""
    random.Random(0).shuffle(points)
    counts: Counter[tuple[str, str]] = Counter()

    def turn(point: CrashPoint) -> int:
        counts[point.operations] += 1
        return counts[point.operations]

    return sorted(points, key=turn)


def _calling(step: str) -> Iterator[History]:
    """Yield random histories in which a function can be called."""
    for history in map(histories.history_of, itertools.count()):
        if step in history.configuration.functions:
            yield history

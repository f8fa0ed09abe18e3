"""The search for the shortest history that breaks an invariant."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_faults.histories.histories import History


def shortest(history: History, *, broken: Callable[[History], bool]) -> History:
    """Return the history without the steps that the broken invariant does not need."""
    size = max(1, len(history.steps) // 2)
    while True:
        start = 0
        while start < len(history.steps):
            steps = history.steps[:start] + history.steps[start + size :]
            shorter = dataclasses.replace(history, steps=steps)
            if broken(shorter):
                history = shorter
            else:
                start += size
        if size == 1:
            return history
        size //= 2

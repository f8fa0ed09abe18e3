"""The search for the shortest history that breaks an invariant."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_faults.histories.histories import Story


def shortest(story: Story, *, broken: Callable[[Story], bool]) -> Story:
    """Return the history without the steps that the broken invariant does not need."""
    size = max(1, len(story.steps) // 2)
    while True:
        start = 0
        while start < len(story.steps):
            steps = story.steps[:start] + story.steps[start + size :]
            shorter = dataclasses.replace(story, steps=steps)
            if broken(shorter):
                story = shorter
            else:
                start += size
        if size == 1:
            return story
        size //= 2

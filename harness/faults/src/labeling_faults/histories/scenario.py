"""A history without faults, and how it must end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from labeling_faults.configuration import Configuration
from labeling_faults.world.audit import violations_of
from labeling_faults.world.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_faults.world.fault_points import Faults


@dataclass(frozen=True)
class Scenario:
    """A history without faults.

    Attributes:
        name: What it is about.
        play: Lets it happen.
        configuration: What the user has chosen.
        dead_letters: Keys whose items may end as dead letters.
    """

    name: str
    play: Callable[[World], None]
    configuration: Configuration = field(default_factory=Configuration)
    dead_letters: frozenset[str] = frozenset()

    def end_of(self, faults: Faults, *, strict: bool = True) -> tuple[World, list[str]]:
        """Play the history with faults, let all work end and audit it.

        Args:
            faults: The faults.
            strict: Whether requests are checked against botocore's models.

        Returns:
            The world, and every promise that was broken.
        """
        world = World(self.configuration, faults=faults, strict=strict)
        self.play(world)
        if not world.run_until_idle():
            return world, ["work is left", *violations_of(world)]
        return world, [*violations_of(world), *self._unfinished(world)]

    def _unfinished(self, world: World) -> list[str]:
        ended = {"stored", "superseded"}
        return [
            f"{upload.uri} {upload.version_id[:6]} ends {state}"
            for upload, state in world.states().items()
            if state not in ended
            and not (state == "dead_lettered" and upload.key in self.dead_letters)
        ]

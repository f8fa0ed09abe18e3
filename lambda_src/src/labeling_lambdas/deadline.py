"""The remaining time of a function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_lambdas import process
from labeling_lambdas.errors import OutOfTimeError

if TYPE_CHECKING:
    from collections.abc import Callable

    from labeling_lambdas.lambda_context import LambdaContext


@dataclass(eq=False, repr=False)
class Deadline:
    """The time by which a step must have stopped.

    Attributes:
        remaining: Returns the seconds until Lambda ends the function.
    """

    remaining: Callable[[], float]

    @classmethod
    def of(cls, context: LambdaContext) -> Deadline:
        """Return the deadline of a running function."""
        return cls(lambda: context.get_remaining_time_in_millis() / 1000)

    @property
    def now(self) -> float:
        """The current time in epoch seconds."""
        return process.now()

    @property
    def ends_at(self) -> int:
        """The deadline in epoch seconds, rounded up."""
        return int(self.now + self.remaining()) + 1

    def near(self, seconds: float) -> bool:
        """Return whether fewer than ``seconds`` are left."""
        return self.remaining() < seconds

    def wait_until(self, moment: float, *, leaving: float) -> None:
        """Wait until a time, but leave time for the work after it.

        Args:
            moment: Epoch seconds.
            leaving: Seconds that must remain in any case.
        """
        process.sleep(max(0.0, min(moment - self.now, self.remaining() - leaving)))

    def require(self, seconds: float) -> None:
        """Raise an error if too little time is left.

        Raises:
            OutOfTimeError: If fewer than ``seconds`` are left.
        """
        if self.near(seconds):
            message = f"{self.remaining():.0f} s left, {seconds:.0f} s needed; call again to go on"
            raise OutOfTimeError(message)

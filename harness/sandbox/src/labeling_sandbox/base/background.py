"""Threads of the simulators: named daemon threads that report their failures."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_logger = logging.getLogger(__name__)


class FailureBoundary:
    """Stops a failure inside a simulated service, as a real service does.

    An AWS service whose worker fails still reports a failed job or execution. Without this, a bug
    in the simulation would leave it RUNNING, and the test would wait for its deadline.
    """

    def __init__(self, name: str, on_failure: Callable[[Exception], None] | None = None) -> None:
        """Name the work.

        Args:
            name: What runs, for the log.
            on_failure: Told about an exception that nothing inside has handled.
        """
        self._name = name
        self._on_failure = on_failure

    def __enter__(self) -> None:
        """Start the guarded work."""

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Report an exception and end it here; leave exits and interrupts alone."""
        if not isinstance(exception, Exception):
            return False
        _logger.error("%s failed", self._name, exc_info=exception)
        if self._on_failure is not None:
            self._on_failure(exception)
        return True


def start(
    name: str, work: Callable[[], None], on_failure: Callable[[Exception], None] | None = None
) -> threading.Thread:
    """Run work on a daemon thread inside a `FailureBoundary`.

    Args:
        name: The name of the thread.
        work: What to run.
        on_failure: Told about an exception of the work.

    Returns:
        The started thread.
    """

    def run() -> None:
        with FailureBoundary(name, on_failure):
            work()

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread

"""The clock, pauses, threads and standard output of a function's process.

Nothing else in the package uses them directly, so a simulation replaces them here.
"""

from __future__ import annotations

import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def now() -> float:
    """Return the current time in epoch seconds."""
    return time.time()


def sleep(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)


def jitter(most: float) -> float:
    """Return a random number of seconds up to a maximum."""
    return random.uniform(0, most)  # noqa: S311 - jitter is no secret


def threads(count: int) -> ThreadPoolExecutor:
    """Return a pool of threads."""
    return ThreadPoolExecutor(count)


def write_line(text: str) -> None:
    """Write a line of its own to the standard output, which the logger would wrap."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()

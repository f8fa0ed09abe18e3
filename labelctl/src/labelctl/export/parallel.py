"""Calls that wait for AWS, some at a time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")
_THREADS = 8


def in_parallel(function: Callable[[T], R], values: Iterable[T]) -> Iterator[R]:
    """Yield a function's results in the order of its arguments.

    Only some arguments are taken ahead, so that memory does not grow with their number. After an
    error or an interruption, no further call is started.
    """
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(_THREADS) as threads:
        try:
            for value in values:
                waiting.append(threads.submit(function, value))
                if len(waiting) == 2 * _THREADS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

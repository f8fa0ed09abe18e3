"""The process of one function, or of one ceiling: ``python -m labeling_bench.worker TASK``.

TASK is a file that holds the pickled task; the result is written beside it.
"""

from __future__ import annotations

import importlib
import logging
import os
import pickle
import resource
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from botocore.session import Session

from labeling_bench.tasks import CeilingTask, FunctionResult, FunctionTask
from labeling_bench.wire import RemoteAccount


class _Context:
    """Lambda's context of one call."""

    def __init__(self, number: int, timeout_seconds: float) -> None:
        self.aws_request_id = f"{number:08d}-0000-0000-0000-000000000000"
        self._ends = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        return int((self._ends - time.monotonic()) * 1000)


def peak_bytes() -> int:
    """Return the most memory that this process has had."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not what getrusage says: that starts with the memory of the process that started this one.
        (line,) = (it for it in status.read_text().splitlines() if it.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    # Where there is no such file, on macOS, it is in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def call_function(task: FunctionTask) -> FunctionResult:
    """Call a handler as Lambda does, with the account in place of boto3's clients."""
    os.environ.update(task.environment)
    # The functions' log is written, and formatted, as in Lambda, but not shown.
    logging.basicConfig(level=logging.INFO, handlers=[logging.FileHandler(os.devnull)])
    remote = RemoteAccount(task.path)
    # The clients' own memory belongs to the function's, so they are made though nobody calls them.
    session = Session()
    real = [session.create_client(name, region_name="us-east-1") for name in remote.services]
    make: Any = lambda _session, service, **_options: remote.client(service)  # noqa: E731
    Session.create_client = make  # type: ignore[method-assign]
    handler = importlib.import_module(f"labeling_lambdas.handlers.{task.handler}").handler
    start_bytes = peak_bytes()
    remote.ask("wait_for", task.parties)
    remote.counts.clear()
    requests: list[str] = []
    sys.addaudithook(
        lambda event, _arguments: requests.append(event) if event == "urllib.Request" else None
    )
    began, cpu, start = time.time(), _cpu_seconds(), time.perf_counter()
    answers = [
        handler(event, _Context(number, task.timeout_seconds))
        for number, event in enumerate(task.events)
    ]
    ended = time.perf_counter()
    idle = idle_seconds(remote.spans)
    del real
    return FunctionResult(
        answers=answers,
        calls=dict(remote.counts),
        seconds=ended - start - idle,
        idle_seconds=idle,
        cpu_seconds=_cpu_seconds() - cpu,
        at_once=remote.at_once,
        peak_bytes=peak_bytes(),
        start_bytes=start_bytes,
        began=began,
        ended=began + ended - start,
        requests=len(requests),
    )


def idle_seconds(spans: list[tuple[float, float, bool]]) -> float:
    """Return for how long nothing was under way but receives that gave nothing."""
    moments = sorted(
        moment
        for began, ended, empty in spans
        for moment in ((began, 1, empty), (ended, -1, empty))
    )
    idle, last, working, waiting = 0.0, 0.0, 0, 0
    for moment, change, empty in moments:
        if waiting and not working:
            idle += moment - last
        last = moment
        waiting += change if empty else 0
        working += 0 if empty else change
    return idle


def reach_ceiling(task: CeilingTask) -> float:
    """Make nothing but calls; return how many there were in a second."""
    calls: deque[tuple[str, str, Any]] = deque(pickle.loads(Path(task.calls).read_bytes()))  # noqa: S301 - written by the account's process
    count = len(calls)
    remote = RemoteAccount(task.path)

    def work(_thread: int) -> None:
        while True:
            try:
                service, operation, parameters = calls.popleft()
            except IndexError:
                return
            try:
                remote.call(service, operation, parameters)
            except ClientError:
                # A repeat may be refused; it took its time all the same.
                continue

    start = time.perf_counter()
    with ThreadPoolExecutor(task.threads) as threads:
        list(threads.map(work, range(task.threads)))
    return count / (time.perf_counter() - start)


def main() -> None:
    """Do the task of the file that the command line names."""
    path = Path(sys.argv[1])
    task = pickle.loads(path.read_bytes())  # noqa: S301 - written by the process that started this
    result = call_function(task) if isinstance(task, FunctionTask) else reach_ceiling(task)
    path.with_suffix(".result").write_bytes(pickle.dumps(result))


if __name__ == "__main__":
    main()

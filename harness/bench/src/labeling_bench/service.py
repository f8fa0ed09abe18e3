"""The process that serves a fresh account: ``python -m labeling_bench.service SOCKET SECONDS``.

It ends with its standard input.
"""

from __future__ import annotations

import gc
import signal
import sys
import time

from in_process_aws.account import Account
from labeling_bench.wire import AccountServer, Latency


class WallClock:
    """The time of the world outside."""

    @property
    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


def main() -> None:
    """Serve until the process is ended."""
    path, seconds = sys.argv[1:]
    # A collection looks at every item of the account, and all calls wait for it: a pause that AWS
    # does not have, and that would be in the figures. The process does not live long.
    gc.disable()
    # Copies of the account are children that nobody asks for their end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    AccountServer(Account(WallClock(), strict=False), path, Latency(float(seconds))).serve()


if __name__ == "__main__":
    main()

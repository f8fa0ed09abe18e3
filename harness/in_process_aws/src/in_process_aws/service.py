"""The common base of the services of an account."""

from __future__ import annotations

import hashlib
import itertools
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from in_process_aws.calls import Clock, Operation, Parameters

ACCOUNT_ID = "123456789012"
REGION = "us-east-1"


class Service:
    """One service: its state, its lock and its operations.

    Attributes:
        name: boto3's name of the service.
        clock: The account's time.
        lock: Held while an operation changes the state.
        operations: What the service can do, by botocore's names.
    """

    name = ""

    def __init__(self, clock: Clock) -> None:
        """Start empty.

        Args:
            clock: The account's time.
        """
        self.clock = clock
        self.lock = threading.RLock()
        self.operations: dict[str, Operation] = {}
        self._numbers = itertools.count(1)

    def check(self, operation: str, parameters: Parameters) -> None:
        """Refuse a request that breaks a constraint of the model, where the service looks at it."""

    def moment(self) -> datetime:
        """Return the current time in the format of responses."""
        return datetime.fromtimestamp(self.clock.now, UTC)

    def new_id(self, kind: str) -> str:
        """Return an identifier that no other thing has and that the next process makes again."""
        text = f"{self.name}/{kind}/{next(self._numbers)}"
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource of the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}"

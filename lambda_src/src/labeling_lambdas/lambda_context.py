"""The context that Lambda passes to a function with its event."""

from __future__ import annotations

from typing import Protocol


class LambdaContext(Protocol):
    """The part of Lambda's context object that the functions use."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int:
        """Return milliseconds until Lambda ends the function."""

"""The schedule that starts runs: pause it and resume it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from labelctl.connection import Client

_ENABLED, _DISABLED = "ENABLED", "DISABLED"
#: What GetSchedule answers and UpdateSchedule does not take. All other fields must be sent again,
#: or EventBridge Scheduler sets them to their defaults.
#: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
_NOT_SENT = frozenset({"Arn", "CreationDate", "LastModificationDate", "ResponseMetadata"})


@dataclass(frozen=True, slots=True)
class Schedule:
    """The schedule that starts runs.

    Attributes:
        client: EventBridge Scheduler.
        name: Its name.
    """

    client: Client
    name: str

    def pause(self) -> bool:
        """Start no more runs; return whether this changed anything."""
        return self._set(_DISABLED)

    def resume(self) -> bool:
        """Start runs again; return whether this changed anything."""
        return self._set(_ENABLED)

    def _set(self, state: str) -> bool:
        found: dict[str, Any] = self.client.get_schedule(Name=self.name)
        if found["State"] == state:
            return False
        kept = {name: value for name, value in found.items() if name not in _NOT_SENT}
        self.client.update_schedule(**{**kept, "State": state})
        return True


def require_enabled(name: str, *, enabled: bool) -> None:
    """Check that the module's input enables the schedule.

    Args:
        name: Name of the schedule.
        enabled: What the module was applied with.

    Raises:
        LabelctlError: If it does not: the next apply would disable the schedule again.
    """
    if not enabled:
        message = (
            f"the schedule {name} is disabled by the module's input; remove"
            " schedule = { enabled = false } and run terraform apply"
        )
        raise LabelctlError(message)

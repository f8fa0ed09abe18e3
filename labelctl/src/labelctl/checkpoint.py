"""The state of a backfill in a file, so that it can be interrupted and started again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from labelctl.errors import LabelctlError
from labelctl.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SCHEMA = "labelctl-checkpoint/1"


@dataclass(frozen=True, slots=True)
class Saved:
    """The state of a backfill.

    Attributes:
        tally: The counts of all its starts.
        since: The time that the first start calculated from the option, which may be an age.
    """

    tally: Tally
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file with the state of one backfill.

    Attributes:
        path: The file.
        scope: The scope of the backfill. A file of another scope is rejected.
    """

    path: Path
    scope: Mapping[str, Any]

    def load(self) -> Saved | None:
        """Return the last saved state, or None if there is none.

        Raises:
            LabelctlError: If the file belongs to another backfill, or is not a checkpoint.
        """
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            message = f"checkpoint {self.path} cannot be read: {error}"
            raise LabelctlError(message) from error
        if not isinstance(content, dict) or content.get("schema") != _SCHEMA:
            message = f"{self.path} is no checkpoint of this version of labelctl"
            raise LabelctlError(message)
        if content["scope"] != dict(self.scope):
            message = (
                f"checkpoint {self.path} is of another backfill ({json.dumps(content['scope'])});"
                " name another file, or delete it"
            )
            raise LabelctlError(message)
        since = content["since"]
        return Saved(
            Tally.from_fields(content["tally"]), datetime.fromisoformat(since) if since else None
        )

    def save(self, tally: Tally, since: datetime | None) -> None:
        """Replace the file, so that it holds either the old state or the new one.

        Raises:
            LabelctlError: If it cannot be written.
        """
        content = {
            "schema": _SCHEMA,
            "scope": self.scope,
            "since": since.isoformat() if since else None,
            "tally": tally.fields(),
        }
        fresh = self.path.with_name(f"{self.path.name}.new")
        try:
            fresh.write_text(f"{json.dumps(content)}\n", "utf-8")
            fresh.replace(self.path)
        except OSError as error:
            message = f"checkpoint {self.path} cannot be written: {error}"
            raise LabelctlError(message) from error

    def remove(self) -> None:
        """Remove the file of a completed backfill."""
        self.path.unlink(missing_ok=True)

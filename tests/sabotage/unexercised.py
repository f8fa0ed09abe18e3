"""Grants that the sandbox cannot exercise: one data file, each entry with its reason and page."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeling_sandbox.iam.used_grants import Grant

FILE = Path(__file__).resolve().parents[1] / "security" / "unexercised_grants.toml"


@dataclass(frozen=True)
class Unexercised:
    """One action of one statement that no run in the sandbox needs.

    Attributes:
        owner: Pattern of the role's name or of the resource's ARN.
        statement: The statement's id.
        action: The action as the statement writes it; a statement that denies is taken as a whole,
            with the action ``*``.
        reason: Why AWS needs it and the sandbox does not.
        page: Where AWS says so.
    """

    owner: str
    statement: str
    action: str
    reason: str
    page: str

    def covers(self, grant: Grant) -> bool:
        return (
            fnmatchcase(grant.owner, self.owner)
            and grant.statement == self.statement
            and self.action in (grant.action, "*")
        )


def entries() -> list[Unexercised]:
    """The data file, one entry for each action."""
    parsed = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [
        Unexercised(each["owner"], each["statement"], action, each["reason"], each["page"])
        for each in parsed["grants"]
        for action in each["actions"]
    ]


def listed(grant: Grant, among: Iterable[Unexercised]) -> bool:
    """Whether a grant is in the data file."""
    return any(entry.covers(grant) for entry in among)

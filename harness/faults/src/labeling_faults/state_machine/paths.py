"""The part of JSONPath that the state machine uses: sequences of names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Json = Any

_PATH = re.compile(r"\$\$?(\.[A-Za-z_][A-Za-z0-9_]*)*")


class UnsupportedPathError(Exception):
    """The definition uses a part of JSONPath, or a function, that this interpreter lacks."""


class AbsentPathError(Exception):
    """There is nothing where a path points."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What paths are evaluated against.

    Attributes:
        data: The state's input or result, ``$``.
        context: The context object, ``$$``.
    """

    data: Json
    context: dict[str, Json]

    def at(self, path: str) -> Json:
        """Return the value that a path points to.

        Raises:
            AbsentPathError: If there is none.
        """
        place = self.context if path.startswith("$$") else self.data
        for name in names_of(path):
            if not isinstance(place, dict) or name not in place:
                message = f"the path {path} points to nothing"
                raise AbsentPathError(message)
            place = place[name]
        return place

    def fill(self, template: Json) -> Json:
        """Return a template with the paths of its ``.$`` fields replaced by their values."""
        if isinstance(template, list):
            return [self.fill(entry) for entry in template]
        if not isinstance(template, dict):
            return template
        return {
            name.removesuffix(".$"): self.at(value) if name.endswith(".$") else self.fill(value)
            for name, value in template.items()
        }


def names_of(path: str) -> list[str]:
    """Return the names of a path.

    Raises:
        UnsupportedPathError: If it is more than names.
    """
    if _PATH.fullmatch(str(path)) is None:
        message = f"{path!r} is more than a path of names"
        raise UnsupportedPathError(message)
    return path.split(".")[1:]


def put(data: Json, path: str | None, result: Json) -> Json:
    """Return a state's input with its result placed at a path; None drops the result."""
    if path is None:
        return data
    names = names_of(path)
    if not names:
        return result
    whole = dict(data) if isinstance(data, dict) else {}
    place = whole
    for name in names[:-1]:
        inner = place.get(name)
        place[name] = dict(inner) if isinstance(inner, dict) else {}
        place = place[name]
    place[names[-1]] = result
    return whole

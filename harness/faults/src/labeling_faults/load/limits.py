"""What AWS allows and what a call takes, read from ``limits.toml``."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Basis = Literal["documented", "assumed"]


@dataclass(frozen=True, slots=True)
class Quota:
    """What AWS allows.

    Attributes:
        name: Its name here.
        what: What is limited, beginning with the service.
        value: The limit.
        basis: Where the figure is from.
        source: AWS's page, if it is documented.
        note: Why it is assumed, if it is.
        growth: How the limit grows with use; empty if it does not.
    """

    name: str
    what: str
    value: float
    basis: Basis
    source: str = ""
    note: str = ""
    growth: str = ""


@dataclass(frozen=True, slots=True)
class Assumption:
    """What a call takes.

    Attributes:
        what: Of which calls.
        value: Seconds, milliseconds of a processor, or MB.
        basis: Where the figure is from.
        source: AWS's page, if it is documented.
        note: Why it is assumed, if it is.
    """

    what: str
    value: float
    basis: Basis
    source: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """All of them.

    Attributes:
        quotas: By name.
        latencies: Seconds of a call, by operation or service, and ``default``.
        processor: Milliseconds of a call by operation, and ``default``; ``whole_mb``.
    """

    quotas: Mapping[str, Quota]
    latencies: Mapping[str, Assumption]
    processor: Mapping[str, Assumption]

    def latency(self, service: str, operation: str) -> float:
        """Return the seconds of a call."""
        found = self.latencies.get(operation) or self.latencies.get(service)
        return (found or self.latencies["default"]).value

    def processor_seconds(self, operation: str, memory_mb: float) -> float:
        """Return for how long a call keeps the processor of a function busy."""
        milliseconds = self.processor.get(operation, self.processor["default"]).value
        share = min(1.0, memory_mb / self.processor["whole_mb"].value)
        return milliseconds / 1000 / share


@functools.cache
def limits() -> Limits:
    """Return what the file says."""
    text = files("labeling_faults.load").joinpath("limits.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    quotas = {name: Quota(name, **members) for name, members in told["quotas"].items()}
    return Limits(quotas, _assumptions(told["latencies"]), _assumptions(told["processor"]))


def _assumptions(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Assumption]:
    found = {}
    for what, members in told.items():
        rest = {key: it for key, it in members.items() if key in {"basis", "source", "note"}}
        (value,) = (it for key, it in members.items() if key not in rest)
        found[what] = Assumption(what, float(value), **rest)
    return found

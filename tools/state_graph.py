"""A state machine's definition (Amazon States Language) as states and the ways between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ANY_ERROR = "any error"
OTHERWISE = "otherwise"
ENDS = frozenset({"Fail", "Succeed"})

_COMPARISONS = {
    "Equals": "=",
    "GreaterThan": ">",
    "GreaterThanEquals": ">=",
    "LessThan": "<",
    "LessThanEquals": "<=",
    "Matches": "like",
}


@dataclass(frozen=True)
class State:
    """A state.

    Attributes:
        name: Its name.
        kind: Its type, such as ``Task``.
        calls: The function that it calls, without what all functions' names begin with.
        waits: Whether it waits for its task token.
        inner: The graphs in it: one for a Map, one for each branch of a Parallel.
    """

    name: str
    kind: str
    calls: str = ""
    waits: bool = False
    inner: tuple[Graph, ...] = ()


@dataclass(frozen=True)
class Way:
    """A way from one state to another.

    Attributes:
        source: Where it leaves.
        target: Where it leads.
        label: When it is taken; empty where it always is.
        after_error: Whether it is taken only after an error.
    """

    source: str
    target: str
    label: str = ""
    after_error: bool = False


@dataclass(frozen=True)
class Graph:
    """States in the definition's order, and the ways between them.

    Attributes:
        start: The first state.
        states: The states by name.
        ways: The ways, at most one from a state to another.
    """

    start: str
    states: Mapping[str, State]
    ways: tuple[Way, ...]

    def leaving(self, name: str) -> list[Way]:
        """Give the ways that leave a state, in the definition's order.

        Args:
            name: The state.

        Returns:
            Its ways.
        """
        return [way for way in self.ways if way.source == name]


def read_graph(definition: Mapping[str, Any]) -> Graph:
    """Read a definition.

    Args:
        definition: The parsed definition, or the processor of a Map.

    Returns:
        Its graph.
    """
    return _read(definition, _shared_beginning(list(_function_names(definition))))


def _read(definition: Mapping[str, Any], prefix: str) -> Graph:
    states: Mapping[str, Mapping[str, Any]] = definition["States"]
    return Graph(
        start=definition["StartAt"],
        states={name: _state(name, state, prefix) for name, state in states.items()},
        ways=tuple(way for name, state in states.items() for way in _ways(name, state)),
    )


def _state(name: str, state: Mapping[str, Any], prefix: str) -> State:
    function = _called_function(state).removeprefix(prefix).replace("-", "_")
    waits = str(state.get("Resource", "")).endswith(".waitForTaskToken")
    return State(
        name=name,
        kind=state["Type"],
        calls=function,
        waits=waits,
        inner=tuple(_read(each, prefix) for each in _inner_definitions(state)),
    )


def _ways(name: str, state: Mapping[str, Any]) -> list[Way]:
    found = [Way(name, choice["Next"], _condition(choice)) for choice in state.get("Choices", [])]
    if "Default" in state:
        found.append(Way(name, state["Default"], OTHERWISE))
    if "Next" in state:
        found.append(Way(name, state["Next"]))
    for catch in state.get("Catch", []):
        errors = catch["ErrorEquals"]
        label = ANY_ERROR if "States.ALL" in errors else ", ".join(errors)
        found.append(Way(name, catch["Next"], label, after_error=True))
    merged: dict[str, Way] = {}
    for way in found:
        known = merged.get(way.target)
        if known is None:
            merged[way.target] = way
        else:
            label = f"{known.label} or {way.label}".removeprefix(" ")
            both = known.after_error and way.after_error
            merged[way.target] = Way(name, way.target, label, after_error=both)
    return list(merged.values())


def _condition(choice: Mapping[str, Any]) -> str:
    if "Variable" not in choice:
        # And, Or, Not, or an expression of JSONata: too long for a line in a picture.
        return "a condition"
    variable = str(choice["Variable"]).removeprefix("$.")
    test, value = next(
        (key, value) for key, value in choice.items() if key not in ("Next", "Variable", "Comment")
    )
    if test.startswith("Is"):
        told = test.removeprefix("Is").lower()
        return f"{variable} {'is' if value else 'is not'} {told}"
    if isinstance(value, bool):
        return variable if value else f"not {variable}"
    for kind in ("Boolean", "Numeric", "String", "Timestamp"):
        test = test.removeprefix(kind)
    return f"{variable} {_COMPARISONS.get(test, test)} {value}"


def _inner_definitions(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    branches: list[Mapping[str, Any]] = list(state.get("Branches", []))
    return branches + [state[key] for key in ("ItemProcessor", "Iterator") if key in state]


def _called_function(state: Mapping[str, Any]) -> str:
    name = str(state.get("Parameters", {}).get("FunctionName", ""))
    return name.rpartition(":")[2]


def _function_names(definition: Mapping[str, Any]) -> Iterator[str]:
    for state in definition["States"].values():
        if name := _called_function(state):
            yield name
        for inner in _inner_definitions(state):
            yield from _function_names(inner)


def _shared_beginning(names: list[str]) -> str:
    if len(set(names)) < 2:  # noqa: PLR2004 - a single name has nothing in common with others
        return ""
    first, last = min(names), max(names)
    same = [one == other for one, other in zip(first, last, strict=False)]
    common = first[: same.index(False)] if False in same else first
    return common[: common.rfind("-") + 1]

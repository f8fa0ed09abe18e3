"""Rules for the imports between the modules of a package, those for types only included."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tests.conventions.python_rules import imports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: The modules of a package by name, each with its source.
Sources = dict[str, str]


def sources_of(package: Path) -> Sources:
    """Return the modules of a package; a folder's ``__init__`` has the name of the folder."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = path.read_text(encoding="utf-8")
    return found


def imported_modules(name: str, sources: Sources) -> Iterator[str]:
    """Yield the modules of the same package that a module imports."""
    for imported in imports(sources[name]):
        module = imported.name
        while module and module not in sources:
            module = module.rpartition(".")[0]
        # A name that is only in the package is no module of its own.
        if "." in module and module != name:
            yield module


def room_of(module: str) -> str:
    """Return the folder below the package that a module is in; its own name if it is in none."""
    return module.split(".")[1]


def layer_breaches(sources: Sources, floors: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield imports that do not point to a lower floor, and what has no floor or does not exist.

    Args:
        sources: The modules of a package.
        floors: Folders and modules of the package, the lowest floor first. Each imports only from
            lower floors, and a folder from itself.
    """
    floor_of = {room: number for number, rooms in enumerate(floors) for room in rooms}
    modules = [name for name in sources if "." in name]
    rooms = {room_of(module) for module in modules}
    yield from (f"{room} has no floor" for room in sorted(rooms - floor_of.keys()))
    yield from (f"{room} does not exist" for room in sorted(floor_of.keys() - rooms))
    for name in modules:
        for imported in imports(sources[name]):
            if imported.name.startswith("."):
                yield f"{name} imports {imported.name}: write the whole path"
        here = room_of(name)
        for module in imported_modules(name, sources):
            there = room_of(module)
            if here != there and floor_of.get(there, 0) >= floor_of.get(here, 0):
                yield f"{name} imports {module}, which is not on a lower floor"


def circle_in(sources: Sources) -> list[str]:
    """Return modules that import each other in a circle, an empty list if there are none."""
    graph = {name: set(imported_modules(name, sources)) for name in sources}
    for name in graph:
        path = _way_back(name, graph)
        if path:
            return path
    return []


def _way_back(start: str, graph: Mapping[str, set[str]]) -> list[str]:
    paths = deque([[start]])
    seen: set[str] = set()
    while paths:
        path = paths.popleft()
        for module in sorted(graph[path[-1]]):
            if module == start:
                return [*path, start]
            if module not in seen:
                seen.add(module)
                paths.append([*path, module])
    return []

"""Rules for Python sources. Each returns the breaches that it finds, as sentences."""

from __future__ import annotations

import ast
import functools
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = "labeling_lambdas"
AWS_LIBRARIES = frozenset({"boto3", "botocore"})
VAGUE_WORDS = frozenset(
    {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utilities", "utils"}
)
MAXIMUM_LINES = 400


@dataclass(frozen=True)
class Import:
    """One imported name.

    Attributes:
        name: Its dotted path, with the name that a "from" import takes.
        for_types_only: Whether only the type checker sees it.
    """

    name: str
    for_types_only: bool

    @property
    def library(self) -> str:
        return self.name.partition(".")[0]


@functools.cache
def imports(source: str) -> list[Import]:
    """Return every import of a module, including those within functions."""
    tree = ast.parse(source)
    type_blocks = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and is_type_checking(node.test)
    ]
    for_types = {
        id(inner)
        for block in type_blocks
        for statement in block.body
        for inner in ast.walk(statement)
    }
    return [
        Import(name, id(node) in for_types)
        for node in ast.walk(tree)
        for name in imported_names(node)
    ]


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imported_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        # The dots of a relative import stay in the name.
        origin = "." * node.level + (node.module or "")
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def library_breaches(module: str, source: str) -> list[str]:
    """Imports of libraries that the Lambda runtime lacks, or that the domain must not use."""
    known = sys.stdlib_module_names | {PACKAGE}
    is_domain = module.startswith(f"{PACKAGE}.domain.")
    return [
        f"{module} imports {imported.name}"
        for imported in imports(source)
        if not imported.name.startswith(".")
        and imported.library not in known
        and (is_domain or not is_available(imported))
    ]


def is_available(imported: Import) -> bool:
    return imported.library in AWS_LIBRARIES or (
        imported.for_types_only and imported.library.startswith(("mypy_boto3_", "_typeshed"))
    )


def length_breaches(name: str, source: str) -> list[str]:
    """Find a module with too many lines."""
    lines = len(source.splitlines())
    return [f"{name} has {lines} lines"] if lines > MAXIMUM_LINES else []


def vague_names(name: str) -> list[str]:
    """Find words of a file or class name that do not state a purpose."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return [word for word in re.split(r"[^a-z0-9]+", words) if word in VAGUE_WORDS]


def defined_names(source: str) -> list[str]:
    """Return the names of the classes and functions of a module."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, kinds)]

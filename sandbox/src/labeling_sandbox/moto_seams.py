"""The few ways in which this package changes moto, each of which fails loudly when moto has moved on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Function = Callable[..., Any]


def replace(owner: object, name: str, replacement: Function) -> Function:
    """Put a function in the place of one that moto has.

    Args:
        owner: The module or class that holds the function.
        name: Its name.
        replacement: What is called from now on.

    Returns:
        The function that was there, for a replacement that still wants it.

    Raises:
        AttributeError: This version of moto has no such function.
    """
    original: Function = getattr(owner, name)
    setattr(owner, name, replacement)
    return original


def add_operations(response_class: type, operations: Mapping[str, Function]) -> None:
    """Give a moto response class operations; those it has already are replaced.

    Args:
        response_class: The class that moto dispatches a service's requests to.
        operations: Operation name in snake case to a function that takes the response object.
    """
    for name, operation in operations.items():
        setattr(response_class, name, operation)

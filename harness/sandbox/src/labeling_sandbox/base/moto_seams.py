"""The changes that this package makes to moto. Each raises an error if moto has changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from moto.core.responses import BaseResponse

Function = Callable[..., Any]
JsonValue = Any


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


def parameters(response: BaseResponse) -> dict[str, Any]:
    """Return the members of the request that a moto response object answers."""
    return dict(response._get_params())  # noqa: SLF001 - moto has no public way to read a request


def parameter(response: BaseResponse, name: str) -> JsonValue:
    """Return one member of the request, or None where it is left out."""
    return response._get_param(name)  # noqa: SLF001 - moto has no public way to read a request

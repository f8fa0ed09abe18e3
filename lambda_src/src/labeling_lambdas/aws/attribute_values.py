"""DynamoDB's typed values, for the types that the ledger uses.

boto3's serializer supports every type, but takes several times as long; a shard has ten thousand
values.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode(value: object) -> dict[str, Any]:
    """Return a value in DynamoDB's format.

    Raises:
        TypeError: If the ledger holds no values of this type.
    """
    match value:
        case str():
            encoded: dict[str, Any] = {"S": value}
        # Checked before int, because bool is a subclass of int.
        case bool():
            encoded = {"BOOL": value}
        case int():
            encoded = {"N": str(value)}
        case None:
            encoded = {"NULL": True}
        case dict():
            encoded = {"M": {name: encode(inner) for name, inner in value.items()}}
        case list() | tuple():
            encoded = {"L": [encode(inner) for inner in value]}
        case set() | frozenset():
            encoded = {"SS": sorted(value)}
        case _:
            message = f"the ledger holds no values of type {type(value).__name__}"
            raise TypeError(message)
    return encoded


def decode(value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a DynamoDB value is of any type
    """Return a DynamoDB value as Python. Numbers are integers, like all numbers of the ledger."""
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return int(Decimal(held))
        case "NULL":
            return None
        case "M":
            return plain(held)
        case "L":
            return [decode(inner) for inner in held]
        case "SS":
            return set(held)
        case _:
            return held


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as plain Python values."""
    return {name: decode(value) for name, value in row.items()}

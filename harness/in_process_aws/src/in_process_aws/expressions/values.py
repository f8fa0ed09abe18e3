"""DynamoDB's values as Python values, so that a row is small and two values can be compared.

A string is a str, a number an int or Decimal, a binary bytes, and so on; sets have their own
classes, because each contains values of one type only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
AttributeValue = Mapping[str, Any]


class StringSet(frozenset[str]):
    """A set of strings."""


class NumberSet(frozenset[Any]):
    """A set of numbers."""


class BinarySet(frozenset[bytes]):
    """A set of binaries."""


SETS = (StringSet, NumberSet, BinarySet)


def _number(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:
        return Decimal(text)


_DECODERS: dict[str, Callable[[Any], Any]] = {
    "S": str,
    "N": _number,
    "B": bytes,
    "BOOL": bool,
    "NULL": lambda _: None,
    "L": lambda items: [decode(item) for item in items],
    "M": lambda members: {name: decode(member) for name, member in members.items()},
    "SS": StringSet,
    "NS": lambda texts: NumberSet(_number(text) for text in texts),
    "BS": lambda items: BinarySet(bytes(item) for item in items),
}

_ENCODERS: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"S": value},
    int: lambda value: {"N": str(value)},
    Decimal: lambda value: {"N": format(value.normalize(), "f")},
    bytes: lambda value: {"B": value},
    bool: lambda value: {"BOOL": value},
    type(None): lambda _: {"NULL": True},
    list: lambda value: {"L": [encode(item) for item in value]},
    dict: lambda value: {"M": encode_row(value)},
    StringSet: lambda value: {"SS": sorted(value)},
    NumberSet: lambda value: {"NS": [str(number) for number in sorted(value)]},
    BinarySet: lambda value: {"BS": sorted(value)},
}

_KINDS: dict[type, str] = {
    str: "S",
    int: "N",
    Decimal: "N",
    bytes: "B",
    bool: "BOOL",
    type(None): "NULL",
    list: "L",
    dict: "M",
    StringSet: "SS",
    NumberSet: "NS",
    BinarySet: "BS",
}


def decode(value: AttributeValue) -> Any:  # noqa: ANN401 - a value is of any type
    """Return the Python value of an attribute value."""
    for kind, inner in value.items():
        return inner if kind == "S" else _DECODERS[kind](inner)
    message = "an attribute value has one member"
    raise ValueError(message)


def encode(value: object) -> dict[str, Any]:
    """Return the attribute value of a Python value."""
    return _ENCODERS[type(value)](value)


def decode_row(row: Mapping[str, AttributeValue]) -> Row:
    """Return a row of attribute values as Python values."""
    return {name: decode(value) for name, value in row.items()}


def encode_row(row: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a row as attribute values."""
    return {name: _ENCODERS[type(value)](value) for name, value in row.items()}


def kind_of(value: object) -> str:
    """Return DynamoDB's name of a value's type."""
    return _KINDS[type(value)]


def size_of(row: Mapping[str, Any]) -> int:
    """Return the bytes of a row as DynamoDB counts them, to within a few per number.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_size(value) for name, value in row.items())


def _value_size(value: Any) -> int:  # noqa: ANN401 - a value is of any type
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return 3 + sum(1 + len(name.encode()) + _value_size(it) for name, it in value.items())
    if isinstance(value, list):
        return 3 + sum(1 + _value_size(item) for item in value)
    if isinstance(value, SETS):
        return sum(_value_size(item) for item in value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return len(str(value)) // 2 + 2
    return len(value) if isinstance(value, bytes) else 1

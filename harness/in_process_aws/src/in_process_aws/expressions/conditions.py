"""Condition expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

from in_process_aws.expressions.syntax import ABSENT, Evaluation, Path, Scope, Words, value_of
from in_process_aws.expressions.values import SETS, kind_of, size_of

Condition = Callable[[Scope], bool]
_ORDERED_KINDS = frozenset({"S", "N", "B"})


def _equal(left: Any, right: Any) -> bool:  # noqa: ANN401 - values are of any type
    if left is ABSENT or right is ABSENT:
        return False
    return kind_of(left) == kind_of(right) and bool(left == right)


def _different(left: Any, right: Any) -> bool:  # noqa: ANN401
    # True for an attribute that the row does not have.
    return not _equal(left, right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:  # noqa: ANN401
        if left is ABSENT or right is ABSENT or kind_of(left) != kind_of(right):
            return False
        # Strings are compared by their UTF-8 bytes.
        if isinstance(left, str):
            return compare(left.encode(), right.encode())
        return kind_of(left) in _ORDERED_KINDS and compare(left, right)

    return ordered


_COMPARATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": _equal,
    "<>": _different,
    "<": _ordered(operator.lt),
    "<=": _ordered(operator.le),
    ">": _ordered(operator.gt),
    ">=": _ordered(operator.ge),
}


def _begins_with(value: Any, start: Any) -> bool:  # noqa: ANN401
    return type(value) is type(start) and hasattr(value, "startswith") and value.startswith(start)


def _contains(value: Any, part: Any) -> bool:  # noqa: ANN401
    if type(value) in (str, bytes):
        return type(value) is type(part) and part in value
    if isinstance(value, list):
        return any(_equal(item, part) for item in value)
    return isinstance(value, SETS) and part in value


def _is_of_type(value: Any, name: Any) -> bool:  # noqa: ANN401
    return value is not ABSENT and kind_of(value) == name


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not ABSENT,
    "attribute_not_exists": lambda value: value is ABSENT,
    "attribute_type": _is_of_type,
    "begins_with": _begins_with,
    "contains": _contains,
}


@functools.cache
def parse_condition(expression: str) -> Condition:
    """Parse a condition expression.

    Raises:
        RefusalError: If it is none.
    """
    words = Words(expression, "ConditionExpression")
    condition = _either(words)
    if words.word:
        raise words.wrong(words.word)
    return condition


def _either(words: Words) -> Condition:
    choices = [_both(words)]
    while words.takes("OR"):
        choices.append(_both(words))
    if len(choices) == 1:
        return choices[0]
    return lambda scope: any(choice(scope) for choice in choices)


def _both(words: Words) -> Condition:
    parts = [_negated(words)]
    while words.takes("AND"):
        parts.append(_negated(words))
    if len(parts) == 1:
        return parts[0]
    return lambda scope: all(part(scope) for part in parts)


def _negated(words: Words) -> Condition:
    if words.takes("NOT"):
        inner = _negated(words)
        return lambda scope: not inner(scope)
    if words.takes("("):
        grouped = _either(words)
        words.take(")")
        return grouped
    if words.word in _FUNCTIONS and words.following == "(":
        return _function(words)
    return _comparison(words)


def _function(words: Words) -> Condition:
    function = _FUNCTIONS[words.take()]
    arguments = _list(words)
    return lambda scope: function(*(argument(scope) for argument in arguments))


def _comparison(words: Words) -> Condition:
    left = _operand(words)
    keyword = words.take().upper()
    if keyword == "BETWEEN":
        low = _operand(words)
        words.take("AND")
        high = _operand(words)
        at_least, at_most = _COMPARATORS[">="], _COMPARATORS["<="]
        return lambda scope: at_least(left(scope), low(scope)) and at_most(left(scope), high(scope))
    if keyword == "IN":
        choices = _list(words)
        return lambda scope: any(_equal(left(scope), choice(scope)) for choice in choices)
    if keyword not in _COMPARATORS:
        raise words.wrong(keyword)
    compare, right = _COMPARATORS[keyword], _operand(words)
    return lambda scope: compare(left(scope), right(scope))


def _list(words: Words) -> list[Evaluation]:
    words.take("(")
    found = [_operand(words)]
    while words.takes(","):
        found.append(_operand(words))
    words.take(")")
    return found


def _operand(words: Words) -> Evaluation:
    if words.word.startswith(":"):
        return value_of(words)
    if words.word == "size" and words.following == "(":
        words.take()
        (path,) = _list(words)
        return lambda scope: _size(path(scope))
    return Path.parse(words)


def _size(value: Any) -> Any:  # noqa: ANN401
    if value is ABSENT:
        return ABSENT
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if hasattr(value, "__len__") else size_of({"": value})

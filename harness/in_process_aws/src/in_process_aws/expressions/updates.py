"""Update expressions.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from in_process_aws.expressions.syntax import (
    ABSENT,
    Evaluation,
    Path,
    Scope,
    Words,
    invalid,
    value_of,
)
from in_process_aws.expressions.values import SETS, Row, kind_of

#: Returns the new value at a path from the old one; ABSENT removes it.
_Change = Callable[[Any, Scope], Any]
_Step = tuple[Path, _Change]


@dataclass(frozen=True, slots=True)
class UpdateExpression:
    """A parsed update expression.

    Attributes:
        steps: What changes where.
    """

    steps: Sequence[_Step]

    def apply(self, scope: Scope) -> Row:
        """Return the row as it is after the update; the row of the scope stays as it is.

        Raises:
            RefusalError: If the update cannot be applied to the row.
        """
        changed = dict(scope.row)
        for path, change in self.steps:
            # Every value is computed from the row as it was before the update.
            new = change(path(scope), scope)
            _put(changed, path.resolved(scope.names), new)
        return changed

    def paths(self, names: Mapping[str, str]) -> list[tuple[str | int, ...]]:
        """Return what is changed."""
        return [path.resolved(names) for path, _ in self.steps]


@functools.cache
def parse_update(expression: str) -> UpdateExpression:
    """Parse an update expression.

    Raises:
        RefusalError: If it is none.
    """
    words = Words(expression, "UpdateExpression")
    steps: list[_Step] = []
    seen: set[str] = set()
    while words.word:
        section = words.take(*_SECTIONS).upper()
        if section in seen:
            message = (
                f'Invalid UpdateExpression: The "{section}" section can only be used once in an'
                " update expression;"
            )
            raise invalid(message)
        seen.add(section)
        steps.append(_SECTIONS[section](words))
        while words.takes(","):
            steps.append(_SECTIONS[section](words))
    _check_overlaps([path.steps for path, _ in steps])
    return UpdateExpression(steps)


def _set(words: Words) -> _Step:
    path = Path.parse(words)
    words.take("=")
    left = _operand(words)
    if words.word not in ("+", "-"):
        return path, lambda _old, scope: _existing(left(scope))
    sign = 1 if words.take() == "+" else -1
    right = _operand(words)
    return (
        path,
        lambda _old, scope: (
            _number(_existing(left(scope))) + sign * _number(_existing(right(scope)))
        ),
    )


def _remove(words: Words) -> _Step:
    return Path.parse(words), lambda _old, _scope: ABSENT


def _add(words: Words) -> _Step:
    path, value = Path.parse(words), value_of(words)

    def add(old: Any, scope: Scope) -> Any:  # noqa: ANN401 - values are of any type
        new = value(scope)
        if isinstance(new, SETS):
            return new if old is ABSENT else type(new)(_same_set(old, new) | new)
        return (0 if old is ABSENT else _number(old)) + _number(new)

    return path, add


def _delete(words: Words) -> _Step:
    path, value = Path.parse(words), value_of(words)

    def delete(old: Any, scope: Scope) -> Any:  # noqa: ANN401 - values are of any type
        gone = value(scope)
        if not isinstance(gone, SETS):
            raise _wrong_type(gone)
        if old is ABSENT:
            return ABSENT
        # There is no empty set: the attribute goes with its last element.
        return type(gone)(_same_set(old, gone) - gone) or ABSENT

    return path, delete


_SECTIONS: dict[str, Callable[[Words], _Step]] = {
    "SET": _set,
    "REMOVE": _remove,
    "ADD": _add,
    "DELETE": _delete,
}


def _operand(words: Words) -> Evaluation:
    if words.word.startswith(":"):
        return value_of(words)
    if words.following == "(" and words.word in ("if_not_exists", "list_append"):
        function = words.take()
        words.take("(")
        first = _operand(words)
        words.take(",")
        second = _operand(words)
        words.take(")")
        if function == "list_append":
            return lambda scope: [*_list(first(scope)), *_list(second(scope))]
        return lambda scope: second(scope) if first(scope) is ABSENT else first(scope)
    return Path.parse(words)


def _put(row: Row, steps: tuple[str | int, ...], value: Any) -> None:  # noqa: ANN401
    place: Any = row
    for step in steps[:-1]:
        try:
            # A copy on the way down: the values are shared with the row as it was.
            place[step] = place[step].copy()
            place = place[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise _invalid_path() from None
    last = steps[-1]
    if isinstance(last, int) != isinstance(place, list):
        raise _invalid_path()
    if isinstance(last, int):
        # Beyond the end of a list a value is appended, and nothing is there to be removed.
        place[last : last + 1] = [] if value is ABSENT else [value]
    elif value is ABSENT:
        place.pop(last, None)
    else:
        place[last] = value


def _check_overlaps(paths: list[tuple[str | int, ...]]) -> None:
    seen: set[tuple[str | int, ...]] = set()
    for path in paths:
        if path in seen:
            message = (
                "Invalid UpdateExpression: Two document paths overlap with each other; must remove"
                " or rewrite one of these paths;"
            )
            raise invalid(message)
        seen.add(path)


def _existing(value: Any) -> Any:  # noqa: ANN401
    if value is ABSENT:
        message = "The provided expression refers to an attribute that does not exist in the item"
        raise invalid(message)
    return value


def _number(value: Any) -> Any:  # noqa: ANN401
    if kind_of(value) != "N":
        raise _wrong_type(value)
    return value


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    if not isinstance(value, list):
        raise _wrong_type(value)
    return value


def _same_set(old: Any, new: Any) -> Any:  # noqa: ANN401
    if type(old) is not type(new):
        raise _wrong_type(old)
    return old


def _wrong_type(value: Any) -> Exception:  # noqa: ANN401
    kind = "none" if value is ABSENT else kind_of(value)
    return invalid(f"An operand in the update expression has an incorrect data type: {kind}")


def _invalid_path() -> Exception:
    return invalid("The document path provided in the update expression is invalid for update")

"""The tokens of an expression, and its two kinds of operands: paths and values."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from in_process_aws.calls import RefusalError

_WORD = re.compile(
    r"\s*(?:(?P<word>[:#]?[A-Za-z_][A-Za-z0-9_]*|\d+|<>|<=|>=|[=<>()\[\],.+-])|(?P<end>$))"
)
_PLACEHOLDER = re.compile(r"[:#][A-Za-z0-9_]+")


class _Absent:
    """The value of an attribute that a row does not have."""

    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()


@dataclass(slots=True)
class Scope:
    """What an expression is evaluated against.

    Attributes:
        row: The row; empty if there is none.
        names: Attribute names by placeholder.
        values: Values by placeholder.
    """

    row: Mapping[str, Any]
    names: Mapping[str, str]
    values: Mapping[str, Any]


Evaluation = Callable[[Scope], Any]


def invalid(message: str) -> RefusalError:
    """Return the refusal of an expression."""
    return RefusalError("ValidationException", message)


@functools.cache
def reserved_words() -> frozenset[str]:
    """Return the words that no expression may use as a name.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
    """
    text = FilePath(__file__).with_name("reserved_words.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


@functools.cache
def placeholders(expression: str) -> frozenset[str]:
    """Return the placeholders that an expression uses."""
    return frozenset(_PLACEHOLDER.findall(expression))


class Words:
    """The words of an expression, one after the other."""

    def __init__(self, expression: str, kind: str) -> None:
        """Cut an expression into words.

        Args:
            expression: The text.
            kind: What the service calls it, such as ``ConditionExpression``.
        """
        self.kind = kind
        self._words: list[str] = []
        self._at = 0
        position = 0
        while position < len(expression):
            match = _WORD.match(expression, position)
            if match is None:
                raise self.wrong(expression[position:].strip()[:10])
            if match["word"]:
                self._words.append(match["word"])
            position = match.end()
        if not self._words:
            message = f"Invalid {kind}: The expression can not be empty;"
            raise invalid(message)

    @property
    def word(self) -> str:
        """The present word, empty at the end."""
        return self._words[self._at] if self._at < len(self._words) else ""

    @property
    def keyword(self) -> str:
        """The present word in capitals."""
        return self.word.upper()

    @property
    def following(self) -> str:
        """The word after the present one."""
        return self._words[self._at + 1] if self._at + 1 < len(self._words) else ""

    def take(self, *expected: str) -> str:
        """Return the present word and go on; it must be one of those expected, if any are."""
        word = self.word
        if not word or (expected and self.keyword not in expected):
            raise self.wrong(word)
        self._at += 1
        return word

    def takes(self, expected: str) -> bool:
        """Go on if the present word is the one expected; say whether it was."""
        if self.keyword != expected:
            return False
        self._at += 1
        return True

    def wrong(self, word: str) -> RefusalError:
        """Return the refusal of a word that does not belong here."""
        return invalid(f'Invalid {self.kind}: Syntax error; token: "{word or "<EOF>"}"')


@dataclass(frozen=True, slots=True)
class Path:
    """A document path.

    Attributes:
        steps: Names, placeholders of names, and positions in lists.
        literal: Whether there are no placeholders among them.
    """

    steps: tuple[str | int, ...]
    literal: bool

    @classmethod
    def parse(cls, words: Words) -> Path:
        """Read a path."""
        steps: list[str | int] = [_name(words)]
        while words.word in (".", "["):
            if words.take() == ".":
                steps.append(_name(words))
            else:
                steps.append(int(words.take()))
                words.take("]")
        literal = not any(isinstance(step, str) and step[0] == "#" for step in steps)
        return cls(tuple(steps), literal)

    def resolved(self, names: Mapping[str, str]) -> tuple[str | int, ...]:
        """Return the steps with the placeholders' names."""
        if self.literal:
            return self.steps
        return tuple(
            _named(step, names) if isinstance(step, str) and step[0] == "#" else step
            for step in self.steps
        )

    def __call__(self, scope: Scope) -> Any:  # noqa: ANN401 - a value is of any type
        """Return the value at the path, or ABSENT."""
        found: Any = scope.row
        for step in self.steps:
            if isinstance(step, int):
                if not isinstance(found, list) or step >= len(found):
                    return ABSENT
                found = found[step]
                continue
            name = _named(step, scope.names) if step[0] == "#" else step
            if not isinstance(found, Mapping) or name not in found:
                return ABSENT
            found = found[name]
        return found


def value_of(words: Words) -> Evaluation:
    """Read the placeholder of a value."""
    placeholder = words.take()

    def evaluate(scope: Scope) -> Any:  # noqa: ANN401 - a value is of any type
        try:
            return scope.values[placeholder]
        except KeyError:
            message = (
                "An expression attribute value used in expression is not defined;"
                f" attribute value: {placeholder}"
            )
            raise invalid(message) from None

    return evaluate


def _name(words: Words) -> str:
    word = words.take()
    if word[0] == "#":
        return word
    if not (word[0].isalpha() or word[0] == "_"):
        raise words.wrong(word)
    if word.upper() in reserved_words():
        message = (
            f"Invalid {words.kind}: Attribute name is a reserved keyword; reserved keyword: {word}"
        )
        raise invalid(message)
    return word


def _named(placeholder: str, names: Mapping[str, str]) -> str:
    try:
        return names[placeholder]
    except KeyError:
        message = (
            "An expression attribute name used in the document path is not defined;"
            f" attribute name: {placeholder}"
        )
        raise invalid(message) from None

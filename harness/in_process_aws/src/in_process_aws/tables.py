"""A DynamoDB table, and the writes that change one row of it."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from in_process_aws.calls import Answer, Parameters, RefusalError
from in_process_aws.expressions.conditions import parse_condition
from in_process_aws.expressions.syntax import Scope, invalid, placeholders
from in_process_aws.expressions.updates import UpdateExpression, parse_update
from in_process_aws.expressions.values import Row, decode, decode_row, encode_row, size_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAXIMUM_ITEM_BYTES = 400 * 1024

FAILED_CONDITION = "The conditional request failed"

_NOTHING: dict[str, Any] = {}


@dataclass
class Table:
    """A table whose rows are told apart by one attribute.

    Attributes:
        name: Its name.
        key: The attribute.
        rows: By the attribute's value. A row is never changed, only replaced.
        earlier: Each row as it was before its last write, for reads that are not consistent; None
            if such reads are not simulated.
    """

    name: str
    key: str
    rows: dict[Any, Row] = field(default_factory=dict)
    earlier: dict[Any, Row | None] | None = None
    _ordered: list[Any] = field(default_factory=list)

    def keys_after(self, key: str) -> list[Any]:
        """Return the keys that come after one, in the order of a scan."""
        # Sorted once while no row comes or goes: a scan of a million rows has a thousand pages.
        if len(self._ordered) != len(self.rows):
            self._ordered = sorted(self.rows, key=str)
        return self._ordered[bisect.bisect_right(self._ordered, key, key=str) :]

    def key_of(self, members: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a key is of any type
        """Return the key's value of a request; nothing else may be in it."""
        if set(members) != {self.key}:
            message = "The provided key element does not match the schema"
            raise invalid(message)
        return _usable_key(decode(members[self.key]))

    def read(self, key: Any, *, consistent: bool) -> Row | None:  # noqa: ANN401
        """Return a row; one that is read inconsistently may be as it was before."""
        if not consistent and self.earlier is not None and key in self.earlier:
            return self.earlier[key]
        return self.rows.get(key)

    def replace(self, key: Any, row: Row | None) -> None:  # noqa: ANN401
        """Put a row in place, or remove it."""
        if self.earlier is not None:
            self.earlier[key] = self.rows.get(key)
        if row is None:
            self._ordered = []
            self.rows.pop(key, None)
        else:
            self.rows[key] = row


@dataclass(frozen=True, slots=True)
class Write:
    """A write of one row, parsed and not applied.

    Attributes:
        kind: ``Put``, ``Update``, ``Delete`` or ``ConditionCheck``.
        table: The table.
        key: Key of the row.
        request: The request's members.
        update: The parsed update expression of an update.
    """

    kind: str
    table: Table
    key: Any
    request: Parameters
    update: UpdateExpression | None

    @classmethod
    def of(cls, kind: str, table: Table, request: Parameters, *, strict: bool) -> Write:
        """Read a write.

        Raises:
            RefusalError: If DynamoDB would reject it for every row.
        """
        if kind == "Put":
            item = request["Item"]
            if table.key not in item:
                text = f"One of the required keys was not given a value: {table.key}"
                raise invalid(text)
            key = _usable_key(decode(item[table.key]))
        else:
            key = table.key_of(request["Key"])
        update = None
        if kind == "Update":
            update = parse_update(request["UpdateExpression"])
            names = request.get("ExpressionAttributeNames", _NOTHING)
            if any(path[0] == table.key for path in update.paths(names)):
                text = f"Cannot update attribute {table.key}. This attribute is part of the key"
                raise invalid(text)
        if strict:
            _check_placeholders(request)
        return cls(kind, table, key, request, update)

    @property
    def current(self) -> Row | None:
        """The row as it is."""
        return self.table.rows.get(self.key)

    def _scope(self, values: Mapping[str, Any]) -> Scope:
        names = self.request.get("ExpressionAttributeNames", _NOTHING)
        return Scope(self.current or _NOTHING, names, values)

    def values(self) -> dict[str, Any]:
        """Return the placeholders' values."""
        return decode_row(self.request.get("ExpressionAttributeValues", _NOTHING))

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Return whether the condition holds for the row as it is."""
        expression = self.request.get("ConditionExpression")
        return expression is None or parse_condition(expression)(self._scope(values))

    def result(self, values: Mapping[str, Any], *, strict: bool) -> Row | None:
        """Return the row as it will be, None if it will be gone.

        Raises:
            RefusalError: If the row would break a rule.
        """
        if self.kind == "Delete":
            return None
        if self.kind == "ConditionCheck":
            return self.current
        if self.update is None:
            row = decode_row(self.request["Item"])
        else:
            row = self.update.apply(self._scope(values))
            row[self.table.key] = self.key
        if strict and size_of(row) > MAXIMUM_ITEM_BYTES:
            message = "Item size has exceeded the maximum allowed size"
            raise invalid(message)
        return row

    def apply(self, row: Row | None) -> None:
        """Put the result in place."""
        if self.kind != "ConditionCheck":
            self.table.replace(self.key, row)

    def shown_on_failure(self) -> Answer:
        """Return the members that a failed condition adds to the error."""
        wanted = self.request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        current = self.current
        return {"Item": encode_row(current)} if wanted and current is not None else {}

    def refuse_if_failed(self, values: Mapping[str, Any]) -> None:
        """Refuse the write if its condition does not hold."""
        if not self.holds(values):
            code = "ConditionalCheckFailedException"
            raise RefusalError(code, FAILED_CONDITION, **self.shown_on_failure())


def _usable_key(value: Any) -> Any:  # noqa: ANN401 - a key is of any type
    if value == "" or isinstance(value, bool | list | dict):
        message = "One or more parameter values are not valid for the key attribute"
        raise invalid(message)
    return value


def _check_placeholders(request: Parameters) -> None:
    used: set[str] = set()
    for name in ("ConditionExpression", "UpdateExpression"):
        used |= placeholders(request[name]) if name in request else frozenset()
    for member in ("ExpressionAttributeValues", "ExpressionAttributeNames"):
        given = request.get(member)
        if given is None:
            continue
        if not given:
            text = f"{member} must not be empty"
            raise invalid(text)
        unused = sorted(set(given) - used)
        if unused:
            text = f"Value provided in {member} unused in expressions: keys: {{{unused}}}"
            raise invalid(text)

"""DynamoDB: isolated transactions, and one lock around every operation on items.

moto copies the whole table for each transaction and restores the copy when it fails, which removes
concurrent writes. Not simulated: TransactionConflict (transactions wait for each other instead),
streams of a transaction, throttling.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from moto.core.responses import ActionResult
from moto.dynamodb.comparisons import create_condition_expression_parser
from moto.dynamodb.exceptions import (
    ConditionalCheckFailed,
    DynamodbException,
    MockValidationException,
    MultipleTransactionsException,
    TooManyTransactionsException,
    TransactionCanceledException,
    TransactWriteSingleOpException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from labeling_sandbox.iam.denial import ServiceRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.dynamodb.models.dynamo_type import DynamoType, Item
    from moto.dynamodb.models.table import Table

    from labeling_sandbox.server import Sandbox

_ITEM_OPERATIONS: Final = (
    "batch_get_item",
    "batch_write_item",
    "delete_item",
    "get_item",
    "put_item",
    "query",
    "scan",
    "transact_get_items",
    "transact_write_items",
    "update_item",
)
# API reference of TransactWriteItems: 100 actions, 4 MB, tokens valid for ten minutes.
_MAXIMUM_ACTIONS: Final = 100
_MAXIMUM_BYTES: Final = 4 * 1024 * 1024
_TOKEN_SECONDS: Final = 600.0

_lock = threading.RLock()

Reason = tuple[str | None, str | None, dict[str, Any] | None]


@dataclass(frozen=True)
class _Action:
    kind: str
    details: Mapping[str, Any]
    table: Table
    key: Mapping[str, Any]
    hash_value: DynamoType
    range_value: DynamoType | None

    @property
    def names(self) -> dict[str, Any] | None:
        return self.details.get("ExpressionAttributeNames")

    @property
    def values(self) -> dict[str, Any] | None:
        return self.details.get("ExpressionAttributeValues")

    def current(self) -> Item | None:
        item: Item | None = self.table.get_item(self.hash_value, self.range_value)
        return item


def install(_sandbox: Sandbox) -> None:
    """Put the lock around the operations and replace the transaction."""
    DynamoDBBackend.transact_write_items = _transact
    DynamoHandler.transact_write_items = _idempotent(DynamoHandler.transact_write_items)
    for name in _ITEM_OPERATIONS:
        setattr(DynamoHandler, name, _locked(getattr(DynamoHandler, name)))


def _locked(operation: Callable[[DynamoHandler], object]) -> Callable[[DynamoHandler], object]:
    def locked(self: DynamoHandler) -> object:
        with _lock:
            result = operation(self)
            if isinstance(result, ActionResult):
                # The answer is written after the lock is released; the items must not change under
                # it.
                result._result = copy.deepcopy(result.result)  # noqa: SLF001 - it has no setter
            return result

    return locked


def _idempotent(operation: Callable[[DynamoHandler], object]) -> Callable[[DynamoHandler], object]:
    seen: dict[str, tuple[float, str]] = {}

    def once(self: DynamoHandler) -> object:
        body = {key: value for key, value in self.body.items() if key != "ClientRequestToken"}
        request = json.dumps(body, sort_keys=True)
        if len(request) > _MAXIMUM_BYTES:
            message = "Transaction request cannot be larger than 4 MB"
            raise MockValidationException(message)
        token = self.body.get("ClientRequestToken")
        earlier = seen.get(token) if token else None
        if earlier and time.monotonic() - earlier[0] < _TOKEN_SECONDS:
            if earlier[1] == request:
                return ActionResult({})
            raise _mismatch()
        result = operation(self)
        if token:
            seen[token] = (time.monotonic(), request)
        return result

    return once


def _mismatch() -> ServiceRefusal:
    message = (
        "The provided client token was used with another request within the idempotency window."
    )
    return ServiceRefusal("dynamodb", "IdempotentParameterMismatchException", message)


def _transact(self: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
    if len(transact_items) > _MAXIMUM_ACTIONS:
        raise TooManyTransactionsException
    with _lock:
        actions = [_action(self, entry) for entry in transact_items]
        _check_distinct(actions)
        reasons = [_judge(action) for action in actions]
        if any(code is not None for code, _, _ in reasons):
            raise TransactionCanceledException(reasons)
        _apply(self, actions)


def _action(backend: DynamoDBBackend, entry: Mapping[str, Any]) -> _Action:
    if len(entry) != 1:
        raise TransactWriteSingleOpException
    kind, details = next(iter(entry.items()))
    table = backend.get_table(details["TableName"])
    given = details["Item"] if kind == "Put" else details["Key"]
    key = {name: given[name] for name in table.table_key_attrs if name in given}
    hash_value, range_value = backend.get_keys_value(table, key)
    return _Action(kind, details, table, key, hash_value, range_value)


def _check_distinct(actions: list[_Action]) -> None:
    seen: set[tuple[str, str]] = set()
    for action in actions:
        item = (action.table.name, json.dumps(action.key, sort_keys=True))
        if item in seen:
            raise MultipleTransactionsException
        seen.add(item)


def _judge(action: _Action) -> Reason:
    expression = action.details.get("ConditionExpression")
    if expression is None:
        return None, None, None
    condition = create_condition_expression_parser(expression, action.names, action.values).parse()
    item = action.current()
    if condition.expr(item):
        return None, None, None
    wanted = action.details.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    shown = copy.deepcopy(item.to_json()["Attributes"]) if wanted and item is not None else None
    return "ConditionalCheckFailed", str(ConditionalCheckFailed().message), shown


def _apply(backend: DynamoDBBackend, actions: list[_Action]) -> None:
    before = [copy.deepcopy(action.current()) for action in actions]
    reasons: list[Reason] = []
    for action in actions:
        try:
            _write(backend, action)
        except DynamodbException as error:
            reasons.append(("ValidationError", str(error.message), None))
        else:
            reasons.append((None, None, None))
    if any(code is not None for code, _, _ in reasons):
        for action, item in zip(actions, before, strict=True):
            _restore(action, item)
        raise TransactionCanceledException(reasons)


def _write(backend: DynamoDBBackend, action: _Action) -> None:
    name = action.table.name
    if action.kind == "Put":
        backend.put_item(name, action.details["Item"])
    elif action.kind == "Delete":
        action.table.delete_item(action.hash_value, action.range_value)
    elif action.kind == "Update":
        backend.update_item(
            name,
            dict(action.key),
            update_expression=action.details["UpdateExpression"],
            expression_attribute_names=action.names,
            expression_attribute_values=action.values,
        )


def _restore(action: _Action, item: Item | None) -> None:
    if item is None:
        action.table.delete_item(action.hash_value, action.range_value)
    elif action.range_value is None:
        action.table.items[action.hash_value] = item
    else:
        action.table.items[action.hash_value][action.range_value] = item

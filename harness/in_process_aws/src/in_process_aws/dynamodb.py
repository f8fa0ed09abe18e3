"""DynamoDB: conditional writes, batches, and atomic transactions.

Rules: API reference of DynamoDB, and "Condition and filter expressions" in the developer guide.
Writes wait for each other, so an observer must raise conflicts between transactions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from in_process_aws.calls import Answer, Clock, Parameters, RefusalError, nothing_chosen
from in_process_aws.expressions.conditions import parse_condition
from in_process_aws.expressions.syntax import Scope, invalid
from in_process_aws.expressions.values import Row, decode_row, encode_row
from in_process_aws.service import Service
from in_process_aws.tables import FAILED_CONDITION, Table, Write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_MAXIMUM_ACTIONS = 100
_MAXIMUM_KEYS = 100
_MAXIMUM_BATCH_WRITES = 25
_MAXIMUM_TRANSACTION_BYTES = 4 * 1024 * 1024
_TOKEN_SECONDS = 600
_PAGE_ROWS = 1000


class DynamoDB(Service):
    """Tables.

    Attributes:
        tables: By name.
        unprocessed: Of a batch's keys or writes, the positions that are left for another call.
        strict: Whether sizes and unused placeholders are refused, which costs time.
    """

    name = "dynamodb"

    def __init__(self, clock: Clock) -> None:
        """Start without tables.

        Args:
            clock: The account's time.
        """
        super().__init__(clock)
        self.tables: dict[str, Table] = {}
        self.strict = True
        self.unprocessed: Callable[[Sequence[Any]], Collection[int]] = nothing_chosen
        self._tokens: dict[str, tuple[float, str]] = {}
        self.operations = {
            "BatchGetItem": self._batch_get,
            "BatchWriteItem": self._batch_write,
            "DeleteItem": self._writer("Delete"),
            "GetItem": self._get,
            "PutItem": self._writer("Put"),
            "Scan": self._scan,
            "TransactWriteItems": self._transact,
            "UpdateItem": self._writer("Update"),
        }

    def create_table(self, name: str, key: str = "pk", *, stale_reads: bool = False) -> Table:
        """Create a table.

        Args:
            name: Its name.
            key: The attribute that tells its rows apart.
            stale_reads: Whether reads that are not consistent return what was there before the
                last write, which DynamoDB may do at any time.
        """
        table = Table(name, key, earlier={} if stale_reads else None)
        self.tables[name] = table
        return table

    def rows(self, name: str) -> dict[str, Row]:
        """Return the rows of a table as Python values, by key."""
        with self.lock:
            return {str(key): dict(row) for key, row in self.tables[name].rows.items()}

    def row(self, name: str, key: str) -> Row | None:
        """Return one row of a table as Python values."""
        row = self.tables[name].rows.get(key)
        return None if row is None else dict(row)

    def put_rows(self, name: str, *rows: Row) -> None:
        """Put rows of Python values into a table as they are, without a call."""
        table = self.tables[name]
        with self.lock:
            for row in rows:
                table.replace(row[table.key], dict(row))

    def _table(self, name: str) -> Table:
        table = self.tables.get(name)
        if table is None:
            code = "ResourceNotFoundException"
            raise RefusalError(code, "Requested resource not found")
        return table

    def _get(self, parameters: Parameters) -> Answer:
        table = self._table(parameters["TableName"])
        key = table.key_of(parameters["Key"])
        with self.lock:
            row = table.read(key, consistent=parameters.get("ConsistentRead", False))
        return {} if row is None else {"Item": encode_row(row)}

    def _writer(self, kind: str) -> Callable[[Parameters], Answer]:
        def write(parameters: Parameters) -> Answer:
            one = Write.of(
                kind, self._table(parameters["TableName"]), parameters, strict=self.strict
            )
            values = one.values()
            with self.lock:
                one.refuse_if_failed(values)
                old, new = one.current, one.result(values, strict=self.strict)
                one.apply(new)
            return _returned(parameters.get("ReturnValues", "NONE"), old, new)

        return write

    def _batch_get(self, parameters: Parameters) -> Answer:
        wanted = [
            (name, self._table(name), request, key)
            for name, request in parameters["RequestItems"].items()
            for key in request["Keys"]
        ]
        if len(wanted) > _MAXIMUM_KEYS:
            message = "Too many items requested for the BatchGetItem call"
            raise invalid(message)
        keys = [(name, table.key_of(key)) for name, table, _, key in wanted]
        if len(set(keys)) < len(keys):
            message = "Provided list of item keys contains duplicates"
            raise invalid(message)
        left = self.unprocessed(wanted)
        answer: Answer = {"Responses": {}, "UnprocessedKeys": {}}
        with self.lock:
            for position, (name, table, request, given) in enumerate(wanted):
                if position in left:
                    unread = answer["UnprocessedKeys"].setdefault(name, {**request, "Keys": []})
                    unread["Keys"].append(given)
                    continue
                found = answer["Responses"].setdefault(name, [])
                row = table.read(keys[position][1], consistent=request.get("ConsistentRead", False))
                if row is not None:
                    found.append(encode_row(row))
        return answer

    def _batch_write(self, parameters: Parameters) -> Answer:
        writes = [
            (name, request, self._batched(name, request))
            for name, requests in parameters["RequestItems"].items()
            for request in requests
        ]
        if len(writes) > _MAXIMUM_BATCH_WRITES:
            message = "Too many items requested for the BatchWriteItem call"
            raise invalid(message)
        _check_distinct(
            [write for _, _, write in writes], "Provided list of item keys contains duplicates"
        )
        left = self.unprocessed(writes)
        answer: Answer = {"UnprocessedItems": {}}
        with self.lock:
            for position, (name, request, write) in enumerate(writes):
                if position in left:
                    answer["UnprocessedItems"].setdefault(name, []).append(request)
                else:
                    write.apply(write.result({}, strict=self.strict))
        return answer

    def _batched(self, name: str, request: Mapping[str, Any]) -> Write:
        ((member, details),) = request.items()
        kind = "Put" if member == "PutRequest" else "Delete"
        return Write.of(kind, self._table(name), details, strict=self.strict)

    def _transact(self, parameters: Parameters) -> Answer:
        entries = parameters["TransactItems"]
        if not 0 < len(entries) <= _MAXIMUM_ACTIONS:
            text = "Member must have length between 1 and 100, both inclusive"
            raise invalid(text)
        writes = [self._action(entry) for entry in entries]
        _check_distinct(
            writes, "Transaction request cannot include multiple operations on one item"
        )
        if self.strict and len(json.dumps(entries, default=str)) > _MAXIMUM_TRANSACTION_BYTES:
            message = "Transaction request cannot be larger than 4 MB"
            raise invalid(message)
        with self.lock:
            if not self._written_before(parameters):
                self._write_all(writes)
        return {}

    def _action(self, entry: Mapping[str, Any]) -> Write:
        if len(entry) != 1:
            message = "TransactItems can only contain one of Check, Put, Update or Delete"
            raise invalid(message)
        ((kind, details),) = entry.items()
        return Write.of(kind, self._table(details["TableName"]), details, strict=self.strict)

    def _write_all(self, writes: Sequence[Write]) -> None:
        reasons: list[dict[str, Any]] = []
        results: list[Row | None] = []
        for write in writes:
            values = write.values()
            if not write.holds(values):
                reason = {"Code": "ConditionalCheckFailed", "Message": FAILED_CONDITION}
                reasons.append({**reason, **write.shown_on_failure()})
                continue
            try:
                results.append(write.result(values, strict=self.strict))
                reasons.append({"Code": "None"})
            except RefusalError as refusal:
                reasons.append({"Code": "ValidationError", "Message": refusal.message})
        if len(results) < len(writes):
            raise cancelled(reasons)
        for write, row in zip(writes, results, strict=True):
            write.apply(row)

    def _written_before(self, parameters: Parameters) -> bool:
        token = parameters.get("ClientRequestToken")
        if token is None:
            return False
        text = json.dumps(parameters["TransactItems"], default=str, sort_keys=True)
        earlier = self._tokens.get(token)
        if earlier is not None and self.clock.now - earlier[0] < _TOKEN_SECONDS:
            if earlier[1] != text:
                code = "IdempotentParameterMismatchException"
                raise RefusalError(code, "The token was used with another request.")
            return True
        self._tokens[token] = (self.clock.now, text)
        return False

    def _scan(self, parameters: Parameters) -> Answer:
        table = self._table(parameters["TableName"])
        with self.lock:
            start = parameters.get("ExclusiveStartKey")
            keys = table.keys_after("" if start is None else str(table.key_of(start)))
            page = keys[: parameters.get("Limit", _PAGE_ROWS)]
            rows = [table.rows[key] for key in page]
        chosen = [row for row in rows if _passes(row, parameters)]
        answer: Answer = {
            "Items": [encode_row(row) for row in chosen],
            "Count": len(chosen),
            "ScannedCount": len(rows),
        }
        if len(page) < len(keys):
            answer["LastEvaluatedKey"] = encode_row({table.key: page[-1]})
        return answer


def cancelled(reasons: Sequence[Mapping[str, Any]]) -> RefusalError:
    """Return the refusal of a transaction, for reasons given action by action."""
    codes = ", ".join(reason["Code"] for reason in reasons)
    text = (
        f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
    )
    return RefusalError(
        "TransactionCanceledException", text, CancellationReasons=list(map(dict, reasons))
    )


def _returned(wanted: str, old: Row | None, new: Row | None) -> Answer:
    if wanted == "ALL_OLD" and old is not None:
        return {"Attributes": encode_row(old)}
    if wanted == "ALL_NEW" and new is not None:
        return {"Attributes": encode_row(new)}
    return {}


def _check_distinct(writes: Sequence[Write], text: str) -> None:
    rows = {(write.table.name, write.key) for write in writes}
    if len(rows) < len(writes):
        raise invalid(text)


def _passes(row: Row, parameters: Parameters) -> bool:
    expression = parameters.get("FilterExpression")
    if expression is None:
        return True
    values = decode_row(parameters.get("ExpressionAttributeValues", {}))
    names = parameters.get("ExpressionAttributeNames", {})
    return parse_condition(expression)(Scope(row, names, values))

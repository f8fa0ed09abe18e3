"""The permissions of DynamoDB requests: the table, the leading keys and the table's KMS key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from labeling_sandbox.permissions.requirements import Call, KeyUse, Needs, Requirement

# Each action inside a transaction is authorised as the single operation that it stands for.
_TRANSACTION_ACTIONS: Mapping[str, str] = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_TRANSACTIONS = frozenset({"TransactGetItems", "TransactWriteItems"})
_BATCHES = frozenset({"BatchGetItem", "BatchWriteItem"})
_DATA_ACTIONS = frozenset({"DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"})
_WITHOUT_RESOURCE = frozenset({"DescribeEndpoints", "DescribeLimits", "ListTables"})


def dynamodb_needs(call: Call) -> Needs:
    """Return what a DynamoDB request needs, one requirement per table and action."""
    if call.operation in _WITHOUT_RESOURCE:
        return Needs((Requirement(f"dynamodb:{call.operation}", "*"),))
    if call.operation in _TRANSACTIONS:
        uses = list(_transaction(call))
    elif call.operation in _BATCHES:
        uses = list(_batch(call))
    else:
        keys = [call.parameters[name] for name in ("Key", "Item") if call.parameters.get(name)]
        uses = [(call.operation, str(call.parameters.get("TableName", "")), keys)]
    requirements = tuple(
        Requirement(f"dynamodb:{action}", _arn(call, table), _leading_keys(call, table, keys))
        for action, table, keys in _merged(uses)
    )
    touches_data = call.operation in _TRANSACTIONS | _BATCHES | _DATA_ACTIONS
    tables = sorted({table for _, table, _ in uses}) if touches_data else []
    return Needs(
        requirements,
        tuple(use for table in tables for use in _key_use(call, table)),
    )


Use = tuple[str, str, list[Mapping[str, Any]]]


def _transaction(call: Call) -> Iterable[Use]:
    for entry in call.parameters.get("TransactItems", []):
        for kind, details in entry.items():
            keys = [details[name] for name in ("Key", "Item") if details.get(name)]
            yield _TRANSACTION_ACTIONS[kind], details["TableName"], keys


def _batch(call: Call) -> Iterable[Use]:
    for table, details in call.parameters.get("RequestItems", {}).items():
        if call.operation == "BatchGetItem":
            yield call.operation, table, list(details.get("Keys", []))
            continue
        requests = [next(iter(request.values())) for request in details]
        yield call.operation, table, [request.get("Key") or request["Item"] for request in requests]


def _arn(call: Call, table: str) -> str | None:
    if not table:
        arn: str | None = call.parameters.get("ResourceArn")
        return arn
    base = table if table.startswith("arn:") else call.arn("dynamodb", f"table/{table}")
    index = call.parameters.get("IndexName")
    return f"{base}/index/{index}" if index else base


def _leading_keys(call: Call, table: str, keys: list[Mapping[str, Any]]) -> dict[str, list[str]]:
    stored = dynamodb_backends[call.account][call.region].tables.get(table.rsplit("/", 1)[-1])
    if stored is None:
        return {}
    values = [
        next(iter(key[stored.hash_key_attr].values()))
        for key in keys
        if stored.hash_key_attr in key
    ]
    return {"dynamodb:LeadingKeys": [str(value) for value in values]} if values else {}


def _key_use(call: Call, table: str) -> Iterable[KeyUse]:
    name = table.rsplit("/", 1)[-1]
    stored = dynamodb_backends[call.account][call.region].tables.get(name)
    description = (stored.sse_specification or {}) if stored is not None else {}
    key_id = description.get("KMSMasterKeyId") or description.get("KMSMasterKeyArn")
    if key_id:
        context = {"aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": call.account}
        yield KeyUse(key_id, ("kms:Decrypt",), call.via("dynamodb"), context)


def _merged(uses: Iterable[Use]) -> list[Use]:
    # A transaction of a hundred updates on one table is one decision over all their leading keys.
    merged: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for action, table, keys in uses:
        merged.setdefault((action, table), []).extend(keys)
    return [(action, table, keys) for (action, table), keys in merged.items()]

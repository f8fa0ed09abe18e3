"""A plugin of pytest that gives the tests DynamoDB Local, and writes down the result of each.

``pytest -p tools.referees.hooks.ledger``, with the URL of DynamoDB Local in ``REFEREES_DYNAMODB``
and the name of the file of results in ``REFEREES_RESULTS``.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from in_process_aws.calls import RefusalError
from in_process_aws.dynamodb import DynamoDB
from in_process_aws.service import REGION
from labeling_sandbox.server import Sandbox

if TYPE_CHECKING:
    import pytest

    from in_process_aws.calls import Answer, Clock, Parameters
    from in_process_aws.tables import Table

_results: dict[str, str] = {}
_start_in_process = DynamoDB.__init__
_create_in_process = DynamoDB.create_table
_client_of_sandbox = Sandbox.client


@functools.cache
def _client() -> Any:  # noqa: ANN401 - as boto3's is
    return boto3.client(
        "dynamodb",
        endpoint_url=os.environ["REFEREES_DYNAMODB"],
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - DynamoDB Local accepts any
    )


def _call(operation: str, parameters: Parameters) -> Answer:
    try:
        answer: Answer = getattr(_client(), _method(operation))(**parameters)
    except ClientError as error:
        refused = error.response["Error"]
        others = ("Error", "ResponseMetadata", "message", "Message")
        members = {name: each for name, each in error.response.items() if name not in others}
        raise RefusalError(refused["Code"], refused["Message"], **members) from error
    return {name: each for name, each in answer.items() if name != "ResponseMetadata"}


@functools.cache
def _method(operation: str) -> str:
    methods: dict[str, str] = _client().meta.method_to_api_mapping
    return next(method for method, name in methods.items() if name == operation)


def _start(self: DynamoDB, clock: Clock) -> None:
    _start_in_process(self, clock)
    for operation in self.operations:
        self.operations[operation] = functools.partial(_call, operation)


def _create_table(self: DynamoDB, name: str, key: str = "pk", **options: bool) -> Table:
    _client().create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return _create_in_process(self, name, key, **options)


def _sandbox_client(self: Sandbox, service: str, **options: Any) -> Any:  # noqa: ANN401 - boto3's
    return _client() if service == "dynamodb" else _client_of_sandbox(self, service, **options)


DynamoDB.__init__ = _start  # type: ignore[method-assign]
DynamoDB.create_table = _create_table  # type: ignore[method-assign]
Sandbox.client = _sandbox_client  # type: ignore[method-assign]
# The clients of the functions and of labelctl read it.
os.environ["AWS_ENDPOINT_URL_DYNAMODB"] = os.environ["REFEREES_DYNAMODB"]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst result of a test's phases."""
    if report.failed:
        _results[report.nodeid] = report.longreprtext[-1000:]
    elif report.when == "call":
        _results.setdefault(report.nodeid, "")


def pytest_sessionfinish() -> None:
    """Write why each test failed, an empty text where it passed, unless another process does."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        Path(os.environ["REFEREES_RESULTS"]).write_text(json.dumps(_results), encoding="utf-8")

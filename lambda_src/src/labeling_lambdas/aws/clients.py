"""boto3 clients, created once per execution environment."""

from __future__ import annotations

import functools
import gc
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_featurestore_runtime import SageMakerFeatureStoreRuntimeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

#: Threads that call AWS at the same time in one function. A call waits for the network most of the
#: time, so memory and the service's rate limit this number, not the CPU.
THREADS = 8

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 6},
    max_pool_connections=2 * THREADS,
    connect_timeout=5,
    # Longer than the maximum long poll (20 s).
    read_timeout=30,
)


@functools.cache
def _session() -> boto3.Session:
    return boto3.Session()


def _client(service: str) -> Any:  # noqa: ANN401 - the callers say which client it is
    session: Any = _session()
    client = session.client(service, config=_CONFIG)
    # Modules and service models are several hundred thousand objects that are never freed. Each
    # garbage collection that scans them would stop all threads for a tenth of a second.
    gc.freeze()
    return client


@functools.cache
def dynamodb() -> DynamoDBClient:
    """Return the client of the ledger."""
    client: DynamoDBClient = _client("dynamodb")
    return client


@functools.cache
def events() -> EventBridgeClient:
    """Return the client of the event bus."""
    client: EventBridgeClient = _client("events")
    return client


@functools.cache
def functions() -> LambdaClient:
    """Return the client of the functions."""
    client: LambdaClient = _client("lambda")
    return client


@functools.cache
def s3() -> S3Client:
    """Return the client of the buckets."""
    client: S3Client = _client("s3")
    return client


@functools.cache
def sagemaker() -> SageMakerClient:
    """Return the client of the labeling jobs."""
    client: SageMakerClient = _client("sagemaker")
    return client


@functools.cache
def feature_store() -> SageMakerFeatureStoreRuntimeClient:
    """Return the client of the feature group."""
    client: SageMakerFeatureStoreRuntimeClient = _client("sagemaker-featurestore-runtime")
    return client


@functools.cache
def secrets() -> SecretsManagerClient:
    """Return the client of the secrets."""
    client: SecretsManagerClient = _client("secretsmanager")
    return client


@functools.cache
def sqs() -> SQSClient:
    """Return the client of the queues."""
    client: SQSClient = _client("sqs")
    return client


@functools.cache
def stepfunctions() -> SFNClient:
    """Return the client of the state machine."""
    client: SFNClient = _client("stepfunctions")
    return client


def forget() -> None:
    """Drop all clients, so that the next call creates them from the current environment."""
    for made in (
        _session,
        dynamodb,
        events,
        functions,
        s3,
        sagemaker,
        feature_store,
        secrets,
        sqs,
        stepfunctions,
    ):
        made.cache_clear()

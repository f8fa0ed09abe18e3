"""boto3 clients, made once per execution environment."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker_featurestore_runtime import SageMakerFeatureStoreRuntimeClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

#: Threads that call AWS at the same time in one function. A call waits on the network for most of
#: its time, so this is bounded by memory and by the service's rate rather than by the processor.
THREADS = 8

_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 6},
    max_pool_connections=2 * THREADS,
    connect_timeout=5,
    # Longer than the longest long poll (20 s).
    read_timeout=30,
)


@functools.cache
def dynamodb() -> DynamoDBClient:
    """Return the client of the ledger."""
    return boto3.client("dynamodb", config=_CONFIG)


@functools.cache
def events() -> EventBridgeClient:
    """Return the client of the event bus."""
    return boto3.client("events", config=_CONFIG)


@functools.cache
def s3() -> S3Client:
    """Return the client of the buckets."""
    return boto3.client("s3", config=_CONFIG)


@functools.cache
def sagemaker() -> SageMakerClient:
    """Return the client of the labeling jobs."""
    return boto3.client("sagemaker", config=_CONFIG)


@functools.cache
def feature_store() -> SageMakerFeatureStoreRuntimeClient:
    """Return the client of the feature group."""
    return boto3.client("sagemaker-featurestore-runtime", config=_CONFIG)


@functools.cache
def sqs() -> SQSClient:
    """Return the client of the queues."""
    return boto3.client("sqs", config=_CONFIG)


@functools.cache
def stepfunctions() -> SFNClient:
    """Return the client of the state machine."""
    return boto3.client("stepfunctions", config=_CONFIG)


def forget() -> None:
    """Drop all clients, so that the next call makes them from the environment as it is then."""
    for client in (dynamodb, events, s3, sagemaker, feature_store, sqs, stepfunctions):
        client.cache_clear()

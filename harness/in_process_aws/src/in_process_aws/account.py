"""One account: its services, their clients, and the dispatch of every call."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

from in_process_aws import validation
from in_process_aws.calls import Answer, Call, Observer, Parameters, RefusalError
from in_process_aws.client import Client
from in_process_aws.dynamodb import DynamoDB
from in_process_aws.events import Events
from in_process_aws.features import Features
from in_process_aws.functions import Functions
from in_process_aws.s3 import S3
from in_process_aws.sagemaker import SageMaker
from in_process_aws.secrets import Secrets
from in_process_aws.sqs import SQS
from in_process_aws.states import States

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

    from in_process_aws.calls import Clock
    from in_process_aws.service import Service

_MODELED_CODES = {"AWS.SimpleQueueService.NonExistentQueue": "QueueDoesNotExist"}


class Account:
    """An AWS account in the process, safe under threads.

    Attributes:
        clock: Its time.
        observer: Sees every call; may be exchanged at any time.
        strict: Whether requests are checked against botocore's models.
        s3: Buckets.
        sqs: Queues.
        dynamodb: Tables.
        sagemaker: Labeling jobs.
        features: Feature groups.
        events: Event buses.
        functions: Lambda functions.
        secrets: Secrets with a text.
        states: Executions, which a backend runs.
    """

    def __init__(
        self, clock: Clock, observer: Observer | None = None, *, strict: bool = True
    ) -> None:
        """Start an empty account.

        Args:
            clock: Its time.
            observer: Sees every call.
            strict: Whether requests are checked against botocore's models.
        """
        self.clock = clock
        self.observer = observer
        self.strict = strict
        self.s3 = S3(clock)
        self.sqs = SQS(clock)
        self.dynamodb = DynamoDB(clock)
        self.sagemaker = SageMaker(clock, self.s3)
        self.features = Features(clock)
        self.events = Events(clock)
        self.functions = Functions(clock)
        self.secrets = Secrets(clock)
        self.states = States(clock)
        services: tuple[Service, ...] = (
            self.s3,
            self.sqs,
            self.dynamodb,
            self.sagemaker,
            self.features,
            self.events,
            self.functions,
            self.secrets,
            self.states,
        )
        self.dynamodb.strict = strict
        self._services = {service.name: service for service in services}
        self._clients = {name: self._client(name) for name in self._services}
        self._indexes = itertools.count()

    def client(self, service_name: str, **_options: object) -> Any:  # noqa: ANN401 - as boto3's is
        """Return the client of a service; there is one for each. boto3's options mean nothing."""
        return self._clients[service_name]

    def observed_client(self, service_name: str, observer: Observer) -> Any:  # noqa: ANN401
        """Return a client of its own, whose calls are seen by an observer of their own.

        Args:
            service_name: boto3's name of the service.
            observer: Sees the calls of this client, and no others.
        """
        return self._client(service_name, observer)

    def _client(self, name: str, observer: Observer | None = None) -> Client:
        call = functools.partial(self.call, observer=observer)
        return Client(name, self._services[name].operations, call)

    def operations(self) -> dict[str, list[str]]:
        """Return what each service can do, by botocore's names."""
        return {name: list(service.operations) for name, service in self._services.items()}

    def call(
        self,
        service: str,
        operation: str,
        parameters: Parameters,
        *,
        observer: Observer | None = None,
    ) -> Answer:
        """Carry out one call, as the client does for its methods.

        Args:
            service: boto3's name of the service.
            operation: botocore's name of the operation.
            parameters: What the caller gave.
            observer: Sees this call; the account's own observer if there is none.

        Raises:
            ParamValidationError: If botocore would not send it.
            ClientError: If the service refuses it, or the observer makes it fail.
        """
        if self.strict:
            validation.check_as_botocore(service, operation, parameters)
        call = Call(next(self._indexes), service, operation, parameters)
        observer = observer or self.observer
        if observer is not None:
            observer.before(call)
        try:
            if self.strict:
                self._services[service].check(operation, parameters)
            answer = self._services[service].operations[operation](parameters)
        except RefusalError as refusal:
            raise self.error(
                service, operation, refusal.code, refusal.message, **refusal.members
            ) from None
        answer.setdefault("ResponseMetadata", {"HTTPStatusCode": 200, "RetryAttempts": 0})
        if observer is not None:
            observer.after(call, answer)
        return answer

    def error(
        self, service: str, operation: str, code: str, message: str = "", **members: object
    ) -> ClientError:
        """Return the error with which a service refuses a call, as botocore raises it.

        Args:
            service: boto3's name of the service.
            operation: botocore's name of the operation.
            code: The service's error code.
            message: Its text.
            members: Further members of the error, such as ``CancellationReasons``.
        """
        response = {
            "Error": {"Code": code, "Message": message or code},
            "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
            **members,
        }
        # SQS has kept the codes of its older protocol; botocore's classes go by the newer ones.
        modeled = _MODELED_CODES.get(code, code.rpartition(".")[2])
        kind = validation.service_exceptions(service).from_code(modeled)
        made: ClientError = kind(response, operation)
        return made

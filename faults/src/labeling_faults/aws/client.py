"""A client: the part of boto3's that the functions use, in front of a service of the account."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.handlers import handle_copy_source_param
from botocore.paginate import Paginator

from labeling_faults.aws import validation

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.model import ServiceModel

    from labeling_faults.aws.account import Account
    from labeling_faults.aws.calls import Answer
    from labeling_faults.aws.service import Service


@dataclass(frozen=True)
class ClientMeta:
    """What a client says of itself.

    Attributes:
        service_model: botocore's model of the service.
    """

    service_model: ServiceModel


class Client:
    """A client of one service, with a method per operation in boto3's spelling.

    Attributes:
        meta: What it says of itself.
    """

    def __init__(self, account: Account, service: Service) -> None:
        """Put a client in front of a service.

        Args:
            account: Carries out the calls.
            service: The service.
        """
        self._account = account
        self._service = service
        self.meta = ClientMeta(validation.service_model(service.name))

    @property
    def exceptions(self) -> Any:  # noqa: ANN401 - made by botocore from the model
        """The classes of the service's errors, by name."""
        return validation.service_exceptions(self._service.name)

    def __getattr__(self, name: str) -> Callable[..., Answer]:
        """Return the method of an operation, as long as the service has it."""
        for operation in self._service.operations:
            if _method_name(operation) == name:
                return functools.partial(self._call, operation)
        message = f"the account's {self._service.name} has no operation {name}"
        raise AttributeError(message)

    def get_paginator(self, name: str) -> Paginator[Any]:
        """Return botocore's own paginator of an operation."""
        loader = botocore.session.get_session().get_component("data_loader")
        pages = loader.load_service_model(self._service.name, "paginators-1")["pagination"]
        operation = next(each for each in pages if _method_name(each) == name)
        model = validation.operation_model(self._service.name, operation)
        return Paginator(getattr(self, name), pages[operation], model)

    def _call(self, operation: str, /, **parameters: object) -> Answer:
        # botocore makes the text of a header of what may be given as a dictionary.
        handle_copy_source_param(parameters)
        return self._account.call(self._service.name, operation, parameters)


@functools.cache
def _method_name(operation: str) -> str:
    name: str = xform_name(operation)
    return name

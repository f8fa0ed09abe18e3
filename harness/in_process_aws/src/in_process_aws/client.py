"""A client for a service of the account, with the part of boto3's interface that is used."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore import xform_name
from botocore.handlers import handle_copy_source_param
from botocore.paginate import Paginator

from in_process_aws import validation

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from botocore.model import ServiceModel

    from in_process_aws.calls import Answer, Parameters

    CarryOut = Callable[[str, str, Parameters], Answer]


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

    def __init__(self, service: str, operations: Collection[str], carry_out: CarryOut) -> None:
        """Put a client in front of a service.

        Args:
            service: boto3's name of the service.
            operations: What it can do, by botocore's names; may change.
            carry_out: Carries out the calls.
        """
        self._service = service
        self._operations = operations
        self._carry_out = carry_out
        self._methods: dict[str, tuple[str, Callable[..., Answer]]] = {}
        self.meta = ClientMeta(validation.service_model(service))

    @property
    def exceptions(self) -> Any:  # noqa: ANN401 - made by botocore from the model
        """The classes of the service's errors, by name."""
        return validation.service_exceptions(self._service)

    def __getattr__(self, name: str) -> Callable[..., Answer]:
        """Return the method of an operation, as long as the service has it."""
        known = self._methods.get(name)
        if known is not None and known[0] in self._operations:
            return known[1]
        for operation in self._operations:
            if _method_name(operation) == name:
                method = functools.partial(self._call, operation)
                self._methods[name] = (operation, method)
                return method
        message = f"the account's {self._service} has no operation {name}"
        raise AttributeError(message)

    def get_paginator(self, name: str) -> Paginator[Any]:
        """Return botocore's own paginator of an operation."""
        pages = _pages(self._service)
        operation = next(each for each in pages if _method_name(each) == name)
        model = validation.operation_model(self._service, operation)
        return Paginator(getattr(self, name), pages[operation], model)

    def _call(self, operation: str, /, **parameters: object) -> Answer:
        # botocore makes the text of a header of what may be given as a dictionary.
        handle_copy_source_param(parameters)
        return self._carry_out(self._service, operation, parameters)


@functools.cache
def _method_name(operation: str) -> str:
    name: str = xform_name(operation)
    return name


@functools.cache
def _pages(service: str) -> dict[str, Any]:
    # A session looks through the file system, which takes longer than a whole history.
    loader = botocore.session.get_session().get_component("data_loader")
    pages: dict[str, Any] = loader.load_service_model(service, "paginators-1")["pagination"]
    return pages

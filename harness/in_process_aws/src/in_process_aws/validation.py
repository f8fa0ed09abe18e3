"""Validation of a call against botocore's model: first as the client, then as the service.

botocore checks members, types and lower bounds before it sends anything. The service validates
lengths, ranges, patterns and enums. This module does so for the services whose reference documents
it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.errorfactory import ClientExceptionsFactory
from botocore.exceptions import ParamValidationError
from botocore.model import ListShape, StringShape, StructureShape
from botocore.validate import ParamValidator

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel, Shape

_validator = ParamValidator()
_exceptions_factory = ClientExceptionsFactory()

_ANY_TEXT = (".*", ".+")
#: In the services' patterns the dot matches none of these; in Python's it matches all but the
#: first.
_LINE_TERMINATORS = re.compile("[\n\r\u0085\u2028\u2029]")


@functools.cache
def service_model(service: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return botocore.session.get_session().get_service_model(service)


@functools.cache
def operation_model(service: str, operation: str) -> OperationModel:
    """Return botocore's model of an operation."""
    return service_model(service).operation_model(operation)


def service_exceptions(service: str) -> Any:  # noqa: ANN401 - made by botocore from the model
    """Return the classes of a service's errors, the same for all clients and accounts."""
    return _exceptions_factory.create_client_exceptions(service_model(service))


def check_as_botocore(service: str, operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse what botocore would not send.

    Raises:
        ParamValidationError: As botocore raises it.
    """
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return
    report = _validator.validate(parameters, shape)
    if report.has_errors():
        raise ParamValidationError(report=report.generate_report())


def breaches(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """List the constraints of the model that a request does not meet.

    Args:
        service: boto3's name of the service.
        operation: botocore's name of the operation, such as ``CreateLabelingJob``.
        request: The members of the request.

    Returns:
        One sentence for each constraint, in the words of AWS; empty for a valid request.
    """
    shape = operation_model(service, operation).input_shape
    return [] if shape is None else list(_breaches(shape, request, ""))


def message(found: list[str]) -> str:
    """Join broken constraints into the message of a ``ValidationException``."""
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


def _breaches(shape: Shape, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any member
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        for name in shape.required_members:
            if value.get(name) is None:
                yield _breach("null", _member(path, name), "not be null")
        for name, inner in value.items():
            if name in shape.members and inner is not None:
                yield from _breaches(shape.members[name], inner, _member(path, name))
    elif isinstance(shape, ListShape) and isinstance(value, list | tuple):
        yield from _out_of_bounds(shape, len(value), value, path, "length")
        for number, inner in enumerate(value, start=1):
            yield from _breaches(shape.member, inner, f"{path}.{number}.member")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _text_breaches(shape, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _out_of_bounds(shape, value, value, path, "value")


def _text_breaches(shape: StringShape, text: str, path: str) -> Iterator[str]:
    yield from _out_of_bounds(shape, len(text), text, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, text):
        yield _breach(text, path, f"satisfy regular expression pattern: {pattern}")
    if shape.enum and text not in shape.enum:
        yield _breach(text, path, f"satisfy enum value set: {shape.enum}")


def _out_of_bounds(shape: Shape, size: float, value: object, path: str, what: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _breach(value, path, f"have {what} greater than or equal to {low}")
    if high is not None and size > high:
        yield _breach(value, path, f"have {what} less than or equal to {high}")


def _matches(pattern: str, text: str) -> bool:
    if pattern in _ANY_TEXT and _LINE_TERMINATORS.search(text):
        return False
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        # Some patterns use classes such as \p{L}, which only the services' language has.
        return True


def _breach(value: object, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: Member must {rule}"


def _member(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member

"""Checks of a request against the constraints in botocore's service model.

botocore itself checks only required members, types and lower bounds; the services check lengths,
ranges, patterns and enums as well, and so does this module.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session
from botocore.model import ListShape, ServiceModel, Shape, StringShape, StructureShape

# In the services' regular expressions "." excludes all of these, in Python's only the first.
_LINE_TERMINATORS = re.compile("[\n\r\u0085\u2028\u2029]")
_ANY_TEXT = (".*", ".+")

JsonValue = Any


def problems(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """List what is wrong with a request, in the words of AWS.

    Args:
        service: The boto3 name of the service.
        operation: The operation, such as ``CreateLabelingJob``.
        request: The members of the request.

    Returns:
        One sentence for each constraint that is not met; empty for a valid request.
    """
    shape = _model(service).operation_model(operation).input_shape
    return [] if shape is None else list(_check(shape, request, ""))


def message(found: list[str]) -> str:
    """Join problems into the message of a ``ValidationException``."""
    plural = "" if len(found) == 1 else "s"
    return f"{len(found)} validation error{plural} detected: {'; '.join(found)}"


@functools.cache
def _model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


def _check(shape: Shape, value: JsonValue, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        yield from _check_structure(shape, value, path)
    elif isinstance(shape, ListShape) and isinstance(value, list):
        yield from _check_length(shape, len(value), value, path)
        for index, item in enumerate(value):
            yield from _check(shape.member, item, f"{path}.{index + 1}.member")
    elif isinstance(shape, StringShape) and isinstance(value, str):
        yield from _check_string(shape, value, path)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield from _check_range(shape, value, path)


def _check_structure(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed("null", _join(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _check(member, value[name], _join(path, name))


def _check_string(shape: StringShape, value: str, path: str) -> Iterator[str]:
    yield from _check_length(shape, len(value), value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _failed(value, path, f"Member must satisfy enum value set: {shape.enum}")


def _check_length(shape: Shape, length: int, value: object, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and length < low:
        yield _failed(value, path, f"Member must have length greater than or equal to {low}")
    if high is not None and length > high:
        yield _failed(value, path, f"Member must have length less than or equal to {high}")


def _check_range(shape: Shape, value: float, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and value < low:
        yield _failed(value, path, f"Member must have value greater than or equal to {low}")
    if high is not None and value > high:
        yield _failed(value, path, f"Member must have value less than or equal to {high}")


def _matches(pattern: str, value: str) -> bool:
    if pattern in _ANY_TEXT and _LINE_TERMINATORS.search(value):
        return False
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        # Some patterns use classes such as \p{L} that only the services' language has.
        return True


def _failed(value: object, path: str, constraint: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"


def _join(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member

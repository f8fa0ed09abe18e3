"""The inputs of a labeling job: template, label categories and input manifest.

An error in one of them fails the job, with a reason in the format of Ground Truth. Rules: the
developer guide's pages on the label category configuration file, the input manifest and its quotas.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from labeling_sandbox.ground_truth.answers.task import Category
from labeling_sandbox.ground_truth.worker_templates import Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from labeling_sandbox.ground_truth.task_kinds import TaskKind
    from labeling_sandbox.iam.role_clients import Client

_DOCUMENT_VERSION = "2018-11-28"
_MAX_LABEL_CHARACTERS = 256
_MAX_LINE_CHARACTERS = 100_000
_MAX_ATTRIBUTE_CHARACTERS = 20_000
_INSTRUCTIONS = ("shortInstruction", "fullInstruction")
_SOURCES = ("source", "source-ref")


class InputError(Exception):
    """The job's input is unusable; the message becomes the failure reason."""


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` URI.

    Raises:
        InputError: It is none.
    """
    match = re.fullmatch(r"s3://([^/]+)/(.+)", uri, re.DOTALL)
    if match is None:
        message = f"ClientError: {uri} is not the URI of an object in S3"
        raise InputError(message)
    return match[1], match[2]


def read_template(client: Client, uri: str, kind: TaskKind) -> Template:
    """Read the worker task template and look for what the task type needs in it.

    Args:
        client: An S3 client that acts as the labeling role.
        uri: Where the template is.
        kind: The task type.

    Returns:
        The template.

    Raises:
        InputError: The template cannot be read, or its answers could not be consolidated.
    """
    template = Template(_read(client, uri, "worker task template"))
    problem = None
    if "crowd-form" not in template.elements:
        problem = "has no crowd-form"
    elif kind.element and kind.element_name not in template.names(kind.element):
        problem = f"has no {kind.element} whose name is {kind.element_name}"
    if problem:
        raise template_error(uri, problem)
    return template


def template_error(uri: str, problem: object) -> InputError:
    """Return the failure of a job whose template workers cannot use.

    Args:
        uri: Where the template is.
        problem: What it lacks, as the end of a sentence.
    """
    return InputError(f"ClientError: The worker task template {uri} {problem}")


def read_categories(client: Client, uri: str, kind: TaskKind) -> list[Category]:
    """Read the label category configuration.

    Args:
        client: An S3 client that acts as the labeling role.
        uri: Where the file is.
        kind: The task type.

    Returns:
        The categories in the order of their indexes.

    Raises:
        InputError: The file cannot be read, or breaks a rule of the task type.
    """
    text = _read(client, uri, "label category configuration")
    try:
        content = json.loads(text)
        categories = [
            Category(entry["label"], entry.get("shortDisplayName")) for entry in content["labels"]
        ]
        problem = _category_problem(content, categories, kind)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        problem = repr(error)
    if problem:
        message = f"ClientError: The label category configuration {uri} is not valid: {problem}"
        raise InputError(message)
    return categories


def _category_problem(
    content: Mapping[str, Any], categories: Sequence[Category], kind: TaskKind
) -> str | None:
    names = [category.name for category in categories]
    most = kind.max_labels if kind.max_labels is not None else len(names)
    # What was read from a file may be anything.
    texts: list[object] = [
        *names,
        *(category.short_name for category in categories if category.short_name is not None),
    ]
    problem = None
    if content.get("document-version") != _DOCUMENT_VERSION:
        problem = f"document-version must be {_DOCUMENT_VERSION}"
    elif not all(isinstance(text, str) and text.strip() for text in texts):
        problem = "names must be texts that are not empty"
    elif any(len(name) > _MAX_LABEL_CHARACTERS for name in names):
        problem = f"a label has at most {_MAX_LABEL_CHARACTERS} characters"
    elif len(set(names)) != len(names):
        problem = "each label must be there once"
    elif not kind.min_labels <= len(names) <= most:
        problem = f"{len(names)} labels, but at least {kind.min_labels} and at most {most} can be"
    elif kind.takes_instructions and not _has_instructions(content):
        problem = f"instructions with {' and '.join(_INSTRUCTIONS)} are required"
    return problem


def _has_instructions(content: Mapping[str, Any]) -> bool:
    given = content.get("instructions")
    return isinstance(given, dict) and all(
        isinstance(given.get(name), str) and given[name].strip() for name in _INSTRUCTIONS
    )


def read_manifest(client: Client, uri: str, kind: TaskKind) -> list[dict[str, Any]]:
    """Read the input manifest.

    Args:
        client: An S3 client that acts as the labeling role.
        uri: Where the manifest is.
        kind: The task type.

    Returns:
        Its lines.

    Raises:
        InputError: It cannot be read, is empty or too long, or a line breaks a rule.
    """
    # Only these end a line: a text may hold other separators, such as U+2028.
    texts = re.split("\r?\n", _read(client, uri, "input manifest"))
    texts = [text for text in texts if text.strip()]
    if not texts:
        message = f"ClientError: The input manifest {uri} holds no objects"
        raise InputError(message)
    if len(texts) > kind.max_objects:
        message = f"ClientError: {uri} holds more than {kind.max_objects} objects"
        raise InputError(message)
    return [_parse_line(number, text, kind) for number, text in enumerate(texts, start=1)]


def _read(client: Client, uri: str, what: str) -> str:
    bucket, key = split_uri(uri)
    try:
        body: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body.decode("utf-8")
    except ClientError as error:
        message = f"ClientError: Unable to read the {what} {uri}: {error}"
        raise InputError(message) from error
    except UnicodeDecodeError as error:
        message = f"ClientError: The {what} {uri} is not UTF-8: {error}"
        raise InputError(message) from error


def _parse_line(number: int, text: str, kind: TaskKind) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError as error:
        message = f"ClientError: Line {number} of the input manifest is not JSON: {error}"
        raise InputError(message) from error
    problem = _line_problem(line, text, kind)
    if problem:
        message = f"ClientError: Line {number} of the input manifest {problem}"
        raise InputError(message)
    parsed: dict[str, Any] = line
    return parsed


def _line_problem(line: object, text: str, kind: TaskKind) -> str | None:
    problem = None
    if not isinstance(line, dict):
        problem = "is not a JSON object"
    elif len(sources := [name for name in _SOURCES if name in line]) != 1 or (
        kind.source_key not in (None, *sources)
    ):
        problem = f"needs {kind.source_key or 'a source'} and no other source for this task type"
    elif not isinstance(line[sources[0]], str) or not line[sources[0]].strip():
        problem = f"has a {sources[0]} that is no text"
    elif len(text) > _MAX_LINE_CHARACTERS:
        problem = f"is longer than {_MAX_LINE_CHARACTERS} characters"
    elif any(_characters(value) > _MAX_ATTRIBUTE_CHARACTERS for value in line.values()):
        problem = f"has an attribute longer than {_MAX_ATTRIBUTE_CHARACTERS} characters"
    elif any(name.startswith("$") for name in line):
        problem = "has an attribute whose name begins with $"
    return problem


def _characters(value: object) -> int:
    return len(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))

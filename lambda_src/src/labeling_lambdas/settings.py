"""A function's environment, parsed into a typed object at call time."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_lambdas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance

    SettingsType = TypeVar("SettingsType", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ArtifactSettings:
    """Settings of the functions that read or write a run's files."""

    pipeline_name: str
    output_bucket: str
    kms_key_arn: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LedgerSettings(ArtifactSettings):
    """Settings of the functions that use the ledger too. Those that Ground Truth calls do not."""

    ledger_table: str


_PARSER = "parser"


def read_by(parser: Callable[[str], Any]) -> dict[str, Callable[[str], Any]]:
    """Return the metadata of a settings field whose variable is parsed.

    Args:
        parser: Parses the variable's text. Reports an invalid text with a ValueError, TypeError,
            KeyError or AttributeError.
    """
    return {_PARSER: parser}


def label_names(text: str) -> frozenset[str] | None:
    """Read the labels that workers can choose; None if unknown."""
    names = json.loads(text)
    if names is not None and not isinstance(names, list):
        message = "must be a list of names or null"
        raise TypeError(message)
    # Terraform does not read the labels in your own category file.
    return frozenset(map(str, names)) if names else None


def read_settings(
    kind: type[SettingsType], environment: Mapping[str, str] | None = None
) -> SettingsType:
    """Parse the environment into a settings object.

    Args:
        kind: The settings class; each field is read from the variable of its name in capitals,
            which may be absent if the field has a default.
        environment: Where to read from; by default the environment of the process.

    Raises:
        SettingsError: Naming every variable that is missing or has the wrong form.
    """
    source = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(kind):
        name = field.name.upper()
        if not source.get(name) and field.default is not dataclasses.MISSING:
            continue
        if not source.get(name):
            problems.append(f"{name} is missing")
            continue
        try:
            values[field.name] = field.metadata.get(_PARSER, str)(source[name])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(f"{name} has the wrong form: {error}")
    if problems:
        message = f"environment of the function: {'; '.join(problems)}"
        raise SettingsError(message)
    return kind(**values)

"""A function's environment, parsed into a typed object at call time."""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings
from labeling_lambdas.domain.records import ExtraFeature
from labeling_lambdas.domain.texts import TextItems
from labeling_lambdas.domain.verification import Verification
from labeling_lambdas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed import DataclassInstance

    SettingsType = TypeVar("SettingsType", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every function knows."""

    pipeline_name: str
    ledger_table: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSettings(Settings):
    """What every function knows that reads or writes a run's files."""

    output_bucket: str
    kms_key_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSettings(ArtifactSettings):
    """Environment of ``poll_queue``."""

    upload_bucket: str
    intake_queue_url: str
    dead_letter_queue_url: str
    task_type: str
    max_items_per_run: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSettings(ArtifactSettings):
    """Environment of ``start_labeling_job``."""

    task_type: str
    labeling_job: LabelingJobSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifySettings(ArtifactSettings):
    """Environment of ``start_verification_job``."""

    task_type: str
    verification_job: LabelingJobSettings
    label_attribute_name: str
    labels: frozenset[str] | None
    verification: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSettings:
    """Environment of ``prepare_verification`` and ``consolidate_verification``."""

    pipeline_name: str
    task_type: str
    label_attribute_name: str
    verification: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings(ArtifactSettings):
    """Environment of ``plan_results``."""

    task_type: str
    label_attribute_name: str
    label_schema: str
    labels: frozenset[str] | None
    max_attempts: int
    extra_features: dict[str, ExtraFeature]
    verification: Verification | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings(ArtifactSettings):
    """Environment of ``update_feature_store``."""

    feature_group_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSettings(ArtifactSettings):
    """Environment of ``return_items``."""

    intake_queue_url: str
    dead_letter_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishSettings(ArtifactSettings):
    """Environment of ``finish_run``."""

    event_bus_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """Environment of ``split_text``, which knows no ledger."""

    pipeline_name: str
    upload_bucket: str
    intake_queue_url: str
    task_type: str
    text_items: TextItems


def _labels(text: str) -> frozenset[str] | None:
    names = json.loads(text)
    if names is not None and not isinstance(names, list):
        message = "must be a list of names or null"
        raise TypeError(message)
    # An own category file names labels that Terraform does not know.
    return frozenset(map(str, names)) if names else None


def _extra_features(text: str) -> dict[str, ExtraFeature]:
    features = json.loads(text)
    return {
        name: ExtraFeature(path=str(feature["path"]), column=bool(feature["column"]))
        for name, feature in features.items()
    }


def _labeling_job(text: str) -> LabelingJobSettings:
    return LabelingJobSettings(**json.loads(text))


def _verification(text: str) -> Verification:
    fields = json.loads(text)
    categories = fields["categories"]
    accepted = fields["accepted_category"]
    if not accepted or not isinstance(accepted, str):
        message = "accepted_category must be a name"
        raise TypeError(message)
    return Verification(
        attribute=str(fields["attribute"]),
        accepted_category=accepted,
        categories=None if categories is None else tuple(map(str, categories)),
        sample_percent=float(fields["sample_percent"]),
    )


def _optional_verification(text: str) -> Verification | None:
    return None if json.loads(text) is None else _verification(text)


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "dict[str, ExtraFeature]": _extra_features,
    "LabelingJobSettings": _labeling_job,
    "TextItems": TextItems,
    "Verification": _verification,
    "Verification | None": _optional_verification,
    "frozenset[str] | None": _labels,
}


def read_settings(
    kind: type[SettingsType], environment: Mapping[str, str] | None = None
) -> SettingsType:
    """Parse the environment into a settings object.

    Args:
        kind: The settings class; each field is read from the variable of its name in capitals.
        environment: Where to read from, the process's environment by default.

    Raises:
        SettingsError: Naming every variable that is missing or has the wrong form.
    """
    source = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in dataclasses.fields(kind):
        name = field.name.upper()
        if not source.get(name):
            problems.append(f"{name} is missing")
            continue
        try:
            values[field.name] = _PARSERS[str(field.type)](source[name])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problems.append(f"{name} has the wrong form: {error}")
    if problems:
        message = f"environment of the function: {'; '.join(problems)}"
        raise SettingsError(message)
    return kind(**values)

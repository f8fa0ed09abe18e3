"""The settings of labeling jobs, of whichever engine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeAlias

from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.label_studio.job_settings import StudioJobSettings
from labeling_lambdas.domain.labeling_jobs import LabelingJobSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

JobSettings: TypeAlias = LabelingJobSettings | StudioJobSettings


def job_settings(fields: Mapping[str, Any]) -> JobSettings:
    """Read settings from JSON fields. Those of Ground Truth's jobs name no engine.

    Raises:
        TypeError: If the fields are those of no engine.
        KeyError: If labels are missing.
    """
    if fields.get("engine") == Engine.LABEL_STUDIO:
        return StudioJobSettings(**{**fields, "labels": tuple(fields["labels"])})
    return LabelingJobSettings(**fields)


def read_job_settings(text: str) -> JobSettings:
    """Read what Terraform wrote; see `job_settings` for further errors.

    Raises:
        ValueError: If it is not JSON.
        AttributeError: If it is not a JSON object.
    """
    return job_settings(json.loads(text))

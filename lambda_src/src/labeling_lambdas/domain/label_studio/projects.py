"""The settings of a project."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio.configurations import (
    labeling_configuration,
    verification_configuration,
)
from labeling_lambdas.domain.label_studio.controls import CONTROLS
from labeling_lambdas.domain.label_studio.predictions import GIVEN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labeling_lambdas.domain.task_types import TaskType

#: Label Studio refuses longer titles. The name of a job may have 63 characters.
_MOST_CHARACTERS = 50
_DIGITS = 12


def project_title(job_name: str) -> str:
    """Return the title of the project of a labeling job; no two jobs have the same."""
    name = job_name.lower()
    if len(name) <= _MOST_CHARACTERS:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
    return f"{name[: _MOST_CHARACTERS - _DIGITS - 1]}-{digest}"


def labeling_settings(
    job_name: str, task_type: TaskType, labels: Sequence[str], instructions: str, people: int
) -> dict[str, Any]:
    """Return the settings of a project in which people label.

    Args:
        job_name: The labeling job.
        task_type: The task type.
        labels: The classes, in order.
        instructions: What people read.
        people: How many people each object is shown to.

    Raises:
        ValueError: If Label Studio cannot show one of the labels as it is.
    """
    configuration = labeling_configuration(task_type, labels, instructions)
    empty = CONTROLS[task_type.name].may_be_empty
    return {**_settings(job_name, configuration, people), "enable_empty_annotation": empty}


def verification_settings(
    job_name: str,
    task_type: TaskType,
    labels: Sequence[str],
    categories: Sequence[str],
    instructions: str,
    people: int,
) -> dict[str, Any]:
    """Return the settings of a project in which reviewers judge; see `labeling_settings`.

    Args:
        job_name: The verification job.
        task_type: The task type.
        labels: The classes, in order.
        categories: The categories of a verdict, in order.
        instructions: What reviewers read.
        people: How many reviewers each label is shown to.

    Raises:
        ValueError: If Label Studio cannot show one of the labels or categories as it is.
    """
    configuration = verification_configuration(task_type, labels, categories, instructions)
    return {
        **_settings(job_name, configuration, people),
        "enable_empty_annotation": False,
        "show_collab_predictions": True,
        "model_version": GIVEN,
    }


def _settings(job_name: str, configuration: str, people: int) -> dict[str, Any]:
    return {
        "title": project_title(job_name),
        "label_config": configuration,
        "maximum_annotations": people,
        # Who declines a task does not see it again, and others do.
        "skip_queue": "REQUEUE_FOR_OTHERS",
    }

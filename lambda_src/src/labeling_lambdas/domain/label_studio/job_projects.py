"""The project of a labeling job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio.projects import labeling_settings, verification_settings
from labeling_lambdas.domain.task_types import task_type

if TYPE_CHECKING:
    from labeling_lambdas.domain.label_studio.jobs import StudioJob


def project_settings(job: StudioJob) -> dict[str, Any]:
    """Return the settings of a job's project.

    Raises:
        ValueError: If Label Studio cannot show one of the labels or categories as it is.
    """
    kind = task_type(job.task_type)
    if job.verification is None:
        return labeling_settings(job.name, kind, job.labels, job.instructions, job.people)
    categories = job.verification.categories or ()
    return verification_settings(
        job.name, kind, job.labels, categories, job.instructions, job.people
    )

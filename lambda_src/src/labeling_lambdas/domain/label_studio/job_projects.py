"""The project of a labeling job, and the output lines of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio.output import (
    ConvertedLine,
    LabelingProject,
    labeled_line,
    verdict_line,
)
from labeling_lambdas.domain.label_studio.projects import labeling_settings, verification_settings
from labeling_lambdas.domain.task_types import task_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeling_lambdas.domain.label_studio.jobs import StudioJob
    from labeling_lambdas.domain.label_studio.pictures import PictureSize


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


def labeling_project(job: StudioJob, masks_uri: str) -> LabelingProject:
    """Return what the conversion of labels needs.

    Args:
        job: The job.
        masks_uri: ``s3://`` URI of the folder for masks.
    """
    kind = task_type(job.task_type)
    return LabelingProject(job.name, kind, job.attribute, job.labels, job.people, masks_uri)


def output_line(
    job: StudioJob,
    line: Mapping[str, Any],
    annotations: Iterable[Mapping[str, Any]],
    project: LabelingProject,
    *,
    picture: PictureSize | None,
    expired: bool,
) -> ConvertedLine:
    """Return the output line of a line; see `labeled_line`."""
    if job.verification is None:
        return labeled_line(line, annotations, project, picture=picture, expired=expired)
    return verdict_line(
        line,
        annotations,
        job.verification,
        job_name=job.name,
        people=job.people,
        expired=expired,
    )

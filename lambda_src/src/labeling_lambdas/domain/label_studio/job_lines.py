"""The output lines of a job's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.label_studio.output import (
    ConvertedLine,
    LabelingProject,
    labeled_line,
    verdict_line,
)
from labeling_lambdas.domain.task_types import task_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeling_lambdas.domain.label_studio.jobs import StudioJob
    from labeling_lambdas.domain.label_studio.pictures import PictureSize


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

"""The request that creates a job in Label Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labeling_lambdas.domain.kept_settings import LabelRules
    from labeling_lambdas.domain.label_studio.job_settings import StudioJobSettings
    from labeling_lambdas.domain.verification_settings import Verification


def studio_job_request(
    settings: StudioJobSettings,
    rules: LabelRules,
    verification: Verification | None,
    *,
    name: str,
    manifest_uri: str,
    created_at: float,
) -> dict[str, Any]:
    """Return the fields of the `StudioJob` to create.

    Args:
        settings: The settings of the job.
        rules: How labels are read: those that people give, or those that reviewers see.
        verification: How labels are judged; None for a labeling job.
        name: Name of the job.
        manifest_uri: Its input manifest.
        created_at: The current time in epoch seconds.
    """
    return {
        "name": name,
        "manifest_uri": manifest_uri,
        "created_at": created_at,
        "available_seconds": settings.task_availability_seconds,
        "task_type": rules.task_type,
        "attribute": rules.attribute,
        "labels": settings.labels,
        "instructions": settings.instructions,
        "people": settings.workers_per_object,
        "verification": None if verification is None else verification.fields(),
    }

"""The engines that labeling jobs run on, behind the same three operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from labeling_lambdas.aws import clients
from labeling_lambdas.aws.labeling_jobs import LabelingJobs
from labeling_lambdas.domain.engines import Engine

if TYPE_CHECKING:
    from labeling_lambdas.aws.labeling_jobs import JobDescription
    from labeling_lambdas.settings import LedgerSettings


class LabelingEngine(Protocol):
    """What a run needs of an engine. Each operation can be repeated."""

    def create(self, request: dict[str, Any]) -> bool:
        """Create a job.

        Args:
            request: What the engine creates it from.

        Returns:
            True if the job was created, False if this run had already created it.
        """

    def describe(self, name: str) -> JobDescription | None:
        """Return a job, or None if no job has this name."""

    def stop(self, name: str) -> None:
        """Request that a job is stopped. It ends later."""


def labeling_engine(settings: LedgerSettings, name: str) -> LabelingEngine:
    """Return an engine by its name.

    Raises:
        ValueError: If there is no such engine.
    """
    if Engine(name) is Engine.LABEL_STUDIO:
        # A pipeline uses both engines only while it is switched from one to the other.
        from labeling_lambdas.aws.label_studio_jobs import LabelStudioJobs  # noqa: PLC0415

        return LabelStudioJobs.of(settings)
    return LabelingJobs(clients.sagemaker())

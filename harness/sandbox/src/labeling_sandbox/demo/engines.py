"""Where the items of a demo are labeled, and by whom."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from labeling_sandbox.demo import verification

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_sandbox.audit.job_audit import Job
    from labeling_sandbox.demo.pipeline import Pipeline

_REVIEWERS = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"


class DemoEngine(Protocol):
    """Where the items of a demo are labeled.

    Attributes:
        run_seconds: How long one run may take.
    """

    run_seconds: float

    def started(self) -> AbstractContextManager[Mapping[str, Any]]:
        """Start what the pipeline needs, and return the module's inputs for it."""

    def begin(self, pipeline: Pipeline) -> None:
        """Prepare the people for a pipeline that was deployed."""

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:
        """Tell the people how to behave; see `labeling_sandbox.ground_truth.workforce`."""

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Let the people go on, and return how far the newest job is.

        Returns:
            The number of objects that are done, and the number of objects.
        """

    def jobs(self, pipeline: Pipeline) -> list[Job]:
        """Return the jobs that Ground Truth does not know."""

    def reviewers(self, pipeline: Pipeline) -> int:
        """Return how many reviewers saw each label."""


@dataclass
class GroundTruth:
    """Simulated workers of Ground Truth, who work by themselves.

    Attributes:
        verify: Whether reviewers verify every label.
        run_seconds: See `DemoEngine`.
    """

    verify: bool
    run_seconds: float = 300.0

    def started(self) -> AbstractContextManager[Mapping[str, Any]]:
        """Return the inputs."""
        return nullcontext({"verification": {"workteam_arn": _REVIEWERS}} if self.verify else {})

    def begin(self, pipeline: Pipeline) -> None:
        """Create the work teams."""
        pipeline.create_work_teams()

    def instruct(self, pipeline: Pipeline, behaviour: Mapping[str, Any]) -> None:
        """Tell the workers how to behave."""
        pipeline.control("workforce", behaviour)

    def progress(self, pipeline: Pipeline) -> tuple[int, int]:
        """Return the counters of the newest job."""
        counters = pipeline.counters()
        total = sum(counters.values()) - counters.get("HumanLabeled", 0)
        return counters.get("TotalLabeled", 0), total

    def jobs(self, pipeline: Pipeline) -> list[Job]:  # noqa: ARG002 - there are none
        """Return no job."""
        return []

    def reviewers(self, pipeline: Pipeline) -> int:
        """Return how many reviewers saw each label."""
        return verification.reviewers_of(pipeline.control("labeling-jobs"))

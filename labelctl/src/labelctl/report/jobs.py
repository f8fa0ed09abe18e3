"""The objects that the jobs of a run labeled and verified."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.identity import LABEL_STAGE, VERIFY_STAGE
from labeling_lambdas.steps.kept_settings import kept_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labeling_lambdas.aws.artifacts import Artifacts

#: The members of a report that name the job of a stage.
_JOBS = {LABEL_STAGE: "labeling_job", VERIFY_STAGE: "verification_job"}


@dataclass(frozen=True, slots=True)
class JobObjects:
    """What one job labeled or verified.

    Attributes:
        stage: ``label`` or ``verify``.
        engine: Where people worked on it.
        objects: How many objects have a label or a verdict.
        people: How many people were asked for each object.
    """

    stage: str
    engine: Engine
    objects: int
    people: int

    @property
    def charged(self) -> int:
        """The objects that Ground Truth charges."""
        return self.objects if self.engine is Engine.GROUND_TRUTH else 0


def jobs_of(report: Mapping[str, Any], artifacts: Artifacts) -> Iterator[JobObjects]:
    """Yield what the jobs of a run labeled and verified.

    Args:
        report: The report of the run.
        artifacts: Its files.
    """
    for stage, job in _JOBS.items():
        objects = report[job]["counters"].get("TotalLabeled", 0) if report[job] else 0
        kept = kept_settings(artifacts, stage) if objects else None
        if kept is not None:
            yield JobObjects(stage, kept.engine, objects, kept.job["workers_per_object"])

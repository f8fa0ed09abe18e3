"""The run that a function works on."""

from __future__ import annotations

from typing import NamedTuple

from labeling_lambdas.domain import identity


class RunScope(NamedTuple):
    """A run, and the execution that works on it.

    Attributes:
        pipeline: Name of the pipeline.
        run_id: The run.
        execution_arn: The execution that works on it.
    """

    pipeline: str
    run_id: str
    execution_arn: str

    def job_name(self, stage: str) -> str:
        """Return the name of one of the run's jobs.

        Args:
            stage: ``label`` or ``verify``.
        """
        return identity.labeling_job_name(self.pipeline, self.run_id, stage)

"""The settings that a run's jobs were created with, as the run stores them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.engines import Engine
from labeling_lambdas.domain.verification_settings import Verification

if TYPE_CHECKING:
    from collections.abc import Mapping


class LabelRules(NamedTuple):
    """The rules for reading the answers of a labeling job.

    Attributes:
        task_type: Name of the task type.
        attribute: Label attribute name.
        label_schema: Version of labels and template.
        labels: The labels that workers could choose; None if unknown.
    """

    task_type: str
    attribute: str
    label_schema: str
    labels: frozenset[str] | None

    def fields(self) -> dict[str, Any]:
        """Return the rules as JSON-ready fields."""
        labels = None if self.labels is None else sorted(self.labels)
        return {**self._asdict(), "labels": labels}

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> LabelRules:
        """Read what :meth:`fields` wrote."""
        labels = fields["labels"]
        return cls(**{**fields, "labels": None if labels is None else frozenset(labels)})

    def same_form(self, other: LabelRules) -> bool:
        """Return whether lines have their labels in the same place and form."""
        return (self.task_type, self.attribute) == (other.task_type, other.attribute)


class KeptSettings(NamedTuple):
    """The settings of one job of a run.

    Terraform may change every setting while a job is in progress. The job's answers are read with
    the settings that it was created with.

    Attributes:
        job: Settings that the job was created with, as JSON-ready fields; see `job_settings`.
        rules: How to read labels: those that the job returns, or those that its reviewers see.
        verification: How to read its verdicts; None for a labeling job.
    """

    job: Mapping[str, Any]
    rules: LabelRules
    verification: Verification | None = None

    @property
    def engine(self) -> Engine:
        """Where people do the job. The settings of Ground Truth's jobs name no engine."""
        return Engine(self.job.get("engine", Engine.GROUND_TRUTH))

    def fields(self) -> dict[str, Any]:
        """Return the settings as JSON-ready fields."""
        verification = self.verification
        return {
            "job": self.job,
            "rules": self.rules.fields(),
            "verification": None if verification is None else verification.fields(),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> KeptSettings:
        """Read what :meth:`fields` wrote."""
        verification = fields["verification"]
        return cls(
            job=fields["job"],
            rules=LabelRules.from_fields(fields["rules"]),
            verification=None if verification is None else Verification.from_fields(verification),
        )


def settings_file(stage: str) -> str:
    """Return the name of the run's file with the settings of a job.

    Args:
        stage: ``label`` or ``verify``.
    """
    return f"jobs/{stage}.json"

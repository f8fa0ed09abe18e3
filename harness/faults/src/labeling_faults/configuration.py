"""What a user has chosen, and the deployment and the functions' environment that follow from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_deployment.deployment import GROUND_TRUTH, IMAGES, LABEL_STUDIO, TEXTS, planned
from labeling_deployment.plans import FIRST_REGION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from labeling_deployment.deployment import Deployment

CLASSES = tuple("0123456789")
JUDGEMENTS = ("Correct", "Wrong class", "Not usable")
#: How many people answer each object in Label Studio.
PEOPLE = 2


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a user has chosen.

    Attributes:
        task_type: The task type.
        max_attempts: Attempts that an item may have.
        max_items_per_run: Items that a run claims at most.
        large_runs: Whether several pollers drain the queue, as they do for runs of many items.
        text_items: What is an item of a text file.
        batched_records: Whether the functions' boto3 has BatchWriteRecord.
        sample_percent: Share of the labels that reviewers see; None without verification.
        classes: The labels.
        judgements: Categories of verification, the accepted one first.
        title: Title of the task.
        features: Keys of a line that are features of their own: that of the module's column, and
            others, which go into ``extra_json``.
        engine: Where people label what is labeled from now on.
        has_label_studio: Whether Label Studio is deployed although the engine is another one.
        available_seconds: How long people can answer in Label Studio.
    """

    task_type: str = IMAGES
    max_attempts: int = 3
    max_items_per_run: int = 10_000
    large_runs: bool = False
    text_items: str = "line"
    batched_records: bool = True
    sample_percent: float | None = None
    classes: tuple[str, ...] = CLASSES
    judgements: tuple[str, ...] = JUDGEMENTS
    title: str = "Digits"
    features: tuple[str, ...] = ("site",)
    engine: str = GROUND_TRUTH
    has_label_studio: bool = False
    available_seconds: float = 10 * 24 * 3600.0

    @property
    def verifies(self) -> bool:
        """Whether reviewers judge labels."""
        return self.sample_percent is not None

    @property
    def splits(self) -> bool:
        """Whether uploads hold several items."""
        return self.task_type == TEXTS

    @property
    def deployment(self) -> Deployment:
        """The deployment with this task type and engine, with or without verification."""
        return planned(
            self.task_type,
            verified=self.verifies,
            engine=self.engine,
            large_runs=self.large_runs,
        )

    @property
    def uses_label_studio(self) -> bool:
        """Whether the function for Label Studio is deployed."""
        return self.has_label_studio or self.engine == LABEL_STUDIO

    @property
    def functions(self) -> AbstractSet[str]:
        """The steps of the functions that are deployed."""
        return self.deployment.functions.keys()

    @property
    def _schema(self) -> str:
        """Version of labels and template, which the names of both files hold."""
        return schema_of(self.engine, self.classes, self.title)

    @property
    def _template(self) -> str:
        return f"ground-truth/template-{self._schema}.html"

    @property
    def _categories(self) -> str:
        return f"ground-truth/categories-{self._schema}.json"

    @property
    def _verification_categories(self) -> str:
        return f"ground-truth/judgements-{_digest(self.judgements)}.json"

    def worker_files(self) -> dict[str, bytes]:
        """Return the files that an apply writes for workers and reviewers, by key."""
        return {
            self._template: b"for workers",
            self._categories: _category_file(self.classes),
            self._verification_categories: _category_file(self.judgements),
        }

    def environment(self) -> dict[str, str]:
        """Return the environment of all functions together.

        It is that of the plan, but for the settings that a history may change.
        """
        # A function that is removed while it is called has kept its own variables.
        found = {"ADVANCE_FUNCTION": "", "AWS_REGION": FIRST_REGION}
        found |= planned(TEXTS, verified=True).environment
        if self.uses_label_studio:
            found |= deployed().environment
        found |= self.deployment.environment
        columns = deployed().feature_group.features
        found |= {
            "EXTRA_FEATURES": json.dumps(
                {name: {"path": name, "column": name in columns} for name in self.features}
            ),
            "LABELING_JOB": _with(found["LABELING_JOB"], self._job_settings(self._categories)),
            "LABELS": json.dumps(self.classes),
            "LABEL_SCHEMA": f"sha256:{self._schema}",
            "MAX_ATTEMPTS": str(self.max_attempts),
            "MAX_ITEMS_PER_RUN": str(self.max_items_per_run),
            "TEXT_ITEMS": self.text_items,
        }
        if self.verifies:
            verification = {
                "accepted_category": self.judgements[0],
                "categories": self.judgements,
                "sample_percent": self.sample_percent,
            }
            job = self._job_settings(self._verification_categories)
            found["VERIFICATION"] = _with(found["VERIFICATION"], verification)
            found["VERIFICATION_JOB"] = _with(found["VERIFICATION_JOB"], job)
        return found

    def _job_settings(self, categories: str) -> dict[str, object]:
        if self.engine == LABEL_STUDIO:
            return {
                "instructions": self.title,
                "labels": self.classes,
                "task_availability_seconds": self.available_seconds,
                "workers_per_object": PEOPLE,
            }
        return {
            "categories_s3_uri": _uri(categories),
            "template_s3_uri": _uri(self._template),
            "title": self.title,
        }


def deployed() -> Deployment:
    """Return the deployment that has every function; names and limits are the same in all."""
    return planned(TEXTS, verified=True, engine=LABEL_STUDIO)


def schema_of(engine: str, classes: Sequence[str], title: str) -> str:
    """Return the version of labels and of what people read."""
    return _digest([engine, classes, title])


def plan_all() -> None:
    """Plan every deployment that a configuration can have."""
    for task_type in (IMAGES, TEXTS):
        planned(task_type)


def _with(settings: str, changes: Mapping[str, object]) -> str:
    return json.dumps({**json.loads(settings), **changes})


def _uri(key: str) -> str:
    return f"s3://{deployed().buckets['output']}/{key}"


def _digest(settings: object) -> str:
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]


def _category_file(names: tuple[str, ...]) -> bytes:
    return json.dumps({"labels": [{"label": name} for name in names]}).encode()

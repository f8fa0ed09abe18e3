"""The labeling jobs of both engines, read from what the services hold and not by the functions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from in_process_aws.sagemaker import ENDED_STATUSES, output_uri
from labeling_deployment.deployment import LABEL_STUDIO
from labeling_faults.configuration import deployed, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from in_process_aws.account import Account

_FOLDER = "labeling-jobs/"
_OPEN = f"{_FOLDER}_open/"
_JOB, _STATE = "/job.json", "/state.json"


@dataclass(frozen=True)
class Job:
    """A labeling job.

    Attributes:
        name: Its name.
        created: When it was created.
        modified: When it ended; before, when it was last changed.
        status: Its LabelingJobStatus.
        manifest_uri: Its input manifest.
        output_uri: Its output manifest, whether it is there or not.
        attribute: The key of its results in an output line.
        categories: What people can choose, in order.
        schema: The version of its labels.
        verifies: Whether people judge labels in it.
        project: Number of its project in Label Studio; 0 if it has none, or is in Ground Truth.
        accepted: The category that accepts a label.
    """

    name: str
    created: datetime
    modified: datetime
    status: str
    manifest_uri: str
    output_uri: str
    attribute: str
    categories: Sequence[str]
    schema: str
    verifies: bool
    project: int = 0
    accepted: str = ""

    @property
    def ended(self) -> bool:
        """Whether people can no longer work on it."""
        return self.status in ENDED_STATUSES


@dataclass(frozen=True)
class LabelingJobs:
    """The labeling jobs of an account.

    Attributes:
        account: The account.
    """

    account: Account

    def all(self) -> list[Job]:
        """Return every job."""
        return [*self._in_ground_truth(), *self.in_label_studio()]

    def find(self, name: str) -> Job:
        """Return a job by its name.

        Raises:
            KeyError: If there is none.
        """
        for job in self.all():
            if job.name.lower() == name.lower():
                return job
        raise KeyError(name)

    def lines(self, uri: str) -> list[dict[str, Any]]:
        """Return the lines of a manifest; none if it is not there."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        if self.account.s3.buckets[bucket].current(key) is None:
            return []
        text = self.account.s3.body(bucket, key).decode()
        return [json.loads(line) for line in text.split("\n") if line.strip()]

    def results(self, job: Job) -> dict[str, str]:
        """Return the class that a job gave each of its items, those left out that have none."""
        if not job.ended:
            return {}
        found: dict[str, str] = {}
        for line in self.lines(job.output_uri):
            # Label Studio's verdicts are objects that name the category.
            value = line.get(job.attribute)
            named = value if isinstance(value, dict) else line.get(f"{job.attribute}-metadata", {})
            if "class-name" in named:
                found[line["item-id"]] = named["class-name"]
        return found

    def open_in_label_studio(self) -> list[str]:
        """Return the names of the jobs that people do in Label Studio, and that have not ended."""
        return [job.name for job in self.in_label_studio() if self._is_open(job)]

    def in_label_studio(self) -> Iterator[Job]:
        """Yield the jobs that people do in Label Studio."""
        bucket = self.account.s3.buckets[deployed().buckets["output"]]
        for key, versions in bucket.objects.items():
            if key.startswith(_FOLDER) and key.endswith(_JOB):
                yield self._in_label_studio(key.removesuffix(_JOB), versions[-1].body)

    def _in_label_studio(self, folder: str, body: bytes) -> Job:
        bucket = self.account.s3.buckets[deployed().buckets["output"]]
        fields, written = json.loads(body), bucket.objects[folder + _JOB][-1]
        kept = bucket.current(folder + _STATE)
        state = {} if kept is None else json.loads(kept.body)
        verification, labels = fields["verification"], tuple(fields["labels"])
        return Job(
            name=fields["name"],
            created=written.modified,
            modified=(kept or written).modified,
            status=state.get("status", "Initializing"),
            manifest_uri=fields["manifest_uri"],
            output_uri=f"s3://{bucket.name}/{folder}/manifests/output/output.manifest",
            attribute=verification["attribute"] if verification else fields["attribute"],
            categories=tuple(verification["categories"]) if verification else labels,
            schema=schema_of(LABEL_STUDIO, labels, fields["instructions"]),
            verifies=verification is not None,
            project=state.get("project", 0),
            accepted=verification["accepted_category"] if verification else "",
        )

    def _is_open(self, job: Job) -> bool:
        bucket = self.account.s3.buckets[deployed().buckets["output"]]
        return bucket.current(_OPEN + job.name.lower()) is not None

    def _in_ground_truth(self) -> Iterator[Job]:
        sagemaker = self.account.sagemaker
        for job in sagemaker.jobs.values():
            categories = sagemaker.categories(job.name)
            uri = job.request["LabelCategoryConfigS3Uri"]
            yield Job(
                name=job.name,
                created=job.created,
                modified=job.modified,
                status=job.status,
                manifest_uri=job.manifest_uri,
                output_uri=output_uri(job),
                attribute=job.attribute,
                categories=categories,
                # The name of the category file holds the version.
                schema=uri.rpartition("-")[2].removesuffix(".json"),
                verifies=job.attribute == deployed().verification_attribute,
                accepted=categories[0],
            )

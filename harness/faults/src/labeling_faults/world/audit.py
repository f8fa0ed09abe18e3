"""The sandbox's auditor, applied to a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_faults.configuration import deployed
from labeling_sandbox.audit.auditor import Auditor, Resources

if TYPE_CHECKING:
    from labeling_faults.world.world import World


#: What the auditor is told of a job that judges labels, beside its output.
_VERIFICATION = {"kind": "Verification", "shown_without_label": 0}


def auditor_of(world: World) -> Auditor:
    """Return an auditor of a world."""
    return Auditor(
        client=world.client,
        control=lambda path: _control(world, path),
        resources=Resources(
            ledger_table=deployed().ledger.name,
            intake_queue_url=world.intake_url,
            dead_letter_queue_url=world.dead_letter_url,
            output_bucket=deployed().buckets["output"],
            feature_group=deployed().feature_group.name,
        ),
    )


def violations_of(world: World) -> list[str]:
    """Return every promise that was broken on the way, and those broken when no work is left."""
    findings = auditor_of(world).audit(list(world.states()), max_attempts=world.most_attempts)
    return [
        *world.online_checks.violations,
        *world.functions.surprises,
        *findings.violations,
        *_of_another_schema(world),
    ]


def _of_another_schema(world: World) -> list[str]:
    """Return the records whose label is none of their job's, or that name other labels' version."""
    sagemaker = world.account.sagemaker
    broken = []
    for record in world.account.features.groups[deployed().feature_group.name].history:
        job = sagemaker.jobs[record["labeling_job"]]
        # The name of the category file holds the version.
        schema = job.request["LabelCategoryConfigS3Uri"].rpartition("-")[2].removesuffix(".json")
        label = record["label"]
        if label not in sagemaker.categories(job.name) or record["label_schema"] != (
            f"sha256:{schema}"
        ):
            broken.append(
                f"the record of {record['source_ref']} says {label!r} of"
                f" {record['label_schema']}, its job has {schema}"
            )
    return broken


def _control(world: World, path: str) -> Any:  # noqa: ANN401 - as the sandbox's routes
    if path == "labeling-jobs":
        return shown_jobs(world)
    return {"offline": world.account.features.groups[deployed().feature_group.name].history}


def shown_jobs(world: World) -> list[dict[str, Any]]:
    """Return every labeling job, the oldest first, as the sandbox shows them."""
    return [
        {
            "name": job.name,
            "created": job.created.isoformat(),
            "modified": job.modified.isoformat(),
            "item_ids": [line["item-id"] for line in world.account.sagemaker.input_lines(job.name)],
            "status": job.status,
            **(
                {**_VERIFICATION, "accepted_category": _accepted(world, job.name)}
                if job.attribute == deployed().verification_attribute
                else {}
            ),
        }
        for job in world.account.sagemaker.jobs.values()
    ]


def _accepted(world: World, job: str) -> str:
    return world.account.sagemaker.categories(job)[0]

"""The sandbox's auditor, applied to a world."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labeling_faults.configuration import deployed
from labeling_sandbox.audit import job_audit
from labeling_sandbox.audit.auditor import Auditor, Resources

if TYPE_CHECKING:
    from labeling_faults.world.labeling_jobs import Job
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
        other_jobs=lambda: [_audited(world, job) for job in world.jobs.in_label_studio()],
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
    jobs = {job.name.lower(): job for job in world.jobs.all()}
    broken = []
    for record in world.account.features.groups[deployed().feature_group.name].history:
        job = jobs[record["labeling_job"].lower()]
        schema, label = f"sha256:{job.schema}", record["label"]
        if label not in job.categories or record["label_schema"] != schema:
            broken.append(
                f"the record of {record['source_ref']} says {label!r} of"
                f" {record['label_schema']}, its job has {schema}"
            )
    return broken


def _audited(world: World, job: Job) -> job_audit.Job:
    """Return a job in Label Studio as the auditor sees it; what people chose counts."""
    chosen = world.studio.team.answers.get(job.project, {})
    places = {name: place for place, name in enumerate(job.categories)}
    # A result for an item for which nobody chose anything differs from every record.
    answers = {item: places.get(chosen.get(item, "")) for item in world.jobs.results(job)}
    accepted = [item for item in answers if chosen.get(item) == job.accepted]
    return job_audit.Job(
        name=job.name,
        created=job.created.isoformat(),
        modified=(job.modified if job.ended else world.clock.moment()).isoformat(),
        items=[line["item-id"] for line in world.jobs.lines(job.manifest_uri)],
        verifies=job.verifies,
        labeled=frozenset(answers),
        accepted=frozenset(accepted) if job.verifies else frozenset(),
        unlabeled_shown=0,
        never_began=job.status == "Failed" and not job.project,
        answers={} if job.verifies else answers,
    )


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

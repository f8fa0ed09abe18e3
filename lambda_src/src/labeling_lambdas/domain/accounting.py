"""The accounting of a run: everything received and claimed has an outcome, or the run fails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.outcomes import Outcome
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import JobStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from labeling_lambdas.domain.intake_counts import Intake


@dataclass(frozen=True, slots=True)
class Settled:
    """Outcomes of claimed items, each confirmed by a conditional write to the ledger.

    Attributes:
        stored: Items with a feature record.
        labeled: Items that keep their label for a later run.
        returned: Items sent back to the queue, by reason.
        dead_lettered: Items sent to the dead-letter queue, by reason.
        superseded: Items superseded by a newer version of their key.
        verified: Stored items whose label reviewers accepted.
        unverified: Stored items that were excluded from the verification.
        rejected: Returned or dead-lettered items whose label reviewers rejected, by the verdict
            category.
    """

    stored: int = 0
    labeled: int = 0
    returned: Mapping[str, int] = field(default_factory=dict)
    dead_lettered: Mapping[str, int] = field(default_factory=dict)
    superseded: int = 0
    verified: int = 0
    unverified: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_items(self) -> int:
        """The number of settled claims."""
        return (
            self.stored
            + self.labeled
            + sum(self.returned.values())
            + sum(self.dead_lettered.values())
            + self.superseded
        )

    def fields(self) -> dict[str, Any]:
        """Return the counts as JSON-ready fields."""
        return {
            "stored": self.stored,
            "labeled": self.labeled,
            "returned": dict(self.returned),
            "dead_lettered": dict(self.dead_lettered),
            "superseded": self.superseded,
            "verified": self.verified,
            "unverified": self.unverified,
            "rejected": dict(self.rejected),
        }

    @classmethod
    def total(cls, parts: Iterable[Mapping[str, Any]]) -> Settled:
        """Add up the :meth:`fields` of the shards of a run."""
        counts: Counter[str] = Counter()
        returned: Counter[str] = Counter()
        dead_lettered: Counter[str] = Counter()
        rejected: Counter[str] = Counter()
        for part in parts:
            for name in ("stored", "labeled", "superseded", "verified", "unverified"):
                counts[name] += int(part[name])
            rejected.update(part["rejected"])
            returned.update(part["returned"])
            dead_lettered.update(part["dead_lettered"])
        return cls(
            stored=counts["stored"],
            labeled=counts["labeled"],
            returned=dict(returned),
            dead_lettered=dict(dead_lettered),
            superseded=counts["superseded"],
            verified=counts["verified"],
            unverified=counts["unverified"],
            rejected=dict(rejected),
        )


def balanced(intake: Intake, settled: Settled) -> bool:
    """Return whether everything received and claimed is accounted for."""
    return intake.balanced and intake.claimed == settled.total_items


def outcome_of(
    intake: Intake,
    settled: Settled,
    *,
    job: JobStatus | None,
    verification: JobStatus | None = None,
    all_settled: bool,
) -> Outcome:
    """Return how a run ended.

    Args:
        intake: What it received.
        settled: Outcomes of its claims.
        job: How its labeling job ended, None if it had nothing to label.
        verification: How its verification job ended, None without verification.
        all_settled: Whether every shard of its plan was settled.
    """
    if not all_settled:
        return Outcome.LEFT_OPEN
    if not balanced(intake, settled):
        return Outcome.ACCOUNTING_MISMATCH
    if job is None:
        return Outcome.QUEUE_EMPTY
    if job not in _WENT_WELL:
        return Outcome.LABELING_JOB_FAILED
    if verification is not None and verification not in _WENT_WELL:
        return Outcome.VERIFICATION_JOB_FAILED
    # Superseded items do not count against the workers: a run whose items were all overwritten in
    # the meantime is not a failure. Neither are texts that workers have from an earlier run. Labels
    # that reviewers rejected count as labeled.
    given_back = sum(settled.returned.values()) + sum(settled.dead_lettered.values())
    given_back -= settled.returned.get(Reason.TEXT_IN_PROGRESS, 0)
    labeled = settled.stored or settled.labeled or settled.rejected
    return Outcome.NOTHING_LABELED if given_back and not labeled else Outcome.SUCCEEDED


_WENT_WELL = frozenset({JobStatus.COMPLETED, JobStatus.SKIPPED})
_GAVE_NOTHING = frozenset({JobStatus.FAILED, JobStatus.NOT_CREATED})


def job_failed_as_a_whole(
    settled: Settled, *jobs: JobStatus | None, unreadable: bool = False
) -> bool:
    """Return whether a run counts towards probe mode.

    Args:
        settled: Outcomes of its claims.
        jobs: How its jobs ended, None for a job that it did not have.
        unreadable: Whether no line of one of their outputs could be read.
    """
    return not settled.stored and (unreadable or not _GAVE_NOTHING.isdisjoint(jobs))

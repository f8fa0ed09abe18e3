"""The settlement of claimed items after their labeling job has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.items import ClaimedItem
from labeling_lambdas.domain.reasons import Reason
from labeling_lambdas.domain.states import ItemState, JobStatus

if TYPE_CHECKING:
    from labeling_lambdas.domain.output_lines import OutputLine


#: Maximum characters of a detail, which is written to the ledger and to a message.
MAX_DETAIL = 1000

_WHOLE_JOB_REASONS = {
    JobStatus.NOT_CREATED: Reason.LABELING_JOB_NOT_CREATED,
    JobStatus.SKIPPED: Reason.LABELING_JOB_NOT_CREATED,
    JobStatus.FAILED: Reason.LABELING_JOB_FAILED,
    JobStatus.STOPPED: Reason.LABELING_JOB_STOPPED,
}

#: Why a labeled item was not verified, if its line does not state it. Items that were labeled after
#: Terraform changed what is verified were not in the job either.
_NOT_VERIFIED_REASONS = {
    JobStatus.COMPLETED: Reason.VERIFICATION_FAILED,
    JobStatus.FAILED: Reason.VERIFICATION_JOB_FAILED,
    JobStatus.NOT_CREATED: Reason.VERIFICATION_JOB_NOT_CREATED,
    JobStatus.SKIPPED: Reason.VERIFICATION_JOB_NOT_CREATED,
    JobStatus.STOPPED: Reason.VERIFICATION_JOB_STOPPED,
}


class Settlement(NamedTuple):
    """The end of a claim that was not stored.

    Attributes:
        item: The claim.
        state: ``labeled``, ``returned``, ``dead_lettered`` or ``superseded``.
        attempts: Attempts after this run.
        generation: Dead-letter generation after this run.
        reason: Why.
        detail: The last cause, if the reason is that the attempts are used up; the reviewers'
            category and comments, if they rejected the label.
        rejected: The verdict of reviewers who rejected the label; empty if none did.
    """

    item: ClaimedItem
    state: ItemState
    attempts: int
    generation: int
    reason: str = ""
    detail: str = ""
    rejected: str = ""

    def fields(self) -> dict[str, Any]:
        """Return the settlement as JSON-ready fields."""
        return {
            "claim": self.item.fields(),
            "state": self.state,
            "attempts": self.attempts,
            "generation": self.generation,
            "reason": self.reason,
            "detail": self.detail,
            "rejected": self.rejected,
        }

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Settlement:
        """Read what :meth:`fields` wrote."""
        return cls(
            item=ClaimedItem.from_fields(fields["claim"]),
            state=ItemState(fields["state"]),
            attempts=int(fields["attempts"]),
            generation=int(fields["generation"]),
            reason=str(fields["reason"]),
            detail=str(fields["detail"]),
            rejected=str(fields.get("rejected", "")),
        )


def superseded(item: ClaimedItem, *, label_uri: str = "") -> Settlement:
    """Settle an item superseded by a newer version.

    Args:
        item: The claim.
        label_uri: File with a label that stays with its text, on any line of the newer version.
    """
    return Settlement(
        item._replace(label_uri=label_uri), ItemState.SUPERSEDED, item.attempts, item.generation
    )


def settle_text_in_progress(item: ClaimedItem) -> Settlement:
    """Settle an item whose text may still be in a labeling job as another item."""
    return _returned(item, Reason.TEXT_IN_PROGRESS)


def dead_lettered(item: ClaimedItem, reason: str, *, attempts: int, detail: str = "") -> Settlement:
    """Settle an item as a dead letter of the next generation."""
    return Settlement(
        item._replace(label_uri=""),
        ItemState.DEAD_LETTERED,
        attempts,
        item.generation + 1,
        reason,
        detail,
    )


def settle_without_label(
    item: ClaimedItem,
    output: OutputLine | None,
    *,
    problem: str,
    is_superseded: bool,
    job: JobStatus,
    max_attempts: int,
) -> Settlement:
    """Settle an item for which no label was found.

    Args:
        item: The claim.
        output: The item's output line, or None if there is none or it cannot be read.
        problem: Why the item's line cannot be read; empty if it can be read.
        is_superseded: Whether a newer version supersedes the item.
        job: How the job ended that the item was in.
        max_attempts: Attempts after which an item is dead-lettered.
    """
    if is_superseded:
        return superseded(item)
    if problem:
        return settle_unreadable(item, problem, max_attempts)
    if item.label_uri:
        return settle_label_lost(item)
    return settle_unlabeled(item, output, job=job, max_attempts=max_attempts)


def settle_unlabeled(
    item: ClaimedItem, output: OutputLine | None, *, job: JobStatus, max_attempts: int
) -> Settlement:
    """Settle an item for which the job returned no label.

    An attempt counts only if the job ran and the item was in it. A job that could not be created or
    failed as a whole, or that was stopped before the item was offered to workers, does not count as
    an attempt.

    Args:
        item: The claim.
        output: The item's output line, or None if the job wrote none.
        job: How the job ended.
        max_attempts: Attempts after which an item is dead-lettered.
    """
    reached = output is not None and output.reached
    if reached or job is JobStatus.COMPLETED:
        reason = output.reason if output is not None else None
        return _spent(item, reason or Reason.NOT_LABELED, max_attempts)
    return _returned(item, _WHOLE_JOB_REASONS[job])


def settle_unreadable(item: ClaimedItem, detail: str, max_attempts: int) -> Settlement:
    """Settle an item whose output line has an unknown format, as a failed attempt."""
    return _spent(item, Reason.UNREADABLE_OUTPUT, max_attempts, detail)


def settle_label_lost(item: ClaimedItem) -> Settlement:
    """Settle an item whose label to be verified cannot be found. It is labeled again."""
    return _returned(item, Reason.LABEL_LOST)


def settle_rejected(
    item: ClaimedItem, *, category: str, detail: str, max_attempts: int
) -> Settlement:
    """Settle an item whose label reviewers rejected, as a failed attempt.

    Args:
        item: The claim.
        category: The category that reviewers chose.
        detail: The reviewers' category and comments.
        max_attempts: Attempts after which an item is dead-lettered.
    """
    settlement = _spent(item, Reason.VERIFICATION_REJECTED, max_attempts)
    if settlement.state is ItemState.DEAD_LETTERED:
        detail = f"{Reason.VERIFICATION_REJECTED}: {detail}"
    return settlement._replace(detail=detail[:MAX_DETAIL], rejected=category)


def settle_unverified(item: ClaimedItem, reason: Reason | None, job: JobStatus) -> Settlement:
    """Settle an item whose label was not verified as required. The label is kept.

    Args:
        item: The claim, with the file that holds its label.
        reason: The reason in the item's own line; None if there is no line or it states none.
        job: How the verification job ended.
    """
    return Settlement(
        item,
        ItemState.LABELED,
        item.attempts,
        item.generation,
        reason or _NOT_VERIFIED_REASONS[job],
    )


def _returned(item: ClaimedItem, reason: str, *, attempts: int | None = None) -> Settlement:
    count = item.attempts if attempts is None else attempts
    return Settlement(
        item._replace(label_uri=""), ItemState.RETURNED, count, item.generation, reason
    )


def _spent(item: ClaimedItem, reason: str, max_attempts: int, detail: str = "") -> Settlement:
    attempts = item.attempts + 1
    if attempts >= max_attempts:
        return dead_lettered(
            item, Reason.ATTEMPTS_EXHAUSTED, attempts=attempts, detail=detail or reason
        )
    return _returned(item, reason, attempts=attempts)

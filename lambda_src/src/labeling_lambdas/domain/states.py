"""The states of items, runs and labeling jobs in the ledger and in Ground Truth."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

#: How long rows of closed runs and their jobs are kept: as long as Step Functions keeps the history
#: of an execution. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
CLOSED_RUN_SECONDS = 90 * 24 * 3600


class ItemState(StrEnum):
    """State of an item in the ledger."""

    CLAIMED = "claimed"
    LABELED = "labeled"
    RETURNED = "returned"
    STORED = "stored"
    SUPERSEDED = "superseded"
    DEAD_LETTERED = "dead_lettered"


class RunState(StrEnum):
    """State of a run in the ledger."""

    POLLING = "polling"
    SEALED = "sealed"
    SETTLING = "settling"
    CLOSED = "closed"


class ItemRow(NamedTuple):
    """The ledger's row of an item.

    Attributes:
        state: State of the item.
        run_id: Run that last changed it.
        part: Part of that run's list that contains it.
        attempts: Labeling jobs that it was in and that returned no label.
        generation: How many times it was dead-lettered.
        delivered: For a dead letter, whether its message is known to be on the dead-letter queue.
        label_uri: File that holds its label; empty if it has none.
        waits: For a claim, whether another item with the same text may be in a labeling job.
        reason: Why it was returned.
    """

    state: ItemState
    run_id: str
    part: str = ""
    attempts: int = 0
    generation: int = 0
    delivered: bool = True
    label_uri: str = ""
    waits: bool = False
    reason: str = ""


class Drop(StrEnum):
    """Why a message was dropped from the queue without a claim."""

    DUPLICATE = "duplicate"
    CLAIMED_BY_OPEN_RUN = "claimed_by_open_run"
    STORED = "stored"
    SUPERSEDED = "superseded"
    DEAD_LETTERED = "dead_lettered"
    FOLDER_MARKER = "folder_marker"
    IGNORED_KEY = "ignored_key"
    #: Received but neither claimed nor deleted, so that it becomes visible again.
    LEFT_IN_FLIGHT = "left_in_flight"


class JobStatus(StrEnum):
    """How a labeling job ended.

    Two values are not from Ground Truth: ``NOT_CREATED`` for a job that was never created, and
    ``SKIPPED`` for a job that was not needed because its manifest would have been empty.
    """

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    NOT_CREATED = "NotCreated"
    SKIPPED = "Skipped"


#: DescribeLabelingJob, LabelingJobStatus: the others are Initializing, InProgress and Stopping.
ENDED_STATUSES = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})

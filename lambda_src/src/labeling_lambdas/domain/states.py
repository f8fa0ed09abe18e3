"""Where items, runs and labeling jobs stand, as the ledger and Ground Truth say."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

#: Rows of closed runs and their jobs are kept this long: as long as Step Functions keeps an
#: execution's history. https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
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
    """What the ledger holds of an item.

    Attributes:
        state: Where the item stands.
        run_id: Run that last touched it.
        part: Part of that run's list that names it.
        attempts: Labeling jobs that had it and gave no label.
        generation: Times it was dead-lettered.
        delivered: For a dead letter, whether its message is known to be on the dead-letter queue.
        label_uri: File that holds its label; empty where it has none.
        waits: For a claim, whether another item of the same text may be with labelers.
        reason: Why it was given back.
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


class TextRow(NamedTuple):
    """What the ledger holds of a text within an object key.

    Attributes:
        item_id: The item that labelers are given, or were given, for the text.
        run_id: Run that last claimed that item.
    """

    item_id: str
    run_id: str


class Drop(StrEnum):
    """Why a message was taken off the queue without a claim."""

    DUPLICATE = "duplicate"
    CLAIMED_BY_OPEN_RUN = "claimed_by_open_run"
    STORED = "stored"
    SUPERSEDED = "superseded"
    DEAD_LETTERED = "dead_lettered"
    FOLDER_MARKER = "folder_marker"
    IGNORED_KEY = "ignored_key"
    #: Received but neither claimed nor deleted: it comes back by itself.
    LEFT_IN_FLIGHT = "left_in_flight"


class JobStatus(StrEnum):
    """How a labeling job ended.

    Two are ours: ``NOT_CREATED`` for a job that never came to be, ``SKIPPED`` for one that was not
    needed, because its manifest would have been empty.
    """

    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    NOT_CREATED = "NotCreated"
    SKIPPED = "Skipped"


#: DescribeLabelingJob, LabelingJobStatus: the others are Initializing, InProgress and Stopping.
ENDED_STATUSES = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED})

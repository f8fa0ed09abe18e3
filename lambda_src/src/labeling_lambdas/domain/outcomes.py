"""How runs end, and after which ends a run only probes."""

from __future__ import annotations

from enum import StrEnum

#: Consecutive runs whose job could not be created or failed as a whole, after which a run claims a
#: single item as a probe. This prevents a missing permission from emptying the queue run by run.
PROBE_AFTER_FAILED_JOBS = 3


class Outcome(StrEnum):
    """How a run ended."""

    QUEUE_EMPTY = "queue_empty"
    SUCCEEDED = "succeeded"
    NOTHING_LABELED = "nothing_labeled"
    LABELING_JOB_FAILED = "labeling_job_failed"
    VERIFICATION_JOB_FAILED = "verification_job_failed"
    ACCOUNTING_MISMATCH = "accounting_mismatch"
    LEFT_OPEN = "left_open"

"""Errors that the state machine distinguishes by name."""

from __future__ import annotations


class LabelingError(Exception):
    """Base class of the errors below. The class name is the error name in the state machine."""


class SettingsError(LabelingError):
    """An incomplete or wrong environment of the function. Repeating the call does not help."""


class RunTakenOverError(LabelingError):
    """A run that now belongs to another execution. The current execution must stop."""


class RunAliveError(LabelingError):
    """An attempt to resume a run whose execution is still alive, or died only recently."""


class RunNotFoundError(LabelingError):
    """A run name for which the ledger has no open run."""


class PollUnfinishedError(LabelingError):
    """Consecutive polls that were killed or left messages hidden."""


class OutOfTimeError(LabelingError):
    """A stop of the function before its deadline. The next call continues the work."""


class LabelingJobRefusedError(LabelingError):
    """A permanent rejection of the request by CreateLabelingJob."""


class LabelingJobThrottledError(LabelingError):
    """A rejection by CreateLabelingJob, which may accept the same request later."""


class LabelingJobNameTakenError(LabelingError):
    """A labeling job of another owner that has the name of this run's job."""


class LabelingJobPendingError(LabelingError):
    """A labeling job that a running function may still create."""


class LabelingJobOutputMissingError(LabelingError):
    """A completed job without an output manifest. Its items stay claimed until there is one."""


class UnreadableOutputError(LabelingError):
    """A job output with nearly no readable line. Its items stay claimed until that is fixed."""


class VerificationUnfinishedError(LabelingError):
    """A verification job in progress after verification was turned off. Its items stay claimed."""


class LabelingJobUnfinishedError(LabelingError):
    """An end event of a labeling job that is still in progress according to its description."""


class LedgerConflictError(LabelingError):
    """A contradiction between the ledger and the input of a step."""


class LedgerRowError(LabelingError):
    """A row of the ledger in a format that this version does not support."""


class DeliveryError(LabelingError):
    """A delivery that SQS, Feature Store or EventBridge did not accept completely after retries."""

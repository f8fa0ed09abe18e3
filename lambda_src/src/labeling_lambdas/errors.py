"""Errors that the state machine tells apart by name."""

from __future__ import annotations


class LabelingError(Exception):
    """Base of the errors below. The class name is the error name that the state machine sees."""


class SettingsError(LabelingError):
    """The function's environment is incomplete or wrong. Repeating the call cannot help."""


class RunTakenOverError(LabelingError):
    """The run belongs to another execution by now. This one must stop."""


class RunAliveError(LabelingError):
    """A run was to be resumed whose execution is still alive, or has only just died."""


class RunNotFoundError(LabelingError):
    """The ledger has no open run of this name."""


class PollUnfinishedError(LabelingError):
    """Polls were killed, or left messages hidden, call after call."""


class OutOfTimeError(LabelingError):
    """The function stopped before its deadline. Calling it again goes on with the work."""


class LabelingJobRefusedError(LabelingError):
    """CreateLabelingJob refused the request, and would refuse it again."""


class LabelingJobThrottledError(LabelingError):
    """CreateLabelingJob may accept the same request later."""


class LabelingJobNameTakenError(LabelingError):
    """A labeling job that is not this run's has the name of this run's job."""


class LabelingJobPendingError(LabelingError):
    """A function that is about to create the labeling job may still be running."""


class LabelingJobOutputMissingError(LabelingError):
    """A completed job has no output manifest. Its items stay claimed until there is one."""


class UnreadableOutputError(LabelingError):
    """Nearly no line of a job's output can be read. Its items stay claimed until that is mended."""


class VerificationUnfinishedError(LabelingError):
    """Reviewers are at work for a run, and verification was turned off. Its items stay claimed."""


class LabelingJobUnfinishedError(LabelingError):
    """An event announces the end of a labeling job that goes on by its description."""


class LedgerConflictError(LabelingError):
    """The ledger contradicts what a step was told to do."""


class LedgerRowError(LabelingError):
    """A row of the ledger has a form that this version does not know."""


class DeliveryError(LabelingError):
    """SQS or Feature Store did not take everything it was given, after repeats."""

"""Errors of Label Studio's API. Their messages contain neither tokens nor labels."""

from __future__ import annotations

from labeling_lambdas.errors import LabelingError


class LabelStudioError(LabelingError):
    """Base class of the errors below."""


class LabelStudioAddressError(LabelStudioError):
    """An address that is not allowed, or at which there is no Label Studio."""


class LabelStudioLoginError(LabelStudioAddressError):
    """An address that demands a login before Label Studio answers."""


class LabelStudioAnswerError(LabelStudioError):
    """An answer that is no answer of a supported version, for example of a later one."""


class LabelStudioChangedError(LabelStudioError):
    """Another Label Studio than the one in which the project of a job is."""


class LabelStudioTokenError(LabelStudioError):
    """A token that Label Studio does not accept."""


class LabelStudioVersionError(LabelStudioError):
    """A version of Label Studio that is older than the oldest supported one."""


class LabelStudioUnavailableError(LabelStudioError):
    """No answer in time, or one that says that the call may succeed later."""


class LabelStudioRefusedError(LabelStudioError):
    """A permanent rejection of a call.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status

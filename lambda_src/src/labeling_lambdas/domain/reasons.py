"""The reasons why an item was not stored. Every returned item and every dead letter has one."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A machine-readable reason in the ledger, in messages and in the run report."""

    MALFORMED_EVENT = "malformed_event"
    FOREIGN_BUCKET = "foreign_bucket"
    UNSUPPORTED_KEY = "unsupported_key"
    UNSUPPORTED_EXTENSION = "unsupported_extension"
    EMPTY_OBJECT = "empty_object"
    IMAGE_TOO_LARGE = "image_too_large"
    FILE_TOO_LARGE = "file_too_large"
    TEXT_TOO_LONG = "text_too_long"
    NOT_UTF8 = "not_utf8"
    UNREADABLE_TEXT = "unreadable_text"
    MALFORMED_ROW = "malformed_row"

    LABELING_JOB_NOT_CREATED = "labeling_job_not_created"
    LABELING_JOB_FAILED = "labeling_job_failed"
    LABELING_JOB_STOPPED = "labeling_job_stopped"

    ANNOTATION_FAILED = "annotation_failed"
    ANNOTATION_EXPIRED = "annotation_expired"
    NOT_LABELED = "not_labeled"
    UNREADABLE_OUTPUT = "unreadable_output"

    VERIFICATION_REJECTED = "verification_rejected"
    VERIFICATION_FAILED = "verification_failed"
    VERIFICATION_EXPIRED = "verification_expired"
    VERIFICATION_JOB_NOT_CREATED = "verification_job_not_created"
    VERIFICATION_JOB_FAILED = "verification_job_failed"
    VERIFICATION_JOB_STOPPED = "verification_job_stopped"
    LABEL_LOST = "label_lost"
    TEXT_IN_PROGRESS = "text_in_progress"

    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    RECORD_REJECTED = "record_rejected"

"""Names that are computed from their inputs, so that a repeated step finds the same ones."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime

#: CreateLabelingJob, LabelingJobName: 63 characters at most, of this pattern.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateLabelingJob.html
MAX_LABELING_JOB_NAME = 63
_LABELING_JOB_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")

#: The stages of a run that have a labeling job, in order.
LABEL_STAGE = "label"
VERIFY_STAGE = "verify"
STAGES = (LABEL_STAGE, VERIFY_STAGE)

_VERIFICATION_OF = re.compile(rf"(?P<run>[0-9]{{8}}t[0-9]{{6}}-[0-9a-f]{{10}})-{VERIFY_STAGE}")

_ITEM_ID_LENGTH = 32
_RUN_HASH_LENGTH = 10

#: Maximum length of a sequencer for comparison. S3 documents sequencers as hexadecimal strings that
#: are compared after padding the shorter one with zeros on the right. Current ones have 16 to 18
#: digits.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
_SEQUENCER_WIDTH = 40


def _digest(parts: list[str], length: int) -> str:
    # A JSON list distinguishes ["a", "bc"] and ["ab", "c"]. Joining with a character that may occur
    # in an object key would not.
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def item_id(bucket: str, key: str, version_id: str, line: int | None = None) -> str:
    """Return the identity of one object version, or of one line of it.

    Args:
        bucket: Name of the upload bucket.
        key: Object key as S3 shows it, not URL-encoded.
        version_id: Version of the object.
        line: Number of the line, from 1; None for the whole object.

    Returns:
        32 hexadecimal characters.
    """
    return _digest([bucket, key, version_id, *_line(line)], _ITEM_ID_LENGTH)


def key_id(bucket: str, key: str, line: int | None = None) -> str:
    """Return the identity of an object key, or of a line of it, for all versions.

    Returns:
        32 hexadecimal characters.
    """
    return _digest([bucket, key, *_line(line)], _ITEM_ID_LENGTH)


def text_id(bucket: str, key: str, text: str, occurrence: int) -> str:
    """Return the identity of a text in an object key, for all versions and lines.

    Args:
        bucket: Name of the upload bucket.
        key: Object key as S3 shows it.
        text: The text that labelers see.
        occurrence: Number of this text among the equal texts of the file, from 1.

    Returns:
        32 hexadecimal characters.
    """
    content = hashlib.sha256(text.encode()).hexdigest()
    return _digest([bucket, key, content, str(occurrence)], _ITEM_ID_LENGTH)


def _line(line: int | None) -> list[str]:
    return [] if line is None else [str(line)]


def comparable_sequencer(sequencer: str) -> str:
    """Return an S3 event sequencer in a form that sorts as a string in the order of the writes."""
    return sequencer.upper().ljust(_SEQUENCER_WIDTH, "0")


def run_id(execution_arn: str, started_at: str) -> str:
    """Return the run of an execution, the same one for every call within that execution.

    Args:
        execution_arn: ARN of the Step Functions execution. Its name may have 80 characters and
            underscores, which the name of a labeling job does not allow, so it is hashed.
        started_at: Start of the execution, ISO-8601.

    Returns:
        At most 26 characters of ``[a-z0-9-]``, in the order of the start times.
    """
    started = datetime.fromisoformat(started_at).astimezone(UTC)
    return f"{started:%Y%m%dt%H%M%S}-{_digest([execution_arn], _RUN_HASH_LENGTH)}"


def labeling_job_name(pipeline: str, run: str, stage: str) -> str:
    """Return the name of a run's labeling job.

    Ground Truth ignores case in names and never releases a name, so a job with this name belongs to
    this run.

    Args:
        pipeline: Name of the pipeline.
        run: Identity of the run.
        stage: ``label`` or ``verify``.

    Raises:
        ValueError: If Ground Truth does not allow the name.
    """
    name = f"{pipeline}-{run}-{stage}"
    if _LABELING_JOB_NAME.fullmatch(name) is None:
        message = (
            f"labeling job name {name!r} must have at most {MAX_LABELING_JOB_NAME} letters, digits"
            " and single hyphens; choose a shorter job_name"
        )
        raise ValueError(message)
    return name


def run_of_verification_job(arn: str, pipeline: str) -> str:
    """Return the run of a verification job.

    Args:
        arn: ARN of the job. Ground Truth returns its name in lower case.
        pipeline: Name of the pipeline.

    Raises:
        ValueError: If the job does not belong to this pipeline.
    """
    name = arn.rpartition("/")[2].lower()
    found = _VERIFICATION_OF.fullmatch(name.removeprefix(f"{pipeline.lower()}-"))
    if found is None:
        message = f"{arn} is not a verification job of {pipeline}"
        raise ValueError(message)
    return found["run"]

"""The verdict of reviewers on a label.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from labeling_lambdas.domain.compact_json import one_line
from labeling_lambdas.domain.labels import named
from labeling_lambdas.domain.output_lines import expired, failure_of
from labeling_lambdas.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labeling_lambdas.domain.verification_settings import Verification

#: A label has at most nine reviewers.
_MAX_COMMENTS = 9
_MAX_COMMENT = 1000
_MAX_CATEGORY = 256

#: The fields of a verdict's metadata. Each may be absent.
_YES = frozenset({"yes", "true"})


@dataclass(frozen=True)
class Verdict:
    """The verdict of reviewers on a label.

    Attributes:
        accepted: Whether they accept it.
        category: The category that they chose.
        comments: Their comments. They are written to files, messages and the ledger, never to a
            log.
    """

    accepted: bool
    category: str
    # Excluded from repr, so that no error message can show them.
    comments: tuple[str, ...] = field(default=(), repr=False)

    @property
    def detail(self) -> str:
        """Category and comments in one text."""
        return "; ".join([self.category, *self.comments])


def read_verdict(line: Mapping[str, Any], verification: Verification) -> Verdict | Reason | None:
    """Read the reviewers' verdict from an output line.

    Args:
        line: Output line of a verification job, AWS's own or a custom one.
        verification: Names the attribute and the accepting category.

    Returns:
        The verdict; the reason why there is none; or None if the line states neither, because it
        was not offered to reviewers.
    """
    failure = failure_of(line, verification.attribute)
    if failure is not None:
        return Reason.VERIFICATION_EXPIRED if expired(failure) else Reason.VERIFICATION_FAILED
    if verification.attribute not in line:
        return None
    value = line[verification.attribute]
    verdict = (
        _custom_verdict(value, verification)
        if isinstance(value, dict)
        else _native_verdict(value, line, verification)
    )
    # A category that is not in the settings is not a verdict: the settings may have changed while
    # the job was in progress, and an accepted label would then count as rejected.
    return verdict or Reason.VERIFICATION_FAILED


def is_verdict_of(line: Mapping[str, Any], verification: Verification, job_name: str) -> bool:
    """Return whether reviewers gave a line's verdict in a job.

    Ground Truth writes the job's name into the metadata of every verdict, from its own and from
    custom jobs, in lower case and sometimes after ``labeling-job/``.
    https://docs.aws.amazon.com/sagemaker/latest/dg/sms-data-verify-manifest.html

    Args:
        line: Output line with a verdict.
        verification: Names the attribute.
        job_name: The verification job.
    """
    metadata = line.get(f"{verification.attribute}-metadata")
    if not isinstance(metadata, dict):
        return False
    name = str(named(metadata, "job-name")).rpartition("/")[2]
    by_people = named(metadata, "human-annotated")
    return name.casefold() == job_name.casefold() and (
        by_people is None or str(by_people).casefold() in _YES
    )


def _custom_verdict(value: Mapping[str, Any], verification: Verification) -> Verdict | None:
    category = _known(named(value, "class-name"), verification)
    if category is None:
        return None
    accepted = value.get("accepted")
    if not isinstance(accepted, bool):
        accepted = category == verification.accepted_category
    return Verdict(accepted, category, comments_of(value.get("comments")))


def _native_verdict(
    value: object, line: Mapping[str, Any], verification: Verification
) -> Verdict | None:
    metadata = line.get(f"{verification.attribute}-metadata")
    if not isinstance(metadata, dict):
        metadata = {}
    # The name counts, not the index: reordering the categories changes what an index means.
    category = named(metadata, "class-name")
    if category is None:
        category = _category_at(value, verification)
    category = _known(category, verification)
    if category is None:
        return None
    feedback = named(metadata, "worker-feedback")
    entries = feedback if isinstance(feedback, list) else []
    comments = [entry.get("comment") for entry in entries if isinstance(entry, dict)]
    return Verdict(category == verification.accepted_category, category, comments_of(comments))


def _known(category: object, verification: Verification) -> str | None:
    if not isinstance(category, str) or not category:
        return None
    if verification.categories is not None and category not in verification.categories:
        return None
    return one_line(category[:_MAX_CATEGORY])


def _category_at(index: object, verification: Verification) -> str | None:
    """Return the category of an index, which is a number, or a string as in the documentation."""
    text = str(index) if isinstance(index, int) and not isinstance(index, bool) else index
    if not (isinstance(text, str) and text.isascii() and text.isdecimal()):
        return None
    number = int(text)
    if number == 0:
        return verification.accepted_category
    if verification.categories is None:
        return f"category {number}"
    return verification.categories[number] if number < len(verification.categories) else None


def comments_of(found: object) -> tuple[str, ...]:
    """Return the comments among some values, each truncated and on one line."""
    texts = [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
    cut = (one_line(text[:_MAX_COMMENT]).strip() for text in texts)
    return tuple(text for text in cut if text)[:_MAX_COMMENTS]

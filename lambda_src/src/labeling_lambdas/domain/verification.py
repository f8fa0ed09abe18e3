"""Verification: which labels reviewers are shown, and what they said of a label.

Shapes: https://docs.aws.amazon.com/sagemaker/latest/dg/sms-verification-data.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json, one_line
from labeling_lambdas.domain.labels import named
from labeling_lambdas.domain.output_lines import expired, failure_of
from labeling_lambdas.domain.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Characters of a manifest line and of one attribute of it: what is longer fails in the job.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/input-data-limits.html
_MAX_LINE = 100_000
_MAX_ATTRIBUTE = 20_000

#: Up to nine reviewers see a label.
_MAX_COMMENTS = 9
_MAX_COMMENT = 1000
_MAX_CATEGORY = 256

#: What the metadata of a verdict say, where they say it.
_YES = frozenset({"yes", "true"})

#: Digits of an item's identity that decide over the sample: 32 bits.
_SAMPLE_DIGITS = 8


class Verification(NamedTuple):
    """What Terraform decided about verification.

    Attributes:
        attribute: Label attribute name of verification jobs.
        accepted_category: The category that accepts a label.
        categories: All categories; None if an own category file names them.
        sample_percent: Share of the items that is verified, in percent.
    """

    attribute: str
    accepted_category: str
    categories: tuple[str, ...] | None
    sample_percent: float

    @classmethod
    def from_json(cls, text: str) -> Verification:
        """Read what Terraform wrote.

        Raises:
            ValueError: If it is not JSON, or the share no number.
            TypeError: If a field has the wrong type, or all is null.
            KeyError: If a field is absent.
        """
        return cls.from_fields(json.loads(text))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Verification:
        """Read the fields of such a text, or what :meth:`fields` wrote; see there for errors."""
        categories = fields["categories"]
        accepted = fields["accepted_category"]
        if not accepted or not isinstance(accepted, str):
            message = "accepted_category must be a name"
            raise TypeError(message)
        return cls(
            attribute=str(fields["attribute"]),
            accepted_category=accepted,
            categories=None if categories is None else tuple(map(str, categories)),
            sample_percent=float(fields["sample_percent"]),
        )

    def fields(self) -> dict[str, Any]:
        """Return the settings as JSON-ready fields."""
        return self._asdict()

    @classmethod
    def from_json_or_null(cls, text: str) -> Verification | None:
        """Read what Terraform wrote; null, which is None, where nothing is verified."""
        return None if json.loads(text) is None else cls.from_json(text)

    def wants(self, item_id: str, text: str, line: Mapping[str, Any]) -> bool:
        """Return whether a label is to be verified.

        The answer depends on nothing but the arguments and the settings, so that whoever asks
        later gets the same one.

        Args:
            item_id: The item.
            text: The output line of its labeling job.
            line: The same line, as the object that it holds.
        """
        if not self.samples(item_id) or len(text) > _MAX_LINE:
            return False
        # No attribute is longer than its line, and most lines are short.
        return len(text) <= _MAX_ATTRIBUTE or _fits(line)

    def samples(self, item_id: str) -> bool:
        """Return whether an item is in the sample. Its identity is a hash, evenly spread."""
        chance = int(item_id[:_SAMPLE_DIGITS], 16)
        return bool(chance < self.sample_percent / 100 * 16**_SAMPLE_DIGITS)


def _fits(line: Mapping[str, Any]) -> bool:
    return all(_length(value) <= _MAX_ATTRIBUTE for value in line.values())


def _length(value: object) -> int:
    return len(value if isinstance(value, str) else compact_json(value))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What reviewers said of a label.

    Attributes:
        accepted: Whether they accept it.
        category: The category that they chose.
        comments: Their comments. They go into files, messages and the ledger, never into a log.
    """

    accepted: bool
    category: str
    # Left out of repr, so that no message of an error can show them.
    comments: tuple[str, ...] = field(default=(), repr=False)

    @property
    def detail(self) -> str:
        """Category and comments in one text."""
        return "; ".join([self.category, *self.comments])


def read_verdict(line: Mapping[str, Any], verification: Verification) -> Verdict | Reason | None:
    """Read what reviewers said of an output line's label.

    Args:
        line: Output line of a verification job, AWS's own or a custom one.
        verification: Names the attribute and the category that accepts.

    Returns:
        The verdict; why there is none; or None where the line does not say, because reviewers
        were not offered it.
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
    # A category that is not among those of the settings says nothing: they may have changed while
    # the job went on, and then a label that was accepted would count as rejected.
    return verdict or Reason.VERIFICATION_FAILED


def is_verdict_of(line: Mapping[str, Any], verification: Verification, job_name: str) -> bool:
    """Return whether people gave a line's verdict in a job.

    Ground Truth writes the job's name into the metadata of every verdict, its own and a custom
    one, in lower case and at times behind ``labeling-job/``.
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
    comments = [it.get("comment") for it in entries if isinstance(it, dict)]
    return Verdict(category == verification.accepted_category, category, comments_of(comments))


def _known(category: object, verification: Verification) -> str | None:
    if not isinstance(category, str) or not category:
        return None
    if verification.categories is not None and category not in verification.categories:
        return None
    return one_line(category[:_MAX_CATEGORY])


def _category_at(index: object, verification: Verification) -> str | None:
    """Return the category of an index, which is a number, or a string as the documentation says."""
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
    """Return the comments among some values, each cut, and on one line."""
    texts = [it for it in found if isinstance(it, str)] if isinstance(found, list) else []
    cut = (one_line(text[:_MAX_COMMENT]).strip() for text in texts)
    return tuple(text for text in cut if text)[:_MAX_COMMENTS]

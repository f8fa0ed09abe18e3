"""The expected results of verification: how many stored labels are correct when people err."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: The share of pipelines that verify as they should whose figures are inside the interval.
CONFIDENCE = 0.999
COMMENTS = (
    "That is not what I see.",
    'Not "right": the label does not fit <this> one.',
    "Nicht richtig, bitte noch einmal 🙏",
)
_VERIFIED = "VERIFIED"


@dataclass(frozen=True)
class Rates:
    """The error rates of workers and reviewers.

    Attributes:
        label_error: Share of labels that are wrong.
        accept_wrong: Share of the wrong labels that a reviewer accepts.
        reject_right: Share of the right labels that a reviewer rejects.
    """

    label_error: float = 0.20
    accept_wrong: float = 0.02
    reject_right: float = 0.05

    def workforce(self) -> dict[str, Any]:
        """Return the settings of the simulated workers."""
        return {
            "label_error_rate": self.label_error,
            "accept_wrong_rate": self.accept_wrong,
            "reject_right_rate": self.reject_right,
            "comments": COMMENTS,
        }

    def expected_accuracy(self, reviewers: int) -> float:
        """Return the share of accepted labels that are right, by Bayes' rule.

        A label is accepted if more than half of its reviewers accept it. As a rejected item is
        labeled again with the same rates, the share is the same for every attempt.
        """
        right = (1 - self.label_error) * majority(1 - self.reject_right, reviewers)
        wrong = self.label_error * majority(self.accept_wrong, reviewers)
        return right / (right + wrong)


def majority(share: float, voters: int) -> float:
    """Return how likely more than half of the voters say yes, if each does with this share."""
    return sum(_likelihood(yes, voters, share) for yes in range(voters // 2 + 1, voters + 1))


def interval(count: int, share: float, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """Return the central interval of a binomial distribution, both ends included.

    Args:
        count: How many are counted.
        share: How likely each of them is a hit.
        confidence: What the interval covers at least; half of the rest lies on each side at most.
    """
    tail = (1 - confidence) / 2
    least, below = 0, _likelihood(0, count, share)
    while below <= tail:
        least += 1
        below += _likelihood(least, count, share)
    most, above = count, _likelihood(count, count, share)
    while above <= tail:
        most -= 1
        above += _likelihood(most, count, share)
    return least, most


def _likelihood(hits: int, count: int, share: float) -> float:
    return comb(count, hits) * float(share**hits) * float((1 - share) ** (count - hits))


@dataclass(frozen=True)
class VerificationResult:
    """The result of a demo with verification.

    Attributes:
        lines: What to show.
        problems: The problems, each in a sentence.
    """

    lines: list[str]
    problems: list[str]


def reviewers_of(jobs: Iterable[Mapping[str, Any]]) -> int:
    """Return how many reviewers saw each label.

    Raises:
        ValueError: Nothing was verified, or with different numbers of reviewers.
    """
    found = {job["reviewers"] for job in jobs if job["accepted_category"] is not None}
    if len(found) != 1:
        message = f"labels were seen by {sorted(found) or 'no'} reviewers"
        raise ValueError(message)
    return int(found.pop())


def check_verification(
    records: Sequence[Mapping[str, str]],
    right: int,
    *,
    rates: Rates,
    reviewers: int,
    max_attempts: int,
) -> VerificationResult:
    """Compare stored records with the values that the rates predict.

    Args:
        records: The records of the items.
        right: How many of them are correct.
        rates: The error rates of workers and reviewers.
        reviewers: How many reviewers saw each label.
        max_attempts: How often an item may be labeled.
    """
    expected, stored = rates.expected_accuracy(reviewers), len(records)
    least, most = interval(stored, expected)
    is_inside = least <= right <= most
    attempts = Counter(int(record["attempts"]) for record in records)
    statuses = Counter(record["status"] for record in records)
    share = f"{right / stored:.2%}" if stored else "none"
    lines = [
        (
            f"Verified: {right} of {stored} stored labels are right, {share}."
            f" Expected: {expected:.2%}, as workers err in {rates.label_error:.0%} of labels, and"
            f" reviewers, {reviewers} for each label, accept {rates.accept_wrong:.0%} of wrong and"
            f" reject {rates.reject_right:.0%} of right ones"
        ),
        (
            f"  {CONFIDENCE:.1%} interval of the binomial distribution around that:"
            f" {least} to {most} of {stored}: {'inside' if is_inside else 'OUTSIDE'}"
        ),
        f"  records by status: {dict(sorted(statuses.items()))}",
        f"  records by attempts, {max_attempts} at most: {dict(sorted(attempts.items()))}",
    ]
    problems = []
    if not is_inside:
        problems.append(f"{right} of {stored} labels are right, outside of {least} to {most}")
    if attempts and max(attempts) > max_attempts:
        problems.append(f"a record had {max(attempts)} attempts of {max_attempts}")
    if set(statuses) - {_VERIFIED}:
        problems.append(f"not every record is {_VERIFIED}: {dict(statuses)}")
    return VerificationResult(lines, problems)

"""The simulated reviewers, who compare a label with the truth."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.ground_truth import workforce as workers
from labeling_sandbox.ground_truth.answers.task import Answer, Failure

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from labeling_sandbox.ground_truth.workforce import Workforce


@dataclass(frozen=True)
class Opinion:
    """The answer of one reviewer.

    Attributes:
        category: The chosen category.
        comment: What they wrote to it, empty if nothing.
    """

    category: str
    comment: str


@dataclass(frozen=True)
class Review:
    """A label that is shown to reviewers.

    Attributes:
        job_name: The labeling job.
        item: What identifies the object in the seed.
        categories: What the reviewers can choose.
        reviewers: How many see the object.
        right: Whether the label equals the truth; None if it is unknown, and all reviewers accept
            it.
    """

    job_name: str
    item: str
    categories: Sequence[str]
    reviewers: int
    right: bool | None


def opinions(review: Review, workforce: Workforce) -> list[Opinion] | Failure:
    """Let the reviewers judge one label, each for themselves.

    Args:
        review: The label.
        workforce: How the reviewers behave.

    Returns:
        An opinion of each, or why the object has none.
    """
    choice = workers.choices(workforce, review.job_name, review.item)
    failure = workers.random_failure(workforce, choice)
    if failure is not None:
        return failure
    return [_opinion(review, workforce, choice) for _ in range(review.reviewers)]


def accepted_category(categories: Sequence[str], workforce: Workforce) -> str:
    """Return the category by which a label is accepted."""
    named = workforce.accepted_category
    return categories[0] if named is None else named


def _opinion(review: Review, workforce: Workforce, choice: random.Random) -> Opinion:
    lot = choice.random()
    if review.right is False:
        accepts = lot < workforce.accept_wrong_rate
    else:
        accepts = lot >= workforce.reject_right_rate
    accepted = accepted_category(review.categories, workforce)
    reasons = [category for category in review.categories if category != accepted]
    if accepts or not reasons:
        return Opinion(accepted, "")
    comment = choice.choice(workforce.comments) if workforce.comments else ""
    return Opinion(choice.choice(reasons), comment)


def consolidated(given: Sequence[Opinion], categories: Sequence[str]) -> Answer:
    """Consolidate several opinions to one label, as the managed function for verification does.

    What it does with a tie is not documented: here the first of the best counts, and as the
    opinions are in no particular order that can be any of them.
    """
    votes = Counter(opinion.category for opinion in given)
    category, count = votes.most_common(1)[0]
    # As for every label: the agreement of a single worker is 0.
    confidence = 0 if len(given) == 1 else round(count / len(given), 2)
    details: dict[str, object] = {
        "class-name": category,
        "confidence": confidence,
        "type": "groundtruth/label-verification",
    }
    comments = [{"comment": opinion.comment} for opinion in given if opinion.comment]
    if comments:
        details["worker-feedback"] = comments
    return Answer(list(categories).index(category), details)

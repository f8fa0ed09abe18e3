"""Named entities: labeled pieces of a text."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labeling_sandbox.ground_truth.answers.task import Answer, Category, Task

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, order=True)
class Span:
    """A piece of the text, in Unicode characters.

    Attributes:
        start: Its first character.
        end: The character after its last one.
        category: Index of the label.
    """

    start: int
    end: int
    category: int


class NamedEntities:
    """The spans that more than half of the workers marked alike.

    The truth is a list of ``label``, ``startOffset`` and ``endOffset``.
    """

    def label(
        self, task: Task, truth: object, error_rates: Sequence[float], choice: random.Random
    ) -> Answer:
        """See `Labeler`."""
        if not isinstance(truth, list | None):
            message = f"the truth of {task.item} is not a list of entities"
            raise ValueError(message)  # noqa: TRY004 - what a caller sent, not a call of ours
        right = [_parse(task, entry) for entry in truth or ()]
        answers = [list(_mark(task, right, rate, choice)) for rate in error_rates]
        votes = Counter(span for answer in answers for span in answer)
        agreed = sorted(span for span, count in votes.items() if count * 2 > task.workers)
        value = {
            "annotations": {
                "labels": [_shown(category) for category in task.categories],
                "entities": [_entry(task, span) for span in agreed],
            }
        }
        details = {
            "entities": [{"confidence": task.agreement(votes[span])} for span in agreed],
            "type": "groundtruth/text-span",
        }
        given = [{"entities": [_entry(task, span) for span in answer]} for answer in answers]
        return Answer(value, details, given=given)

    def mistaken(
        self, task: Task, truth: list[dict[str, Any]], choice: random.Random
    ) -> list[dict[str, Any]]:
        """See `Labeler`: one entity is missed, misnamed or cut short, or one is made up."""
        if not truth:
            length = choice.randint(1, len(task.subject))
            return [_entry(task, Span(0, length, choice.randrange(len(task.categories))))]
        place = choice.randrange(len(truth))
        changed = _mark(task, [_parse(task, truth[place])], 1.0, choice)
        return [*truth[:place], *(_entry(task, span) for span in changed), *truth[place + 1 :]]


def _entry(task: Task, span: Span) -> dict[str, Any]:
    return {
        "label": task.categories[span.category].name,
        "startOffset": span.start,
        "endOffset": span.end,
    }


def _shown(category: Category) -> dict[str, str]:
    shown = {"label": category.name}
    if category.short_name is not None:
        shown["shortDisplayName"] = category.short_name
    return shown


def _parse(task: Task, entry: Mapping[str, Any]) -> Span:
    try:
        span = Span(int(entry["startOffset"]), int(entry["endOffset"]), task.index(entry["label"]))
    except (KeyError, TypeError) as error:
        message = f"the truth of {task.item} has an entity without {error}"
        raise ValueError(message) from error
    if not 0 <= span.start < span.end <= len(task.subject):
        message = f"the truth of {task.item} has an entity outside of the text"
        raise ValueError(message)
    return span


def _mark(
    task: Task, right: Iterable[Span], error_rate: float, choice: random.Random
) -> Iterator[Span]:
    for span in right:
        if choice.random() >= error_rate:
            yield span
            continue
        mistake = choice.choice(("missed", "misnamed", "cut short"))
        other = task.other_category(span.category, choice)
        if mistake == "misnamed" and other is not None:
            yield replace(span, category=other)
        elif mistake == "cut short" and span.end - span.start > 1:
            yield replace(span, end=span.end - 1)

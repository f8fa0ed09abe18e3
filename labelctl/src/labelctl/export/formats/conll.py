"""CoNLL: a token and its tag in each line, and an empty line after each text.

Tags: https://www.clips.uantwerpen.be/conll2002/ner/
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from labelctl.export.formats.layout import ENTITIES, Beside
from labelctl.export.formats.names import FormatName

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from labelctl.export.annotations import Annotation, Span
    from labelctl.export.examples import TrainingSet

_TOKEN = re.compile(r"\w+|[^\w\s]")
_BLANK = re.compile(r"\s+")
_OUTSIDE = "O"


class Conll(Beside):
    """Words and punctuation marks with tags: B- begins an entity, I- continues it, O is none."""

    name = FormatName.CONLL
    task_types = frozenset({ENTITIES})

    def reason_against(self, annotation: Annotation) -> str:
        """See `Format`."""
        overlap = any(later.start < span.end for span, later in pairwise(annotation.spans))
        return "spans_overlap" if overlap else ""

    def write(self, training_set: TrainingSet) -> None:
        """See `Format`."""
        for side in training_set.sides:
            with (training_set.folder / f"{side}.conll").open("w", encoding="utf-8") as file:
                for example in training_set.examples(side):
                    for token, tag in tagged(example.text or "", example.annotation.spans):
                        file.write(f"{token}\t{tag}\n")
                    file.write("\n")


def tagged(text: str, spans: Sequence[Span]) -> Iterator[tuple[str, str]]:
    """Yield the tokens of a text with their tags.

    A token is a word or a punctuation mark; an entity's end is also the end of a token.

    Args:
        text: The text.
        spans: Its entities, sorted, without overlaps.
    """
    position = 0
    for span in spans:
        yield from ((token, _OUTSIDE) for token in _tokens(text[position : span.start]))
        # Names of classes may have blanks, which separate columns.
        name = _BLANK.sub("_", span.name)
        for number, token in enumerate(_tokens(text[span.start : span.end])):
            yield token, f"{'I' if number else 'B'}-{name}"
        position = span.end
    yield from ((token, _OUTSIDE) for token in _tokens(text[position:]))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(text)

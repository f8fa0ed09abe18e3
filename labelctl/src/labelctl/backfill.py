"""Send items for objects that existed before the pipeline, or whose event was missed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from labelctl.classify import Decision
from labelctl.upload_events import upload_event
from labeling_lambdas.aws.item_rows import KEYS_PER_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelctl.checkpoint import BackfillCounts, Checkpoint
    from labelctl.classify import Classified, Classifier
    from labelctl.objects import ListedObject
    from labelctl.upload_events import UploadSender

_REASON = "labelctl backfill"


@dataclass
class RateLimit:
    """A rate limit for a sender.

    Attributes:
        rate: Objects per second.
        clock: Returns seconds, from any origin.
        sleep: Waits for a number of seconds.
    """

    rate: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _free_at: float = field(default=0.0, init=False)

    def wait(self, objects: int) -> None:
        """Wait until this number of objects may be sent."""
        now = self.clock()
        if self._free_at > now:
            self.sleep(self._free_at - now)
        self._free_at = max(now, self._free_at) + objects / self.rate


@dataclass
class Backfill:
    """One backfill.

    Attributes:
        classifier: Classifies objects.
        sender: Sends events; None for a dry run.
        rate_limit: Limits the rate of the sender.
        counts: The counts, including those of earlier starts.
        checkpoint: File for the state; None to keep no state.
        progress: Called with the counts from time to time.
    """

    classifier: Classifier
    sender: UploadSender | None
    rate_limit: RateLimit
    counts: BackfillCounts
    checkpoint: Checkpoint | None
    progress: Callable[[BackfillCounts], None]

    def run(self, objects: Iterable[ListedObject]) -> None:
        """Classify each object and send the events of those to send.

        The checkpoint is written after the send that it records. The next start sends events again
        that were sent in between, and the poll drops them as duplicates.
        """
        waiting: list[Classified] = []
        for group in _groups(objects, KEYS_PER_READ):
            for classified in self.classifier.classify(group):
                waiting.append(classified)
                if self.sender is not None and _to_send(waiting) == self.sender.batch:
                    self._finish(waiting)
                    waiting = []
            self._finish(waiting)
            waiting = []

    def _finish(self, waiting: list[Classified]) -> None:
        if not waiting:
            return
        sources = [
            classified.source for classified in waiting if classified.decision is Decision.SEND
        ]
        if self.sender is not None and sources:
            self.rate_limit.wait(len(sources))
            self.sender.send([upload_event(source, reason=_REASON) for source in sources])
            self.counts.sent += len(sources)
        for classified in waiting:
            self.counts.note(classified)
        if self.checkpoint is not None:
            self.checkpoint.save(self.counts, self.classifier.since)
        self.progress(self.counts)


def _to_send(waiting: list[Classified]) -> int:
    return sum(classified.decision is Decision.SEND for classified in waiting)


def _groups(objects: Iterable[ListedObject], size: int) -> Iterator[list[ListedObject]]:
    remaining = iter(objects)
    while group := list(islice(remaining, size)):
        yield group

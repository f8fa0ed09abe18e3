"""Sending items for objects that existed before the pipeline, or whose event was missed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from labelctl.classify import Verdict
from labelctl.upload_events import upload_event
from labeling_lambdas.aws.item_ledger import KEYS_PER_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelctl.checkpoint import Checkpoint
    from labelctl.classify import Judge, Judged
    from labelctl.objects import ListedObject
    from labelctl.pace import Pace
    from labelctl.tally import Tally
    from labelctl.upload_events import UploadSender

_REASON = "labelctl backfill"


@dataclass
class Backfill:
    """One backfill.

    Attributes:
        judge: Classifies objects.
        sender: Sends events; None for a dry run.
        pace: Limits the rate of the sender.
        tally: The counts, including those of earlier starts.
        checkpoint: File for the state; None to keep no state.
        progress: Called with the counts from time to time.
    """

    judge: Judge
    sender: UploadSender | None
    pace: Pace
    tally: Tally
    checkpoint: Checkpoint | None
    progress: Callable[[Tally], None]

    def run(self, objects: Iterable[ListedObject]) -> None:
        """Classify each object and send the events of those to send.

        The checkpoint is written after the send that it records. The next start sends events again
        that were sent in between, and the poll drops them as duplicates.
        """
        waiting: list[Judged] = []
        for group in _groups(objects, KEYS_PER_READ):
            for judged in self.judge.judge(group):
                waiting.append(judged)
                if self.sender is not None and _to_send(waiting) == self.sender.batch:
                    self._finish(waiting)
                    waiting = []
            self._finish(waiting)
            waiting = []

    def _finish(self, waiting: list[Judged]) -> None:
        if not waiting:
            return
        sources = [judged.source for judged in waiting if judged.verdict is Verdict.SEND]
        if self.sender is not None and sources:
            self.pace.wait(len(sources))
            self.sender.send([upload_event(source, reason=_REASON) for source in sources])
            self.tally.sent += len(sources)
        for judged in waiting:
            self.tally.note(judged)
        if self.checkpoint is not None:
            self.checkpoint.save(self.tally, self.judge.since)
        self.progress(self.tally)


def _to_send(waiting: list[Judged]) -> int:
    return sum(judged.verdict is Verdict.SEND for judged in waiting)


def _groups(objects: Iterable[ListedObject], size: int) -> Iterator[list[ListedObject]]:
    remaining = iter(objects)
    while group := list(islice(remaining, size)):
        yield group

"""Sending the objects that were there before the pipeline, or whose event was missed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from labelctl.announcing import upload_event
from labelctl.judgement import Verdict
from labeling_lambdas.aws.item_ledger import KEYS_PER_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelctl.announcing import UploadSender
    from labelctl.checkpoint import Checkpoint
    from labelctl.judgement import Judge, Judged
    from labelctl.listing import ListedObject
    from labelctl.pace import Pace
    from labelctl.tally import Tally

_REASON = "labelctl backfill"


@dataclass
class Backfill:
    """One backfill.

    Attributes:
        judge: Judges objects.
        sender: Sends events; None for a dry run.
        pace: Holds the sender back.
        tally: What earlier starts came to.
        checkpoint: Where the state is kept; None for nowhere.
        progress: Told of the tally from time to time.
    """

    judge: Judge
    sender: UploadSender | None
    pace: Pace
    tally: Tally
    checkpoint: Checkpoint | None
    progress: Callable[[Tally], None]

    def run(self, objects: Iterable[ListedObject]) -> None:
        """Judge each object and send what is to be sent.

        The checkpoint is written after the send that it stands for. What was sent in between is
        sent again by the next start, and dropped by the poll as a duplicate.
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

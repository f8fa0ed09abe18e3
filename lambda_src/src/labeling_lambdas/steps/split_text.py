"""Sending the items of an uploaded text file to the intake queue, one message each."""

from __future__ import annotations

import logging
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas import process
from labeling_lambdas.aws.clients import THREADS
from labeling_lambdas.aws.queues import Queue, batches
from labeling_lambdas.domain.ignored_keys import is_ignored
from labeling_lambdas.domain.messages import text_message
from labeling_lambdas.domain.occurrences import Occurrences
from labeling_lambdas.domain.texts import TextItem, TextItems, text_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from labeling_lambdas.aws.uploads import Uploads
    from labeling_lambdas.deadline import Deadline
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.task_types import TaskType

_log = logging.getLogger(__name__)

#: Seconds that the batches in progress may take, including retries.
_CLOSING_SECONDS = 30

#: Maximum number of batches that wait for a thread, so that reading the file stays close to sending
#: it.
_BATCHES_AHEAD = 2 * THREADS


class Sent(NamedTuple):
    """The result of splitting a file.

    Attributes:
        texts: Items sent with their text.
        unusable: Items sent without a text, by reason. The poll makes dead letters of them.
    """

    texts: int
    unusable: dict[str, int]


@dataclass(eq=False, repr=False)
class SplitText:
    """The splitting of one uploaded object.

    Attributes:
        source: The object.
        upload_bucket: The only bucket whose objects are read.
        task_type: Determines which objects can be labeled, and the maximum length of a text.
        items: The unit that is an item of a ``.txt`` file.
        uploads: Uploaded objects.
        intake: The intake queue.
        deadline: When to stop.
        ignored_keys: Patterns of keys that are not uploads.
    """

    source: SourceObject
    upload_bucket: str
    task_type: TaskType
    items: TextItems
    uploads: Uploads
    intake: Queue
    deadline: Deadline
    ignored_keys: tuple[str, ...] = ()
    _counts: Counter[str] = field(default_factory=Counter)
    _texts: int = 0
    _occurrences: Occurrences = field(default_factory=Occurrences)

    def split(self) -> Sent:
        """Send a message for each item.

        A repeated call sends the same items again, with the same identities. The run that receives
        the second message of an item drops it.

        Raises:
            OutOfTimeError: If the remaining time is too short. Items that were sent stay on the
                queue.
            DeliveryError: If the queue did not accept everything.
        """
        self._send(self._messages())
        sent = Sent(self._texts, dict(self._counts))
        _log.info(
            "upload split",
            extra={
                "uploaded_item_id": self.source.item_id,
                "texts": sent.texts,
                "unusable": sent.unusable,
            },
        )
        return sent

    def _messages(self) -> Iterator[str]:
        limit = self.task_type.max_text_characters
        if limit is None or self._is_for_the_poll():
            # The poll applies the rules for all objects to an object that cannot be split.
            yield text_message(self.source, None)
            return
        found = text_items(
            self.uploads.chunks(self.source),
            key=self.source.key,
            items=self.items,
            max_characters=limit,
        )
        for item in found:
            yield self._message(self._counted(item))

    def _is_for_the_poll(self) -> bool:
        foreign = self.source.bucket != self.upload_bucket
        if foreign or is_ignored(self.source.key, self.ignored_keys):
            return True
        return self.task_type.reason_to_reject(self.source) is not None

    def _message(self, item: TextItem) -> str:
        if item.reason is None:
            self._texts += 1
        else:
            self._counts[item.reason.value] += 1
        return text_message(
            self.source.at_line(item.line),
            item.content,
            reason=item.reason or "",
            detail=item.detail,
        )

    def _counted(self, item: TextItem) -> TextItem:
        """Return an item with its number among the equal texts of the file."""
        if item.content is None:
            return item
        occurrence = self._occurrences.count(item.content.text)
        return item._replace(content=replace(item.content, occurrence=occurrence))

    def _send(self, messages: Iterable[str]) -> None:
        with process.threads(THREADS) as threads:
            under_way: set[Future[None]] = set()
            for batch in batches(messages):
                self.deadline.require(_CLOSING_SECONDS)
                under_way.add(threads.submit(self.intake.send, batch))
                if len(under_way) >= _BATCHES_AHEAD:
                    done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                    _check(done)
            _check(under_way)


def _check(done: Iterable[Future[None]]) -> None:
    for batch in done:
        batch.result()

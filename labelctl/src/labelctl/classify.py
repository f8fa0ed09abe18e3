"""Classify the objects of the upload bucket for a backfill, by their rows in the ledger."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from labelctl.ledger import sequencer_after
from labeling_lambdas.aws.item_rows import KEYS_PER_READ
from labeling_lambdas.aws.uploads import Uploads
from labeling_lambdas.domain.ignored_keys import is_ignored
from labeling_lambdas.domain.states import Drop

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from labelctl.connection import Client
    from labelctl.ledger import Ledger
    from labelctl.objects import ListedObject
    from labelctl.pipeline import Pipeline
    from labeling_lambdas.domain.items import SourceObject
    from labeling_lambdas.domain.states import ItemState

#: Maximum retention of a queue. No queue contains the event of an older upload any more.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
LONGEST_RETENTION = timedelta(days=14)

#: Number of lines whose identities are created at a time: a text may have a million lines.
_LINES_PER_BLOCK = 1000

_LINE_ENDS = re.compile(rb"\r\r\n|\r\n|\n|\r")

_OLDER_VERSION_UNKNOWN = "older_version_unknown"
_UNREADABLE_ORDER = "unreadable_order"
_SEVERAL_STATES = "several_states"


class Decision(StrEnum):
    """The classification of an object."""

    SEND = "send"
    #: The item is in the ledger, so sending it would have no effect.
    KNOWN = "known"
    #: It can never be labeled.
    NOT_LABELABLE = "not_labelable"
    #: Sending it now could have a harmful effect.
    HELD_BACK = "held_back"
    #: It was uploaded before the requested time.
    TOO_OLD = "too_old"


@dataclass(frozen=True, slots=True)
class Classified:
    """An object with its classification.

    Attributes:
        source: The object version, with a sequencer if it is to be sent.
        decision: Its classification.
        reason: The item's state, or the reason why it is not sent.
    """

    source: SourceObject
    decision: Decision
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Classifier:
    """A classifier of objects.

    Attributes:
        pipeline: The pipeline.
        ledger: Its ledger.
        s3: Client for reading texts.
        now: The current time.
        since: Objects that were uploaded before this time are left out; None to leave out none.
        trust_order: Whether the operator confirms that no event of an older version is in a queue.
    """

    pipeline: Pipeline
    ledger: Ledger
    s3: Client
    now: datetime
    since: datetime | None = None
    trust_order: bool = False

    def classify(self, objects: Sequence[ListedObject]) -> list[Classified]:
        """Classify some objects, with one read of the ledger for all of them.

        Args:
            objects: The objects, several hundred at most.

        Returns:
            The classifications in the order of the objects.
        """
        early = {listed.source.key: self._before_the_ledger(listed) for listed in objects}
        looked_up = [listed for listed in objects if early[listed.source.key] is None]
        recent = {
            listed.source.key: listed.older_sources(self.now - LONGEST_RETENTION)
            for listed in looked_up
        }
        states = self.ledger.states(
            item
            for listed in looked_up
            for version in (listed.source, *recent[listed.source.key])
            for item in self._first_ids(version)
        )
        fresh = [
            listed
            for listed in looked_up
            if not any(i in states for i in self._first_ids(listed.source))
        ]
        orders = {} if self.pipeline.splits_uploads else self._orders(fresh)
        results = []
        for listed in objects:
            decision = early[listed.source.key] or self._known(listed.source, states)
            if decision is None and not self.trust_order:
                decision = self._held_back(listed.source, recent[listed.source.key], states)
            results.append(decision or self._fresh(listed.source, orders))
        return results

    def _before_the_ledger(self, listed: ListedObject) -> Classified | None:
        source = listed.source
        if self.since is not None and listed.modified < self.since:
            return Classified(source, Decision.TOO_OLD)
        if source.key.endswith("/") and source.size == 0:
            return Classified(source, Decision.NOT_LABELABLE, Drop.FOLDER_MARKER.value)
        if is_ignored(source.key, self.pipeline.ignored_keys):
            return Classified(source, Decision.NOT_LABELABLE, Drop.IGNORED_KEY.value)
        reason = self.pipeline.task_type.reason_to_reject(source)
        return Classified(source, Decision.NOT_LABELABLE, reason.value) if reason else None

    def _first_ids(self, source: SourceObject) -> list[str]:
        """Return the items to look up first: for a text, some lines, which usually suffice."""
        if not self.pipeline.splits_uploads:
            return [source.item_id]
        return [source.item_id, *(source.at_line(line).item_id for line in range(1, KEYS_PER_READ))]

    def _known(self, source: SourceObject, states: dict[str, ItemState]) -> Classified | None:
        found = {states[item].value for item in self._first_ids(source) if item in states}
        return _known(source, found)

    def _held_back(
        self, source: SourceObject, recent: list[SourceObject], states: dict[str, ItemState]
    ) -> Classified | None:
        # Its event may still be in a queue. If it were claimed after the sequencer of this version
        # was created, it would supersede the newest version.
        for older in recent:
            if not any(item in states for item in self._first_ids(older)):
                return Classified(source, Decision.HELD_BACK, _OLDER_VERSION_UNKNOWN)
        return None

    def _orders(self, objects: Iterable[ListedObject]) -> dict[str, list[str]]:
        sources = [listed.source for listed in objects]
        found = self.ledger.newest_orders(source.key_id for source in sources)
        return {source.key: [found[source.key_id]] for source in sources if source.key_id in found}

    def _fresh(self, source: SourceObject, orders: dict[str, list[str]]) -> Classified:
        known = orders.get(source.key, [])
        if self.pipeline.splits_uploads:
            for block in self._blocks(source):
                states = self.ledger.states(line.item_id for line in block)
                classified = _known(source, {state.value for state in states.values()})
                if classified is not None:
                    return classified
                newest = self.ledger.newest_orders(line.key_id for line in block)
                known = [max([*known, *newest.values()])] if newest else known
        try:
            sequencer = sequencer_after(known)
        except ValueError:
            return Classified(source, Decision.HELD_BACK, _UNREADABLE_ORDER)
        return Classified(source._replace(sequencer=sequencer), Decision.SEND)

    def _blocks(self, source: SourceObject) -> Iterator[list[SourceObject]]:
        """Yield the whole text and each of its lines, several hundred at a time."""
        lines = self._lines(source)
        yield [source]
        for start in range(1, lines + 1, _LINES_PER_BLOCK):
            end = min(start + _LINES_PER_BLOCK, lines + 1)
            yield [source.at_line(line) for line in range(start, end)]

    def _lines(self, source: SourceObject) -> int:
        """Return the maximum number of lines of a text. Each may be an item."""
        # Counts the line ends of every encoding. A line too many costs one read of the ledger.
        chunks = Uploads(self.s3).chunks(source)
        return 1 + sum(len(_LINE_ENDS.findall(chunk)) for chunk in chunks)


def _known(source: SourceObject, states: set[str]) -> Classified | None:
    if not states:
        return None
    (state,) = states if len(states) == 1 else {_SEVERAL_STATES}
    return Classified(source, Decision.KNOWN, state)

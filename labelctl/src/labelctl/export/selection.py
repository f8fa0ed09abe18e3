"""Reading the newest record of each item, and choosing among them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError
from labelctl.export import choice as reasons
from labelctl.export.choice import is_readable, names_of, nothing_left
from labelctl.export.sources import source_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from labelctl.export.choice import Choice
    from labelctl.export.offline_store import Row
    from labelctl.export.split import Split
    from labelctl.export.workspace import Workspace
    from labelctl.objects import ListedObject

_NEWER = """
INSERT INTO newest VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source_ref) DO UPDATE SET
  key = excluded.key, version_id = excluded.version_id, event_time = excluded.event_time,
  invoked = excluded.invoked, deleted = excluded.deleted, fields = excluded.fields
WHERE (excluded.event_time, excluded.invoked, excluded.fields) > (event_time, invoked, fields)
"""
#: The version of a file that its newest record is of: an upload may not be labeled yet.
_WITH_VERSIONS = """
SELECT n.source_ref, n.event_time, n.deleted, n.fields, v.position, v.size, labeled.position
FROM newest AS n
LEFT JOIN versions AS v ON v.key = n.key AND v.version_id = n.version_id
LEFT JOIN (
  SELECT newest.key AS key, min(versions.position) AS position
  FROM newest JOIN versions ON versions.key = newest.key AND versions.version_id = newest.version_id
  WHERE NOT newest.deleted GROUP BY newest.key
) AS labeled ON labeled.key = n.key
WHERE n.source_ref > ? ORDER BY n.source_ref LIMIT ?
"""
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection of one export.

    Attributes:
        workspace: Its folder.
        choice: What to take.
        split: The sides.
        texts: Whether items are texts, which may be lines of files.
        progress: Told from time to time what is done.
    """

    workspace: Workspace
    choice: Choice
    split: Split
    texts: bool
    progress: Callable[[str], None]

    def read(self, rows: Iterable[Row]) -> None:
        """Keep the newest row of each item, as far as the choice looks back.

        A row is newer by its event time, then by the time of the call; of equal ones any is kept.
        """
        database = self.workspace.database
        with database:
            database.execute("DELETE FROM newest")
            database.execute("DELETE FROM later")
            for number, row in enumerate(rows, 1):
                if self.choice.until and row.event_time > self.choice.until:
                    database.execute("INSERT OR IGNORE INTO later VALUES (?)", (row.source_ref,))
                else:
                    database.execute(_NEWER, _values(row, texts=self.texts))
                if not number % _ROWS_AT_ONCE:
                    self.progress(f"{number} rows read")
            self.workspace.note("read", value=True)

    def look_at(self, objects: Iterable[ListedObject]) -> None:
        """Keep which versions of the items' objects exist.

        Args:
            objects: The objects of the upload bucket that are not deleted.
        """
        database = self.workspace.database
        with database:
            database.execute("DELETE FROM versions")
            for number, listed in enumerate(objects, 1):
                versions = [listed.source.version_id, *(old.version_id for old in listed.older)]
                database.executemany(
                    "INSERT OR IGNORE INTO versions SELECT ?1, ?2, ?3, ?4"
                    " WHERE EXISTS (SELECT 1 FROM newest WHERE key = ?1)",
                    (
                        (listed.source.key, version, age, None if age else listed.source.size)
                        for age, version in enumerate(versions)
                    ),
                )
                if not number % _ROWS_AT_ONCE:
                    self.progress(f"{number} objects listed")
            self.workspace.note("looked", value=True)

    def choose(self) -> None:
        """Fill the training set, and count what is left out.

        Raises:
            LabelctlError: If nothing is left.
        """
        database = self.workspace.database
        removed: Counter[str] = Counter()
        names: set[str] = set()
        with database:
            database.execute("DELETE FROM chosen")
            for source_ref, fields, reason, position, size in self._judged():
                if reason is not None:
                    removed[reason] += 1
                    if reason == reasons.MISSING:
                        self._insert(source_ref, fields, position, size, reason)
                    continue
                names.update(names_of(fields))
                self._insert(source_ref, fields, position, size, None)
            later = database.execute(
                "SELECT count(*) FROM later WHERE source_ref NOT IN (SELECT source_ref FROM newest)"
            ).fetchone()[0]
            if later:
                removed[reasons.LATER] = later
            items = later + database.execute("SELECT count(*) FROM newest").fetchone()[0]
            if not self.workspace.count():
                raise LabelctlError(nothing_left(items, removed))
            self.workspace.note("classes", sorted(names))
            self.workspace.note("items", items)
            # What is missing is listed with what else is left out.
            del removed[reasons.MISSING]
            self.workspace.note("removed", dict(sorted(removed.items())))
            self.workspace.note("chosen", value=True)

    def _judged(
        self,
    ) -> Iterator[tuple[str, dict[str, Any], str | None, int | None, int | None]]:
        last = ""
        while rows := self.workspace.database.execute(
            _WITH_VERSIONS, (last, _ROWS_AT_ONCE)
        ).fetchall():
            for source_ref, event_time, deleted, text, position, size, labeled in rows:
                fields = json.loads(text)
                reason = self._reason_against(fields, event_time, deleted=deleted)
                if reason is None and position is None:
                    reason = reasons.MISSING
                elif reason is None and self.texts and position > labeled:
                    reason = reasons.REPLACED
                yield source_ref, fields, reason, position, size
            last = rows[-1][0]

    def newest(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield event time and columns of each newest record of the choice.

        Their objects may not exist any more.
        """
        last = ""
        while rows := self.workspace.database.execute(
            "SELECT source_ref, event_time, deleted, fields FROM newest"
            " WHERE source_ref > ? ORDER BY source_ref LIMIT ?",
            (last, _ROWS_AT_ONCE),
        ).fetchall():
            for _, event_time, deleted, text in rows:
                fields = json.loads(text)
                if self._reason_against(fields, event_time, deleted=deleted) is None:
                    yield event_time, fields
            last = rows[-1][0]

    def _reason_against(
        self, fields: dict[str, Any], event_time: str, *, deleted: bool
    ) -> str | None:
        if deleted:
            return reasons.DELETED
        if not is_readable(fields):
            return reasons.UNREADABLE
        key = source_of(fields, texts=self.texts).key
        return self.choice.reason_against(key, fields, event_time)

    def _insert(
        self,
        source_ref: str,
        fields: dict[str, Any],
        position: int | None,
        size: int | None,
        left_out: str | None,
    ) -> None:
        side = self.split.side_of(source_of(fields, texts=self.texts).key)
        self.workspace.database.execute(
            "INSERT INTO chosen VALUES (?, ?, ?, ?, ?, NULL, NULL, ?)",
            (source_ref, side, json.dumps(fields, sort_keys=True), position, size, left_out),
        )


def _values(row: Row, *, texts: bool) -> tuple[object, ...]:
    source = source_of({"source_version_id": "", **row.fields}, texts=texts)
    return (
        row.source_ref,
        source.key,
        source.version_id,
        row.event_time,
        row.invoked,
        row.deleted,
        json.dumps(row.fields, sort_keys=True),
    )

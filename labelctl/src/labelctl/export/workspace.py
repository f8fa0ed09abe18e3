"""The folder of an export that is not complete yet, with the state that lets it continue."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_STATE = ".labelctl"
_ROWS_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE newest (
  source_ref TEXT PRIMARY KEY, key TEXT NOT NULL, version_id TEXT NOT NULL,
  event_time TEXT NOT NULL, invoked TEXT NOT NULL, deleted INTEGER NOT NULL, fields TEXT NOT NULL
);
CREATE INDEX newest_by_key ON newest (key);
CREATE TABLE later (source_ref TEXT PRIMARY KEY);
CREATE TABLE versions (
  key TEXT, version_id TEXT, position INTEGER NOT NULL, size INTEGER,
  PRIMARY KEY (key, version_id)
);
CREATE TABLE chosen (
  source_ref TEXT PRIMARY KEY, side TEXT NOT NULL, fields TEXT NOT NULL,
  position INTEGER, size INTEGER, written TEXT, content TEXT, left_out TEXT
);
CREATE INDEX chosen_by_side ON chosen (side, source_ref);
"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A record of the training set.

    Attributes:
        source_ref: Its identifier.
        side: Its side of the split.
        fields: Its columns.
        position: The age of the object's version: 0 for the newest one.
        size: Bytes of the object; None if unknown.
        written: The label as Ground Truth wrote it, if it is in a file of its own.
        content: The text of the item; None for images, and until it is read.
    """

    source_ref: str
    side: str
    fields: dict[str, Any]
    position: int | None
    size: int | None
    written: dict[str, Any] | None
    content: str | None


class Workspace:
    """The folder and its database.

    Attributes:
        target: The folder that the export becomes.
        folder: The folder until then: the same name with ``.partial``.
        database: The state.
    """

    def __init__(self, target: Path, scope: Mapping[str, Any]) -> None:
        """Make the folder, or continue with that of the same export.

        Args:
            target: The folder that the export becomes.
            scope: The options of the export.

        Raises:
            LabelctlError: If the target exists, the folder is of another export or in use, or it
                cannot be written.
        """
        self.target = target
        self.folder = target.with_name(f"{target.name}.partial")
        if target.exists():
            message = f"{target} exists; name a folder that does not exist, or delete it"
            raise LabelctlError(message)
        try:
            (self.folder / _STATE).mkdir(parents=True, exist_ok=True)
            self.database = sqlite3.connect(self.scratch("export.sqlite3"), timeout=0)
            self._open(scope)
        except OSError as error:
            message = f"{self.folder} cannot be written: {error}; name another folder with --to"
            raise LabelctlError(message) from error
        except sqlite3.OperationalError as error:
            message = (
                f"{self.folder} cannot be used: {error}; wait for the export that uses it, or name"
                " another folder with --to"
            )
            raise LabelctlError(message) from error
        except sqlite3.DatabaseError as error:
            message = f"{self.folder} holds no state that can be continued ({error}); delete it"
            raise LabelctlError(message) from error

    def _open(self, scope: Mapping[str, Any]) -> None:
        self.database.execute("PRAGMA locking_mode = EXCLUSIVE")
        # A process that dies loses nothing; what a machine loses that dies is read again.
        self.database.execute("PRAGMA synchronous = OFF")
        with self.database:
            self.database.execute("BEGIN EXCLUSIVE")
            tables = self.database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if not tables:
                for statement in _SCHEMA.split(";"):
                    self.database.execute(statement)
                self.note("scope", dict(scope))
        found = self.noted("scope")
        if found != dict(scope):
            message = (
                f"{self.folder} is of another export ({json.dumps(found)}); repeat that command,"
                " name another folder, or delete it"
            )
            raise LabelctlError(message)

    def scratch(self, name: str) -> Path:
        """Return the path of a file that the target does not have."""
        return self.folder / _STATE / name

    def note(self, name: str, value: object) -> None:
        """Keep a value; the caller commits."""
        self.database.execute("REPLACE INTO notes VALUES (?, ?)", (name, json.dumps(value)))

    def noted(self, name: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return a kept value, None if there is none."""
        found = self.database.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def chosen(self, side: str | None = None, *, where: str = "1") -> Iterator[Chosen]:
        """Yield records of the training set that are not left out, by their identifiers.

        The database may be changed meanwhile, by this object only.

        Args:
            side: Only this side; None for all.
            where: A further condition on the columns, in SQL.
        """
        last = ""
        while True:
            rows = self.database.execute(
                "SELECT source_ref, side, fields, position, size, written, content FROM chosen"  # noqa: S608
                " WHERE source_ref > ? AND (? IS NULL OR side = ?) AND left_out IS NULL"
                f" AND {where} ORDER BY source_ref LIMIT ?",
                (last, side, side, _ROWS_AT_ONCE),
            ).fetchall()
            for source_ref, found, fields, position, size, written, content in rows:
                yield Chosen(
                    source_ref,
                    found,
                    json.loads(fields),
                    position,
                    size,
                    json.loads(written) if written else None,
                    content,
                )
            if len(rows) < _ROWS_AT_ONCE:
                return
            last = rows[-1][0]

    def count(self, where: str = "left_out IS NULL") -> int:
        """Return the number of records of the training set for which a condition holds."""
        statement = f"SELECT count(*) FROM chosen WHERE {where}"  # noqa: S608 - of this package
        return int(self.database.execute(statement).fetchone()[0])

    def leave_out(self, source_ref: str, reason: str) -> None:
        """Leave a record out of the export, and keep the reason."""
        with self.database:
            self.database.execute(
                "UPDATE chosen SET left_out = ? WHERE source_ref = ?", (reason, source_ref)
            )

    def left_out(self) -> Iterator[tuple[str, str]]:
        """Yield identifier and reason of each record that is left out."""
        yield from self.database.execute(
            "SELECT source_ref, left_out FROM chosen WHERE left_out IS NOT NULL ORDER BY source_ref"
        )

    def left_out_by_reason(self) -> dict[str, int]:
        """Return the number of records that are left out, by reason."""
        return dict(
            self.database.execute(
                "SELECT left_out, count(*) FROM chosen WHERE left_out IS NOT NULL"
                " GROUP BY left_out ORDER BY left_out"
            )
        )

    def put(self, column: str, values: Iterable[tuple[str | None, str]]) -> None:
        """Set a column of records, by pairs of a value and an identifier."""
        with self.database:
            self.database.executemany(
                f"UPDATE chosen SET {column} = ? WHERE source_ref = ?",  # noqa: S608 - of this package
                values,
            )

    def clear(self, kept: Sequence[str]) -> None:
        """Delete what an interrupted start has written, but for some folders."""
        for path in self.folder.iterdir():
            if path.name in (_STATE, *kept):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()

    def complete(self) -> None:
        """Turn the folder into the target.

        Raises:
            LabelctlError: If the target exists by now.
        """
        self.database.close()
        shutil.rmtree(self.folder / _STATE)
        try:
            self.folder.rename(self.target)
        except OSError as error:
            message = (
                f"{self.folder} is complete, but cannot be renamed to {self.target}: {error};"
                " rename it yourself"
            )
            raise LabelctlError(message) from error

    def discard(self) -> None:
        """Delete the folder of an export that has nothing to continue with."""
        self.database.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Close the database."""
        self.database.close()

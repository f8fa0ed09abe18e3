"""Write docs/sandbox-fidelity.md: which behaviour of AWS the sandbox has, and how it is known.

Run from the repository: ``python -m tools.sandbox_fidelity``, with ``--check`` to compare only.
The rows are in harness/sandbox/fidelity, one file for a topic.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.marked_sections import table, write_or_check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "sandbox-fidelity.md"
FOLDER = ROOT / "harness" / "sandbox" / "fidelity"
MEND = "make docs"

_TEST = re.compile(r"tests/[\w/]+/test_\w+\.py::test_\w+")
_LINK = re.compile(r"https://[^\s/]+/\S+")
_MODEL = re.compile(r"service model: (?P<service>[\w-]+), (?P<shape>\w+)")


class FidelityError(Exception):
    """A file of harness/sandbox/fidelity cannot be read; the message names the file and the row."""


@dataclass(frozen=True)
class Behaviour:
    """A behaviour of AWS that the sandbox has, because the pipeline depends on it.

    Attributes:
        behaviour: What AWS does, in one sentence.
        test: The test that holds the sandbox to it, as pytest names it.
        source: The page, or the shape of a service model, that documents it; empty where none does.
        assumed: What is taken for true where nothing documents it, and what covers the case that
            it is not; empty where there is a source.
    """

    behaviour: str
    test: str
    source: str = ""
    assumed: str = ""

    def __post_init__(self) -> None:
        """Refuse a row that says too little, or says it in another form.

        Raises:
            TypeError: A value is no text.
            ValueError: The row says too little, or says it in another form.
        """
        for field in fields(self):
            if not isinstance(getattr(self, field.name), str):
                message = f"{field.name} must be text"
                raise TypeError(message)
        if not self.behaviour.endswith("."):
            message = "behaviour must be a sentence, with its full stop"
            raise ValueError(message)
        if bool(self.source) == bool(self.assumed):
            message = "it needs either source or assumed"
            raise ValueError(message)
        if self.source and not (_LINK.fullmatch(self.source) or _MODEL.fullmatch(self.source)):
            message = "source must be a link, or `service model: <service>, <shape>`"
            raise ValueError(message)
        if not _TEST.fullmatch(self.test):
            message = "test must be named like tests/sandbox/test_sqs.py::test_name"
            raise ValueError(message)

    @property
    def shape(self) -> tuple[str, str] | None:
        """The service and the shape of its model that document the behaviour; None for a page."""
        found = _MODEL.fullmatch(self.source)
        return (found["service"], found["shape"]) if found else None


@dataclass(frozen=True)
class Topic:
    """The behaviours of one file.

    Attributes:
        name: The topic, as its heading.
        behaviours: The rows, in the file's order.
    """

    name: str
    behaviours: tuple[Behaviour, ...]


def topics(folder: Path = FOLDER) -> list[Topic]:
    """Read every file of a folder.

    Args:
        folder: The folder with one TOML file for a topic.

    Returns:
        The topics by name.

    Raises:
        FidelityError: A file has an unknown key, or a row that says too little.
    """
    found = [topic(path.name, path.read_text(encoding="utf-8")) for path in folder.glob("*.toml")]
    return sorted(found, key=lambda read: read.name)


def topic(file_name: str, text: str) -> Topic:
    """Read the rows of one topic.

    Args:
        file_name: The file's name, for messages, and for the topic's where the file gives none.
        text: The file's text.

    Returns:
        The topic.

    Raises:
        FidelityError: There is an unknown key, a row that says too little, or no row.
    """
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{file_name}: {error}"
        raise FidelityError(message) from error
    unknown = given.keys() - {"topic", "behaviour"}
    if unknown or not given.get("behaviour"):
        message = f"{file_name}: it takes topic and [[behaviour]] rows, and no {sorted(unknown)}"
        raise FidelityError(message)
    name = given.get("topic", Path(file_name).stem.replace("-", " ").capitalize())
    rows = [_row(f"{file_name}, row {at}", row) for at, row in enumerate(given["behaviour"], 1)]
    return Topic(name, tuple(rows))


def _row(place: str, given: Mapping[str, Any]) -> Behaviour:
    try:
        return Behaviour(**given)
    except (TypeError, ValueError) as error:
        message = f"{place}: {str(error).removeprefix('Behaviour.__init__() ')}"
        raise FidelityError(message) from error


def figures(read: Iterable[Topic]) -> str:
    """Count the behaviours.

    Args:
        read: The topics.

    Returns:
        A sentence with the number of behaviours, of documented and of assumed ones.
    """
    rows = [row for topic in read for row in topic.behaviours]
    documented = sum(bool(row.source) for row in rows)
    return f"{len(rows)} behaviours: {documented} documented, {len(rows) - documented} assumed."


def sections() -> dict[str, str]:
    """Write the page's parts.

    Returns:
        Markdown by the section's name.

    Raises:
        FidelityError: A file of the folder cannot be read.
    """
    read = topics()
    parts = [f"## {each.name}\n\n{_table(each.behaviours)}" for each in read]
    return {"figures": figures(read), "behaviours": "\n\n".join(parts)}


def _table(behaviours: Iterable[Behaviour]) -> str:
    rows = [(row.behaviour, _evidence(row), _test_link(row)) for row in behaviours]
    return table(("AWS", "Known from", "Test"), rows)


def _evidence(row: Behaviour) -> str:
    if row.assumed:
        return f"assumed: {row.assumed}"
    if row.shape:
        service, shape = row.shape
        return f"service model of {service}, `{shape}`"
    page = row.source.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html")
    return f"[{page}]({row.source})"


def _test_link(row: Behaviour) -> str:
    file_name, test = row.test.split("::")
    words = test.removeprefix("test_").replace("_", " ")
    return f"[{words}](../{file_name})"


def main(arguments: list[str] | None = None) -> int:
    """Write or check docs/sandbox-fidelity.md, and print the figures.

    Args:
        arguments: Command line without the program name; the process's own by default.

    Returns:
        The exit status: 0, or 1 with one line on standard error.
    """
    parser = argparse.ArgumentParser(description="Write the tables of docs/sandbox-fidelity.md.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    options = parser.parse_args(arguments)
    try:
        written = sections()
    except FidelityError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"sandbox: {written['figures']}")
    return write_or_check(PAGE, written, check=options.check, mend=MEND)


if __name__ == "__main__":
    sys.exit(main())

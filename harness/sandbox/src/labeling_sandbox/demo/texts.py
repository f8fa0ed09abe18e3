"""Texts: messages of customers and sentences with names, as lines and as rows."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_sandbox.demo.data_set import DataSet, File, Item, Oddity, names_label, part_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAME = re.compile(r"\[([^\]]+)\]\((\w+)\)")
#: One character more than Ground Truth takes in an attribute of a manifest line.
_TOO_LONG = "long " * 4000 + "!"
#: Files over which the texts are spread.
_FILES = 4

_ODD_FILES = (
    (File("inbox/empty.txt", b""), ((None, "empty_object"),)),
    (File("inbox/only blank lines.txt", b"\n \r\n\t\n"), ((None, "empty_object"),)),
    (File("inbox/photo.png", b"no text"), ((None, "unsupported_extension"),)),
    (File("a folder marker/", b"", lines=()), ((None, None),)),
    (
        File(
            "inbox/odd lines.txt",
            _TOO_LONG.encode() + b"\n\nIt cost 5 \xa4 in Latin-9.\n",
            lines=(1, 3),
        ),
        ((1, "text_too_long"), (3, "not_utf8")),
    ),
    (
        File(
            "exports/odd rows.jsonl",
            b'{"source": 5}\n{"text": "under another name"}\n[1]\nno JSON\n\n{"source": " "}\n',
            lines=(1, 2, 3, 4, 6),
        ),
        tuple((line, "malformed_row") for line in (1, 2, 3, 4, 6)),
    ),
)


@dataclass(frozen=True)
class _Text:
    text: str
    truth: Any
    label: str


def messages_with_intents(data: Path, count: int | None) -> DataSet:
    """Messages of customers, each with one intent.

    Args:
        data: Folder of the demo's data.
        count: How many texts, None for all.

    Raises:
        ValueError: If there are fewer.
    """
    rows = _read(data, "messages.json")
    return _data_set([_Text(row["text"], row["intent"], row["intent"]) for row in rows], count)


def messages_with_topics(data: Path, count: int | None) -> DataSet:
    """Messages of customers, each with any number of topics; see `messages_with_intents`."""
    rows = _read(data, "messages.json")
    texts = [_Text(row["text"], row["topics"], names_label(row["topics"])) for row in rows]
    return _data_set(texts, count)


def sentences_with_names(data: Path, count: int | None) -> DataSet:
    """Sentences with names of persons, places and firms; see `messages_with_intents`."""
    return _data_set([_marked(row) for row in _read(data, "sentences.json")], count)


def _read(data: Path, name: str) -> list[Any]:
    rows: list[Any] = json.loads((data / name).read_text("utf-8"))
    return rows


def _marked(sentence: str) -> _Text:
    """Take the marks out of a sentence and note where they were."""
    text, entities, position = "", [], 0
    for mark in _NAME.finditer(sentence):
        text += sentence[position : mark.start()]
        start = len(text)
        text += mark[1]
        entities.append({"label": mark[2], "startOffset": start, "endOffset": len(text)})
        position = mark.end()
    text += sentence[position:]
    return _Text(text, entities, names_label(str(entity["label"]) for entity in entities))


def _data_set(texts: Sequence[_Text], count: int | None) -> DataSet:
    chosen = part_of(texts, count, "texts")
    share = len(chosen) // _FILES
    shares = [chosen[start * share : (start + 1) * share] for start in range(_FILES - 1)]
    shares.append(chosen[(_FILES - 1) * share :])
    written = [
        _lines("inbox/plain lines.txt", shares[0]),
        _windows_lines("élèves/été & 100 %/windows lines.txt", shares[1]),
        _rows("exports/a+b.jsonl", shares[2]),
        _lines("inbox/written twice.txt", shares[3], final_newline=False),
    ]
    written = [(file, items) for file, items in written if items]
    last, _ = written[-1]
    # Its first line is another one before it is overwritten.
    overwritten = File(last.key, chosen[0].text.encode(), lines=(1,))
    return DataSet(
        noun="texts",
        files=[*(file for file, _ in written), *(file for file, _ in _ODD_FILES)],
        items=[item for _, items in written for item in items],
        oddities=[
            Oddity(file.key, reason, line) for file, found in _ODD_FILES for line, reason in found
        ],
        overwritten=[overwritten],
    )


def _items(key: str, texts: Sequence[_Text], lines: Sequence[int]) -> list[Item]:
    return [
        Item(key, text.truth, text.label, line, text.text)
        for text, line in zip(texts, lines, strict=True)
    ]


def _lines(
    key: str, texts: Sequence[_Text], *, final_newline: bool = True
) -> tuple[File, list[Item]]:
    body = "\n".join(text.text for text in texts) + ("\n" if final_newline else "")
    numbers = tuple(range(1, len(texts) + 1))
    return File(key, body.encode(), numbers), _items(key, texts, numbers)


def _windows_lines(key: str, texts: Sequence[_Text]) -> tuple[File, list[Item]]:
    """Write lines as on Windows, with a byte order mark and a blank line after each."""
    body = "".join(f"{text.text}\r\n\r\n" for text in texts)
    numbers = tuple(range(1, 2 * len(texts), 2))
    return File(key, codecs.BOM_UTF8 + body.encode(), numbers), _items(key, texts, numbers)


def _rows(key: str, texts: Sequence[_Text]) -> tuple[File, list[Item]]:
    """Write rows with further keys, one of which must not be written to the manifest."""
    body = "".join(
        json.dumps(
            {"ticket": 4700 + number, "source": text.text, "source-ref": "s3://elsewhere/a.png"},
            ensure_ascii=number % 2 == 0,
        )
        + "\n"
        for number, text in enumerate(texts)
    )
    numbers = tuple(range(1, len(texts) + 1))
    return File(key, body.encode(), numbers), _items(key, texts, numbers)

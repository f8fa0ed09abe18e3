"""Recognising the encoding of an uploaded text, and decoding it some at a time.

Spreadsheets and shells of Windows write UTF-16, with a byte order mark as a rule. Read as UTF-8
such a file is half NUL characters, and cut at line feeds it is one that no later step could mend.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.visible_text import has_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Bytes that decide over the encoding: enough that a few odd characters carry no weight, and little
#: beside what a file may hold. A multiple of four, so that no character is cut.
_SAMPLE_BYTES = 64 * 1024

#: UTF-32 first: in little endian its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

#: Stands for what cannot be decoded: half a surrogate pair, which no decoded text holds.
_UNDECODABLE = "\ud800"

#: Characters that say nothing about the encoding: padding and byte order marks.
_PADDING = "\0\x1a\ufeff"

#: One odd character in so many does not speak against an encoding.
_CHARACTERS_PER_ODD_ONE = 20

#: High bytes of the UTF-16 units of all alphabets but those of East Asia, which stand below U+2000:
#: control characters in ASCII. ^Z is no sign of one, because it ends files of DOS.
_LOW_HIGH_BYTES = frozenset(range(0x20)) - {0x1A}

_FIRST_BEYOND_ASCII = 0x80

#: Units without which the bytes say too little.
_FEWEST_UNITS = 4

#: Shares of the units, each between what texts in UTF-16 have and what others have: of units below
#: U+2000 in an alphabet (almost all, and less than half), of units with a byte that is no ASCII
#: among those of East Asia (a third to all, and a tenth), and the same for a text of a single line.
_LOW_SHARE = 0.75
_BEYOND_ASCII_SHARE = 0.25
_BEYOND_ASCII_SHARE_WITHOUT_LINE_END = 0.4


class UnrecognisedEncodingError(Exception):
    """The file is in UTF-16 or in an older encoding, and nothing says in which."""


def decoded(chunks: Iterable[bytes]) -> tuple[str, Iterator[str]]:
    """Return the name of a file's encoding, and the file's characters, some at a time.

    What cannot be decoded is half a surrogate pair among the characters.

    Args:
        chunks: The file's bytes.

    Raises:
        UnrecognisedEncodingError: If the file is not UTF-8, and its encoding is not certain.
    """
    source = iter(chunks)
    sample = bytearray()
    complete = True
    for chunk in source:
        sample += chunk
        if len(sample) >= _SAMPLE_BYTES:
            complete = False
            break
    encoding = encoding_of(bytes(sample[:_SAMPLE_BYTES]), complete=complete)
    return encoding, _characters(encoding, bytes(sample), source)


def _characters(encoding: str, first: bytes, others: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    yield decoder.decode(first)
    for chunk in others:
        yield decoder.decode(chunk)
    yield decoder.decode(b"", True)


def encoding_of(sample: bytes, *, complete: bool) -> str:
    """Return the encoding of a text that begins with these bytes.

    A byte order mark decides. Without one a text is UTF-8, unless it has control characters where
    UTF-16 or UTF-32 has halves and quarters of its characters.

    Args:
        sample: The first bytes.
        complete: Whether they are all bytes.

    Raises:
        UnrecognisedEncodingError: If it is not UTF-8, and its encoding is not certain.
    """
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    is_utf8 = _is_utf8(sample, complete=complete)
    if is_utf8 and not has_control_characters(sample.decode("utf-8", "ignore")):
        return "utf-8"
    for encoding in ("utf-32-le", "utf-32-be"):
        if _odd_share_is_small(_decoded(sample, encoding)):
            return encoding
    views = [_Utf16View.of(sample, encoding) for encoding in ("utf-16-le", "utf-16-be")]
    fitting = [view for view in views if view.fits(is_utf8=is_utf8)]
    ranks = sorted(((-view.odd, view.zeros), view.encoding) for view in fitting)
    certain = len(ranks) == 1 or (bool(ranks) and ranks[0][0] != ranks[1][0])
    if certain:
        return ranks[-1][1]
    if ranks or (not is_utf8 and any(view.may_fit for view in views)):
        message = "the file looks like UTF-16 without a byte order mark; save it as UTF-8"
        raise UnrecognisedEncodingError(message)
    return "utf-8"


class _Utf16View(NamedTuple):
    """What bytes would be as UTF-16.

    Attributes:
        encoding: With its byte order.
        units: Number of 16-bit units without padding.
        whole: Whether the last unit is whole.
        odd: Number of characters that no text holds.
        zeros: Units of ASCII and Latin-1: their high byte is NUL.
        low: Units below U+2000.
        high_bytes: Number of different high bytes of the other units.
        beyond_ascii: Share of the other units of which a byte is no ASCII.
    """

    encoding: str
    units: int
    whole: bool
    odd: int
    zeros: int
    low: int
    high_bytes: int
    beyond_ascii: float

    @classmethod
    def of(cls, sample: bytes, encoding: str) -> _Utf16View:
        """Look at the bytes in one byte order."""
        even = sample[: len(sample) // 2 * 2]
        first, second = even[::2], even[1::2]
        high_bytes, low_bytes = (second, first) if encoding.endswith("le") else (first, second)
        pairs = [
            (high, low)
            for high, low in zip(high_bytes, low_bytes, strict=True)
            if high or chr(low) not in _PADDING
        ]
        others = [pair for pair in pairs if pair[0] not in _LOW_HIGH_BYTES]
        beyond = sum(max(pair) >= _FIRST_BEYOND_ASCII for pair in others)
        return cls(
            encoding=encoding,
            units=len(pairs),
            whole=len(even) == len(sample),
            odd=_odd(_decoded(sample, encoding)),
            zeros=sum(high == 0 for high, _ in pairs),
            low=len(pairs) - len(others),
            high_bytes=len({high for high, _ in others}),
            beyond_ascii=beyond / len(others) if others else 0.0,
        )

    def fits(self, *, is_utf8: bool) -> bool:
        """Return whether the bytes are a text in this encoding, beyond doubt.

        Args:
            is_utf8: Whether they could be UTF-8 with control characters, too.
        """
        if self.odd * _CHARACTERS_PER_ODD_ONE > self.units:
            return False
        if self.units < _FEWEST_UNITS and not (self.zeros and self.whole):
            return False
        if self.low >= _LOW_SHARE * self.units:
            return self.units > 0
        if not self.zeros:
            return False
        # A text of East Asia with line ends or spaces. ASCII with some NUL characters would have
        # letters for high bytes, and seldom the same.
        if self.high_bytes == 1 and self.units - self.low >= _FEWEST_UNITS:
            return True
        return not is_utf8 and self.beyond_ascii >= _BEYOND_ASCII_SHARE

    @property
    def may_fit(self) -> bool:
        """Whether the bytes could be a text of East Asia of one line."""
        return (
            self.units >= _FEWEST_UNITS
            and not self.odd
            and self.beyond_ascii >= _BEYOND_ASCII_SHARE_WITHOUT_LINE_END
        )


def _is_utf8(sample: bytes, *, complete: bool) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, complete)
    except UnicodeDecodeError:
        return False
    return True


def _decoded(sample: bytes, encoding: str) -> str:
    width = 4 if encoding.startswith("utf-32") else 2
    return sample[: len(sample) // width * width].decode(encoding, _ERRORS).strip(_PADDING)


def _odd_share_is_small(text: str) -> bool:
    return bool(text) and _odd(text) * _CHARACTERS_PER_ODD_ONE <= len(text)


def _odd(text: str) -> int:
    """Return how many characters no text holds: unassigned, private, control characters."""
    unlikely = sum(unicodedata.category(character) in {"Cn", "Co", "Cs"} for character in text)
    return unlikely + sum(map(has_control_characters, text))


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNDECODABLE, error.end


_ERRORS = "labeling_lambdas.undecodable"
codecs.register_error(_ERRORS, _mark_undecodable)

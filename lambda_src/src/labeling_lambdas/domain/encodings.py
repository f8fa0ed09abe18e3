"""Detecting the encoding of an uploaded text, and decoding it in chunks.

Spreadsheets and shells on Windows write UTF-16, usually with a byte order mark. Read as UTF-8, half
of the characters of such a file are NUL, and once it is split at line feeds no later step could
repair it.
"""

from __future__ import annotations

import codecs
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from labeling_lambdas.domain.visible_text import has_control_characters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Number of bytes that decide the encoding: enough that a few unusual characters do not matter, and
#: few compared to the size of a file. A multiple of four, so that no character is split.
_SAMPLE_BYTES = 64 * 1024

#: UTF-32 first: its little-endian mark begins with the mark of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

#: Replaces bytes that cannot be decoded: an unpaired surrogate, which no decoded text contains.
_UNDECODABLE = "\ud800"

#: Characters that do not indicate the encoding: padding and byte order marks.
_PADDING = "\0\x1a\ufeff"

#: One unusual character in this many does not rule out an encoding.
_CHARACTERS_PER_ODD_ONE = 20

#: High bytes of the UTF-16 units of all scripts except those of East Asia, which are below U+2000:
#: control characters in ASCII. ^Z is not an indication, because it ends DOS files.
_LOW_HIGH_BYTES = frozenset(range(0x20)) - {0x1A}

_FIRST_BEYOND_ASCII = 0x80

#: Minimum number of units for a decision.
_FEWEST_UNITS = 4

#: Thresholds for shares of the units, each between the share in UTF-16 texts and the share in other
#: texts: of units below U+2000 in an alphabet (almost all, and less than half), of units with a
#: non-ASCII byte among those of East Asia (a third to all, and a tenth), and the same for a text of
#: a single line.
_LOW_SHARE = 0.75
_BEYOND_ASCII_SHARE = 0.25
_BEYOND_ASCII_SHARE_WITHOUT_LINE_END = 0.4


class UnrecognisedEncodingError(Exception):
    """A file in UTF-16 or in an older encoding that cannot be determined."""


def decoded(chunks: Iterable[bytes]) -> tuple[str, Iterator[str]]:
    """Return the name of a file's encoding, and the file's characters in chunks.

    Bytes that cannot be decoded become an unpaired surrogate.

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

    A byte order mark decides. Without one, a text is UTF-8, unless it has control characters in the
    positions of the halves or quarters of UTF-16 or UTF-32 characters.

    Args:
        sample: The first bytes.
        complete: Whether the sample is the whole file.

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
    """Statistics of bytes that are read as UTF-16.

    Attributes:
        encoding: The encoding, including the byte order.
        units: Number of 16-bit units without padding.
        whole: Whether the last unit is complete.
        odd: Number of characters that do not occur in texts.
        zeros: Units of ASCII and Latin-1, whose high byte is NUL.
        low: Units below U+2000.
        high_bytes: Number of different high bytes of the other units.
        beyond_ascii: Share of the other units that have a non-ASCII byte.
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
        """Read the bytes in one byte order."""
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
        """Return whether the bytes are certainly a text in this encoding.

        Args:
            is_utf8: Whether they could also be UTF-8 with control characters.
        """
        if self.odd * _CHARACTERS_PER_ODD_ONE > self.units:
            return False
        if self.units < _FEWEST_UNITS and not (self.zeros and self.whole):
            return False
        if self.low >= _LOW_SHARE * self.units:
            return self.units > 0
        if not self.zeros:
            return False
        # An East Asian text with line ends or spaces. ASCII with some NUL characters would have
        # letters as high bytes, and rarely the same ones.
        if self.high_bytes == 1 and self.units - self.low >= _FEWEST_UNITS:
            return True
        return not is_utf8 and self.beyond_ascii >= _BEYOND_ASCII_SHARE

    @property
    def may_fit(self) -> bool:
        """Whether the bytes could be an East Asian text of one line."""
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
    """Return how many characters do not occur in texts: unassigned, private, control characters."""
    unlikely = sum(unicodedata.category(character) in {"Cn", "Co", "Cs"} for character in text)
    return unlikely + sum(map(has_control_characters, text))


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return _UNDECODABLE, error.end


_ERRORS = "labeling_lambdas.undecodable"
codecs.register_error(_ERRORS, _mark_undecodable)

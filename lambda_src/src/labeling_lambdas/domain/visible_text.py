"""Which characters a person can see."""

from __future__ import annotations

import re
import unicodedata

#: Control characters, except those that are white space: tab, line feed, vertical tab, form feed,
#: carriage return, next line.
_CONTROL = re.compile("[\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")

#: Categories of control and format characters and of white space.
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})

#: Signs before Arabic, Syriac and Kaithi numbers: format characters that are visible.
#: https://www.unicode.org/Public/16.0.0/ucd/PropList.txt, Prepended_Concatenation_Mark
_DRAWN = frozenset(
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

#: Invisible letters, marks and symbols: the grapheme joiner, Hangul fillers, Khmer vowels,
#: variation selectors, the blank Braille pattern, the null notehead, and the code points that
#: Unicode reserves for more of them.
#: https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt, Default_Ignorable_Code_Point
_DRAWN_AS_NOTHING = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\ufff0-\ufff8"
    "\U0001d159\U000e0000-\U000e0fff]"
)


def is_blank(text: str) -> bool:
    """Return whether a text has no visible characters."""
    # The first visible character decides, and is usually the first character.
    return all(_is_invisible(character) for character in text)


def has_control_characters(text: str) -> bool:
    """Return whether a text has control characters, which no page can show."""
    return _CONTROL.search(text) is not None


def _is_invisible(character: str) -> bool:
    if unicodedata.category(character) in _INVISIBLE_CATEGORIES:
        return character not in _DRAWN
    return _DRAWN_AS_NOTHING.match(character) is not None

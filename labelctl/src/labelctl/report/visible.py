"""Characters that an HTML page may have."""

from __future__ import annotations

import re

#: Control characters, halves of characters and code points that are none: an HTML page may not
#: have them. https://html.spec.whatwg.org/multipage/parsing.html#preprocessing-the-input-stream
_NOT_ALLOWED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr((plane << 16) + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
    + "]"
)
_REPLACEMENT = "\ufffd"


def visible(text: str) -> str:
    """Return a text in which the replacement character stands for what a page may not have."""
    return _NOT_ALLOWED.sub(_REPLACEMENT, text)

"""JSON and text that fit on one line, whatever the reader takes for the end of a line."""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: A value of Feature Store has the pattern ``.*``, whose dot matches no end of a line.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_FeatureValue.html
#: Ends of a line, and halves of surrogate pairs, which JSON can spell and UTF-8 cannot.
_UNFIT = re.compile("[\n\r\u0085\u2028\u2029\ud800-\udfff]")


def compact_json(value: object, *, sort_keys: bool = False) -> str:
    """Return a value as JSON without white space, on one line and with a UTF-8 form.

    A number that is none, which JSON cannot spell, becomes null.
    """
    try:
        text = _dumped(value, sort_keys=sort_keys)
    except ValueError:
        text = _dumped(with_finite_numbers(value), sort_keys=sort_keys)
    # json.dumps escapes the newline, but not every end of a line. What is left of them can only
    # stand within a string.
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def with_finite_numbers(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with None for each NaN and infinity, which Python's reader of JSON takes."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: with_finite_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_finite_numbers(inner) for inner in value]
    return value


def _dumped(value: object, *, sort_keys: bool) -> str:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=sort_keys, allow_nan=False
    )


def one_line(text: str) -> str:
    """Return a text with a space for each character that does not fit on one line."""
    return _UNFIT.sub(" ", text)


def fits_one_line(text: str) -> bool:
    """Return whether a text can be written on one line as it is."""
    return _UNFIT.search(text) is None

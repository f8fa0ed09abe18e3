"""JSON and text that fit on one line, for every character that a reader may treat as a line end."""

from __future__ import annotations

import json
import math
import re
from typing import Any

#: A Feature Store value has the pattern ``.*``, in which the dot does not match a line end.
#: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_feature_store_FeatureValue.html
#: Line ends, and unpaired surrogates, which JSON can represent and UTF-8 cannot.
_UNFIT = re.compile("[\n\r\u0085\u2028\u2029\ud800-\udfff]")


def compact_json(value: object, *, sort_keys: bool = False) -> str:
    """Return a value as JSON without white space, on one line and encodable as UTF-8.

    NaN and infinity, which JSON cannot represent, become null.
    """
    try:
        text = _dumped(value, sort_keys=sort_keys)
    except ValueError:
        text = _dumped(with_finite_numbers(value), sort_keys=sort_keys)
    # json.dumps escapes the newline, but not every line end. The others can only occur within a
    # string.
    return _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def with_finite_numbers(value: object) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with None for each NaN and infinity, which Python's JSON parser accepts."""
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
    """Return a text with a space in place of each character that does not fit on one line."""
    return _UNFIT.sub(" ", text)


def fits_one_line(text: str) -> bool:
    """Return whether a text can be written on one line unchanged."""
    return _UNFIT.search(text) is None

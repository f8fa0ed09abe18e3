"""The ``Condition`` element of IAM policies, with set qualifiers and policy variables."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

ContextValue = str | Sequence[str]
Context = Mapping[str, ContextValue]

_VARIABLE = re.compile(r"\$\{(?P<key>[^},]+)(?:,\s*'(?P<default>[^']*)')?\}")
# "${*}", "${?}" and "${$}" are the documented escapes for the three special characters.
_ESCAPES = frozenset("*?$")
#: ``arn``, partition, service, region, account and resource.
ARN_PARTS = 6


def normalise(context: Context) -> Context:
    """Return the context with lower-case keys: IAM ignores the case of key names."""
    return {key.lower(): value for key, value in context.items()}


def matches_pattern(pattern: str, value: str) -> bool:
    """Tell whether a value matches a pattern in which ``*`` and ``?`` are wildcards."""
    return re.fullmatch(_pattern_to_regex(pattern), value, re.DOTALL) is not None


def substitute(pattern: str, variables: Context | None) -> str | None:
    """Turn a policy string with variables and wildcards into a regular expression.

    Args:
        pattern: Policy text such as ``arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*``.
        variables: Values of the variables, or None where the document's version has no variables.

    Returns:
        A regular expression, or None when a variable has neither a value nor a default: nothing
        matches then.
    """
    if variables is None:
        return _pattern_to_regex(pattern)
    regex, position = "", 0
    for match in _VARIABLE.finditer(pattern):
        regex += _pattern_to_regex(pattern[position : match.start()])
        value = _variable_value(match, variables)
        if value is None:
            return None
        # A substituted value is literal: a wildcard inside it has no meaning.
        regex += re.escape(value)
        position = match.end()
    return regex + _pattern_to_regex(pattern[position:])


def without_variables(pattern: str) -> str:
    """Return a policy string with a plain word for each variable, whose name may hold a colon."""
    return _VARIABLE.sub("variable", pattern)


def satisfies(
    condition: Mapping[str, Any] | None, context: Context, variables: Context | None
) -> bool:
    """Tell whether a request's context meets every operator and key of a ``Condition`` block.

    Args:
        condition: The block, or None where the statement has none.
        context: Condition keys in lower case.
        variables: Values of policy variables, see `substitute`.

    Returns:
        True when the statement applies.

    Raises:
        ValueError: The block uses an operator that IAM does not know.
    """
    return all(
        _key_satisfies(operator, _strings(wanted), context.get(key.lower()), variables)
        for operator, block in (condition or {}).items()
        for key, wanted in block.items()
    )


def _key_satisfies(
    operator: str, wanted: Sequence[str], actual: ContextValue | None, variables: Context | None
) -> bool:
    qualifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return any((actual is None) == (value.lower() == "true") for value in wanted)
    compare, negated = _operator(name)
    values = [] if actual is None else _strings(actual)
    if not values:
        return if_exists or _holds_without_value(qualifier, negated=negated)
    hits = [any(compare(value, want, variables) for want in wanted) != negated for value in values]
    if qualifier == "ForAllValues" or (negated and qualifier != "ForAnyValue"):
        return all(hits)
    return any(hits)


def _holds_without_value(qualifier: str, *, negated: bool) -> bool:
    if qualifier == "ForAllValues":
        return True
    return negated and qualifier != "ForAnyValue"


Comparison = Callable[[str, str, Context | None], bool]


def _operator(name: str) -> tuple[Comparison, bool]:
    if name in _COMPARISONS:
        return _COMPARISONS[name], False
    positive = name.replace("Not", "", 1)
    if "Not" in name and positive in _COMPARISONS and positive not in _ORDERED:
        return _COMPARISONS[positive], True
    message = f"unknown condition operator {name!r}"
    raise ValueError(message)


def _string_equals(value: str, want: str, variables: Context | None) -> bool:
    return value == _literal(want, variables)


def _string_equals_ignore_case(value: str, want: str, variables: Context | None) -> bool:
    literal = _literal(want, variables)
    return literal is not None and value.lower() == literal.lower()


def _string_like(value: str, want: str, variables: Context | None) -> bool:
    regex = substitute(want, variables)
    return regex is not None and re.fullmatch(regex, value, re.DOTALL) is not None


def _arn_like(value: str, want: str, variables: Context | None) -> bool:
    # Each of the six parts is compared on its own, so a wildcard never reaches past a colon (but
    # in the last part).
    value_parts, want_parts = value.split(":", ARN_PARTS - 1), want.split(":", ARN_PARTS - 1)
    if want == "*":
        return True
    return len(value_parts) == len(want_parts) == ARN_PARTS and all(
        _string_like(part, pattern, variables)
        for part, pattern in zip(value_parts, want_parts, strict=True)
    )


def _boolean(value: str, want: str, _variables: Context | None) -> bool:
    return value.lower() == want.lower()


def _ip_address(value: str, want: str, _variables: Context | None) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(want, strict=False)


def _ordered(parse: Callable[[str], float], relation: Callable[[float, float], bool]) -> Comparison:
    def compare(value: str, want: str, _variables: Context | None) -> bool:
        try:
            return relation(parse(value), parse(want))
        except ValueError:
            return False

    return compare


def _timestamp(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "Equals": lambda value, want: value == want,
    "LessThan": lambda value, want: value < want,
    "LessThanEquals": lambda value, want: value <= want,
    "GreaterThan": lambda value, want: value > want,
    "GreaterThanEquals": lambda value, want: value >= want,
}
_ORDERED = frozenset(
    kind + name for kind in ("Numeric", "Date") for name in _RELATIONS if name != "Equals"
)
_COMPARISONS: dict[str, Comparison] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignore_case,
    "StringLike": _string_like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _boolean,
    "BinaryEquals": _string_equals,
    "IpAddress": _ip_address,
    **{"Numeric" + name: _ordered(float, relation) for name, relation in _RELATIONS.items()},
    **{"Date" + name: _ordered(_timestamp, relation) for name, relation in _RELATIONS.items()},
}


def _literal(text: str, variables: Context | None) -> str | None:
    if variables is None:
        return text
    result, position = "", 0
    for match in _VARIABLE.finditer(text):
        value = _variable_value(match, variables)
        if value is None:
            return None
        result += text[position : match.start()] + value
        position = match.end()
    return result + text[position:]


def _variable_value(match: re.Match[str], variables: Context) -> str | None:
    key, default = match["key"].strip(), match["default"]
    if key in _ESCAPES:
        return key
    value = variables.get(key.lower())
    # A key with several values cannot be a variable.
    return value if isinstance(value, str) else default


# The policies of a sandbox have some hundred patterns, and each request is compared with many.
@cache
def _pattern_to_regex(pattern: str) -> str:
    wildcards = {"*": ".*", "?": "."}
    return "".join(wildcards.get(character, re.escape(character)) for character in pattern)


def _strings(value: object) -> list[str]:
    values = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
    return [str(entry).lower() if isinstance(entry, bool) else str(entry) for entry in values]

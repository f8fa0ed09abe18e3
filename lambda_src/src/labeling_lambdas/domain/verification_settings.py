"""The settings of verification, and the rules for which labels reviewers see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from labeling_lambdas.domain.compact_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Maximum characters of a manifest line and of one attribute in it. Longer ones fail in the job.
#: https://docs.aws.amazon.com/sagemaker/latest/dg/input-data-limits.html
_MAX_LINE = 100_000
_MAX_ATTRIBUTE = 20_000

#: Number of digits of an item's identity that decide whether it is in the sample: 32 bits.
_SAMPLE_DIGITS = 8


class Verification(NamedTuple):
    """The settings of verification, from Terraform.

    Attributes:
        attribute: Label attribute name of verification jobs.
        accepted_category: The category that accepts a label.
        categories: All categories; None if your own category file names them.
        sample_percent: Percentage of the items that is verified.
    """

    attribute: str
    accepted_category: str
    categories: tuple[str, ...] | None
    sample_percent: float

    @classmethod
    def from_json(cls, text: str) -> Verification:
        """Read what Terraform wrote.

        Raises:
            ValueError: If it is not JSON, or the percentage is not a number.
            TypeError: If a field has the wrong type, or the value is null.
            KeyError: If a field is absent.
        """
        return cls.from_fields(json.loads(text))

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Verification:
        """Read the fields of a JSON text or of :meth:`fields`; see :meth:`from_json` for errors."""
        categories = fields["categories"]
        accepted = fields["accepted_category"]
        if not accepted or not isinstance(accepted, str):
            message = "accepted_category must be a name"
            raise TypeError(message)
        return cls(
            attribute=str(fields["attribute"]),
            accepted_category=accepted,
            categories=None if categories is None else tuple(map(str, categories)),
            sample_percent=float(fields["sample_percent"]),
        )

    def fields(self) -> dict[str, Any]:
        """Return the settings as JSON-ready fields."""
        return self._asdict()

    @classmethod
    def from_json_or_null(cls, text: str) -> Verification | None:
        """Read what Terraform wrote; return None for null, which turns verification off."""
        return None if json.loads(text) is None else cls.from_json(text)

    def wants(self, item_id: str, text: str, line: Mapping[str, Any]) -> bool:
        """Return whether a label is to be verified.

        The result depends only on the arguments and the settings, so that later calls return the
        same.

        Args:
            item_id: The item.
            text: The output line of its labeling job.
            line: The same line, as the object that it holds.
        """
        if not self.samples(item_id) or len(text) > _MAX_LINE:
            return False
        # An attribute is never longer than its line, and most lines are short.
        return len(text) <= _MAX_ATTRIBUTE or _fits(line)

    def samples(self, item_id: str) -> bool:
        """Return whether an item is in the sample. Its identity is a uniformly distributed hash."""
        chance = int(item_id[:_SAMPLE_DIGITS], 16)
        return bool(chance < self.sample_percent / 100 * 16**_SAMPLE_DIGITS)


def _fits(line: Mapping[str, Any]) -> bool:
    return all(_length(value) <= _MAX_ATTRIBUTE for value in line.values())


def _length(value: object) -> int:
    return len(value if isinstance(value, str) else compact_json(value))

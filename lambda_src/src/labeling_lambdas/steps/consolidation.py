"""Merging the answers of a custom verification job."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labeling_lambdas.aws.artifacts import read_json
from labeling_lambdas.domain.consensus import Review, consensus, read_review
from labeling_lambdas.domain.labels import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_s3 import S3Client

    from labeling_lambdas.domain.verification_settings import Verification

_log = logging.getLogger(__name__)

#: One and the same key, as AWS documents it and as its samples spell it.
_URI_KEYS = ("s3Uri", "s3uri", "S3Uri")


@dataclass(slots=True, eq=False, repr=False)
class Consolidation:
    """Merges answers.

    Attributes:
        client: S3.
        verification: Names the categories.
    """

    client: S3Client
    verification: Verification

    def merge(
        self, payload: Mapping[str, Any], *, attribute: str, categories: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """Return an entry for each object that can be judged.

        Args:
            payload: Names the file with the answers.
            attribute: Label attribute name of the job, under which the result belongs.
            categories: Categories of the job; None if the event names none.
        """
        known = self.verification.categories or categories
        merged = []
        left_out = 0
        for entry in self._contents(payload):
            answers = [read_review(it, known) for it in self._answers(entry)]
            reviews = [review for review in answers if isinstance(review, Review)]
            if not reviews:
                left_out += 1
                continue
            merged.append(
                {
                    "datasetObjectId": named(entry, "dataset-object-id"),
                    "consolidatedAnnotation": {
                        "content": {attribute: consensus(reviews, self.verification)}
                    },
                }
            )
        _log.info("answers merged", extra={"merged": len(merged), "left_out": left_out})
        return merged

    def _answers(self, entry: Mapping[str, Any]) -> list[object]:
        return [
            self._contents(named(annotation, "annotation-data") or {})
            for annotation in entry.get("annotations") or ()
        ]

    def _contents(self, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Return what is held in place, or in a file that is named instead."""
        if "content" in data:
            return data["content"]
        uri = next((data[key] for key in _URI_KEYS if key in data), None)
        return read_json(self.client, uri) if uri else None

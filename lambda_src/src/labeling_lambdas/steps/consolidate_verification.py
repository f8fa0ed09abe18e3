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

#: The same key, as AWS documents it and as AWS's samples spell it.
_URI_KEYS = ("s3Uri", "s3uri", "S3Uri")


@dataclass(eq=False, repr=False)
class ConsolidateVerification:
    """The consolidation of reviewers' answers.

    Attributes:
        client: S3.
        verification: Names the categories.
    """

    client: S3Client
    verification: Verification

    def merge(
        self, payload: Mapping[str, Any], *, attribute: str, categories: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """Return an entry for each object that has a consensus.

        Args:
            payload: Contains the location of the file with the answers.
            attribute: Label attribute name of the job, which is the key of the result.
            categories: Categories of the job; None if the event names none.
        """
        known = self.verification.categories or categories
        merged = []
        left_out = 0
        for entry in self._contents(payload):
            answers = [read_review(answer, known) for answer in self._answers(entry)]
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
        """Return the inline content, or the content of the file that is referenced instead."""
        if "content" in data:
            return data["content"]
        uri = next((data[key] for key in _URI_KEYS if key in data), None)
        return read_json(self.client, uri) if uri else None

"""The engines: where people label."""

from __future__ import annotations

from enum import StrEnum


class Engine(StrEnum):
    """Where people do a labeling job."""

    GROUND_TRUTH = "ground_truth"
    LABEL_STUDIO = "label_studio"

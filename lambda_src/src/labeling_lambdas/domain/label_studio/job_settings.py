"""The settings of jobs in Label Studio."""

from __future__ import annotations

from typing import NamedTuple


class StudioJobSettings(NamedTuple):
    """The settings of every job in Label Studio, from Terraform, which checks them at plan.

    Attributes:
        engine: ``label_studio``.
        instructions: What people read.
        label_attribute_name: Key of the label, or of the verdict, in the output manifest.
        labels: The classes, in order.
        task_availability_seconds: How long people can answer.
        workers_per_object: Number of people for each object.
    """

    engine: str
    instructions: str
    label_attribute_name: str
    labels: tuple[str, ...]
    task_availability_seconds: int
    workers_per_object: int

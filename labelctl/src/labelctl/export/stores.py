"""Where the records of a pipeline are, from its SSM parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labelctl.error_messages import LabelctlError

if TYPE_CHECKING:
    from labelctl.connection import Connection


@dataclass(frozen=True, slots=True)
class Stores:
    """Where records and frozen training sets are.

    Attributes:
        feature_group: Name of the feature group.
        output_bucket: The output bucket.
    """

    feature_group: str
    output_bucket: str


def find_stores(connection: Connection, name: str) -> Stores:
    """Look up where the records of a pipeline are.

    Args:
        connection: The connection to AWS.
        name: The module's ``job_name``.

    Raises:
        LabelctlError: If the pipeline was applied with an older version of the module.
    """
    names = [f"/{name}/{part}" for part in ("feature-group-name", "output-bucket-name")]
    answer = connection.client("ssm").get_parameters(Names=names)
    values = {entry["Name"]: str(entry["Value"]) for entry in answer["Parameters"]}
    missing = [path for path in names if path not in values]
    if missing:
        message = (
            f"pipeline {name} lacks the parameters {', '.join(missing)};"
            " apply this version of the module"
        )
        raise LabelctlError(message)
    return Stores(*(values[path] for path in names))

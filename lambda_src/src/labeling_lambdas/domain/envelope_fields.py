"""The fields of an untrusted envelope, and their bounds."""

from __future__ import annotations

from typing import Any

#: Bounds of the fields of an envelope. Every run stays far below them, and values beyond them, from
#: an operator or another sender, must not reach the ledger.
_MAX_COUNT = 1_000_000
_MAX_RUN_ID = 64
_MAX_URI = 1200


class MalformedError(Exception):
    """A message body that is not a message of this pipeline."""


def count_of(message: dict[str, Any], name: str) -> int:
    """Return a number from an envelope.

    Raises:
        MalformedError: If it is out of bounds.
    """
    count = int(message[name])
    if not 0 <= count <= _MAX_COUNT:
        problem = f"{name} must be between 0 and {_MAX_COUNT}"
        raise MalformedError(problem)
    return count


def run_id_of(message: dict[str, Any]) -> str:
    """Return the run that sent an envelope.

    Raises:
        MalformedError: If it is too long, or not ASCII.
    """
    run_id = str(message["run_id"])
    if not (run_id.isascii() and len(run_id) <= _MAX_RUN_ID):
        problem = f"run_id must have at most {_MAX_RUN_ID} ASCII characters"
        raise MalformedError(problem)
    return run_id


def label_uri_of(message: dict[str, Any]) -> str:
    """Return the file that holds the label of an envelope's item, empty if there is none.

    Raises:
        MalformedError: If it is not a string, or is too long.
    """
    uri = message.get("label_uri", "")
    if not (isinstance(uri, str) and len(uri) <= _MAX_URI):
        problem = f"label_uri must be a string of at most {_MAX_URI} characters"
        raise MalformedError(problem)
    # An unpaired surrogate, which JSON can represent, cannot be sent to the ledger.
    uri.encode()
    return uri

"""The policy statements that have allowed a request, which reveals unused grants."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labeling_sandbox.iam.policy_evaluation import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable

    from labeling_sandbox.iam.policy_evaluation import Evaluation

TRUST_POLICY = "trust"
RESOURCE_POLICY = "resource"


@dataclass(frozen=True, order=True)
class Grant:
    """One action of one statement.

    Attributes:
        owner: The name of the role whose policy it is, or the ARN of the resource or key.
        policy: The name of the role's policy, `TRUST_POLICY` or `RESOURCE_POLICY`.
        statement: The statement's id.
        action: The action as the statement writes it, wildcards included.
    """

    owner: str
    policy: str
    statement: str
    action: str


_used: set[Grant] = set()
_lock = threading.Lock()


def of(owner: str, policy: str, evaluation: Evaluation) -> list[Grant]:
    """Return the grants by which one policy allowed a request; none where it did not."""
    if evaluation.decision is not Decision.ALLOW:
        return []
    return [Grant(owner, policy, statement, action) for statement, action in evaluation.grants]


def note(grants: Iterable[Grant]) -> None:
    """Remember grants that a request was allowed by."""
    with _lock:
        _used.update(grants)


def entries() -> list[Grant]:
    """Return every grant that was used since the start or the last reset."""
    with _lock:
        return sorted(_used)


def reset() -> None:
    """Forget what was used."""
    with _lock:
        _used.clear()

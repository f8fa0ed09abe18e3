"""All judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.referees import executions, ledger, pages, policies, terraform

if TYPE_CHECKING:
    from tools.referees.verdicts import Judge

JUDGES: tuple[Judge, ...] = (
    *terraform.JUDGES,
    policies.JUDGE,
    pages.JUDGE,
    ledger.JUDGE,
    executions.JUDGE,
)

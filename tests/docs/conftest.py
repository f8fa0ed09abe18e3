"""Plans that tests of the documentation share with those of tests/plan."""

from __future__ import annotations

from tests.plan.conftest import plan

__all__ = ["plan"]

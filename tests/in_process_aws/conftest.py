"""An account for each test; tests that use a place run in the sandbox as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.in_process_aws.place import AccountPlace, SandboxPlace
from tests.sandbox.resources import make_role

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import Place


@pytest.fixture
def account_place() -> AccountPlace:
    return AccountPlace()


@pytest.fixture
def account(account_place: AccountPlace) -> Account:
    return account_place.account


@pytest.fixture(scope="session")
def sandbox_place(request: pytest.FixtureRequest) -> SandboxPlace:
    sandbox = request.getfixturevalue("sandbox")
    return SandboxPlace(sandbox, make_role(sandbox, "agreeing-group", "sagemaker.amazonaws.com"))


@pytest.fixture(params=["account", "sandbox"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return the account, then the sandbox, so that both are tested."""
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found

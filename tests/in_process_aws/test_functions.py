"""A function is called without waiting for it; one that does not exist is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from in_process_aws.account import Account
    from tests.in_process_aws.place import Place

_ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


def test_a_function_that_does_not_exist_is_refused(place: Place) -> None:
    with pytest.raises(ClientError) as raised:
        place.client("lambda").invoke(FunctionName=f"{_ARN}none", InvocationType="Event")
    assert code_of(raised) == "ResourceNotFoundException"


def test_a_call_is_accepted(account: Account) -> None:
    called: list[str] = []
    account.functions.calls[f"{_ARN}one"] = lambda: called.append("one")
    answer = account.client("lambda").invoke(FunctionName=f"{_ARN}one", InvocationType="Event")
    assert answer["StatusCode"] == 202
    assert called == ["one"]

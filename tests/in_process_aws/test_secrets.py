"""A secret is read by its ARN; one that does not exist is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.in_process_aws.place import code_of

if TYPE_CHECKING:
    from tests.in_process_aws.place import Place


def test_a_secret_is_read_by_its_arn_and_by_its_name(place: Place) -> None:
    arn = place.new_secret("a text")
    found = place.client("secretsmanager").get_secret_value(SecretId=arn)
    assert (found["ARN"], found["SecretString"]) == (arn, "a text")
    named = place.client("secretsmanager").get_secret_value(SecretId=found["Name"])
    assert named["SecretString"] == "a text"


def test_a_secret_that_does_not_exist_is_refused(place: Place) -> None:
    with pytest.raises(ClientError) as raised:
        place.client("secretsmanager").get_secret_value(SecretId="no-such-secret")
    assert code_of(raised) == "ResourceNotFoundException"

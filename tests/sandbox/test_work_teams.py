"""Work teams: private ones, and those of vendors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from labeling_sandbox.iam import credentials
from tests.sandbox.resources import control, make_role

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox


def test_a_work_team_can_be_created_and_described(sandbox: Sandbox) -> None:
    client = sandbox.client("sagemaker")
    created = client.create_workteam(
        WorkteamName="team",
        Description="people",
        MemberDefinitions=[{"OidcMemberDefinition": {"Groups": ["group"]}}],
    )
    described = client.describe_workteam(WorkteamName="team")["Workteam"]
    assert described["WorkteamArn"] == created["WorkteamArn"]
    assert client.delete_workteam(WorkteamName="team")["Success"]
    with pytest.raises(ClientError):
        client.describe_workteam(WorkteamName="team")


def test_a_vendor_team_is_described_while_it_is_subscribed_to(sandbox: Sandbox) -> None:
    client = sandbox.client("sagemaker")
    arn = "arn:aws:sagemaker:us-east-1:394669845002:workteam/vendor-crowd/team"
    control(sandbox, "POST", "work-team-subscriptions", {"workteam_arn": arn})
    described = client.describe_subscribed_workteam(WorkteamArn=arn)["SubscribedWorkteam"]
    assert described["WorkteamArn"] == arn
    control(sandbox, "POST", "work-team-subscriptions", {"workteam_arn": arn, "subscribed": False})
    with pytest.raises(ClientError):
        client.describe_subscribed_workteam(WorkteamArn=arn)


def test_describing_a_vendor_team_needs_permission_on_its_arn(sandbox: Sandbox) -> None:
    arn = "arn:aws:sagemaker:us-east-1:394669845002:workteam/vendor-crowd/permitted"
    control(sandbox, "POST", "work-team-subscriptions", {"workteam_arn": arn})
    action = "sagemaker:DescribeSubscribedWorkteam"
    allowed = make_role(
        sandbox,
        "describes-a-team",
        "ec2.amazonaws.com",
        {"Effect": "Allow", "Action": action, "Resource": arn},
    )
    held = credentials.assume(allowed, "operator").for_client()
    client = sandbox.client("sagemaker", **held)
    assert client.describe_subscribed_workteam(WorkteamArn=arn)["SubscribedWorkteam"]
    with pytest.raises(ClientError, match=f"not authorized to perform: {action}"):
        client.describe_subscribed_workteam(WorkteamArn=arn.replace("permitted", "other"))

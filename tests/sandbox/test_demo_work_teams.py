"""The demo's pipeline has the work teams that it names, so that doctor finds them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from labeling_sandbox.demo.pipeline import Pipeline

if TYPE_CHECKING:
    from labeling_sandbox.server import Sandbox

TEAMS = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd"


def test_each_work_team_is_created_once(sandbox: Sandbox) -> None:
    jobs = {
        "label": {"workteam_arn": f"{TEAMS}/demo-team"},
        "verify": {"workteam_arn": f"{TEAMS}/demo-team"},
    }
    sandbox.client("ssm").put_parameter(
        Name="/teams/resources", Value=json.dumps({"jobs": jobs}), Type="String"
    )
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:teams"
    Pipeline(sandbox, {"state_machine_arn": machine}).create_work_teams()
    described = sandbox.client("sagemaker").describe_workteam(WorkteamName="demo-team")
    assert described["Workteam"]["WorkteamArn"] == f"{TEAMS}/demo-team"


def test_a_pipeline_without_reviewers_has_one_team(sandbox: Sandbox) -> None:
    jobs = {"label": {"workteam_arn": f"{TEAMS}/alone"}, "verify": None}
    sandbox.client("ssm").put_parameter(
        Name="/alone/resources", Value=json.dumps({"jobs": jobs}), Type="String"
    )
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:alone"
    Pipeline(sandbox, {"state_machine_arn": machine}).create_work_teams()
    assert sandbox.client("sagemaker").describe_workteam(WorkteamName="alone")["Workteam"]

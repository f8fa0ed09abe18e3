"""Ways to break what the labeling jobs of a deployed pipeline need."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.labelctl.deployed import Deployed, Undo

VENDOR_TEAM = "arn:aws:sagemaker:us-east-1:394669845002:workteam/vendor-crowd/labelers"
PUBLIC_TEAM = "arn:aws:sagemaker:us-east-1:394669845002:workteam/public-crowd/default"


def ground_truth_closed(deployed: Deployed) -> Undo:
    pipeline = deployed.deployment.pipeline
    pipeline.control("ground-truth", {"open": False})
    return lambda: pipeline.control("ground-truth", {"open": True})


def vendor_team_without_subscription(deployed: Deployed) -> Undo:
    return _work_team(deployed, VENDOR_TEAM)


def subscribed_vendor_team(deployed: Deployed) -> Undo:
    """Label with a vendor's team, which breaks nothing."""
    pipeline, restore = deployed.deployment.pipeline, _work_team(deployed, VENDOR_TEAM)
    subscription = {"workteam_arn": VENDOR_TEAM}
    pipeline.control("work-team-subscriptions", subscription)

    def undo() -> None:
        restore()
        pipeline.control("work-team-subscriptions", {**subscription, "subscribed": False})

    return undo


def public_work_team(deployed: Deployed) -> Undo:
    return _work_team(deployed, PUBLIC_TEAM)


def _work_team(deployed: Deployed, arn: str) -> Undo:
    before = deployed.parameter("resources")
    label = {**before["jobs"]["label"], "workteam_arn": arn}
    put_resources(deployed, {**before, "jobs": {**before["jobs"], "label": label}})
    return lambda: put_resources(deployed, before)


def put_resources(deployed: Deployed, value: Any) -> None:
    """Replace what the module has published for ``labelctl doctor``."""
    deployed.client("ssm").put_parameter(
        Name=f"/{deployed.name}/resources", Value=json.dumps(value), Type="String", Overwrite=True
    )


def work_team_deleted(deployed: Deployed) -> Undo:
    arn = deployed.parameter("resources")["jobs"]["label"]["workteam_arn"]
    deployed.client("sagemaker").delete_workteam(WorkteamName=arn.rpartition("/")[2])
    return deployed.deployment.pipeline.create_work_teams


def worker_file_deleted(deployed: Deployed) -> Undo:
    s3 = deployed.client("s3")
    bucket, _, key = deployed.parameter("resources")["jobs"]["label"]["worker_files"][0][
        5:
    ].partition("/")
    marker = s3.delete_object(Bucket=bucket, Key=key)["VersionId"]
    return lambda: s3.delete_object(Bucket=bucket, Key=key, VersionId=marker)


def labeling_role_without_policy(deployed: Deployed) -> Undo:
    iam, role = deployed.client("iam"), deployed.output("ground_truth_role_arn").rpartition("/")[2]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = json.dumps(iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
    iam.delete_role_policy(RoleName=role, PolicyName=name)
    return lambda: iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)


def labeling_role_that_trusts_another_service(deployed: Deployed) -> Undo:
    iam, role = deployed.client("iam"), deployed.output("ground_truth_role_arn").rpartition("/")[2]
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    changed = json.loads(json.dumps(before).replace("sagemaker.", "lambda."))
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(changed))
    return lambda: iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))


def uploads_without_cors(deployed: Deployed) -> Undo:
    s3, bucket = deployed.client("s3"), deployed.output("upload_bucket_name")
    rules = s3.get_bucket_cors(Bucket=bucket)["CORSRules"]
    s3.delete_bucket_cors(Bucket=bucket)
    return lambda: s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})

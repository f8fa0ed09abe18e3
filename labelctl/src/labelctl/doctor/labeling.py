"""Checks of what labeling jobs need: the service, work teams, files for workers and the role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from labelctl.doctor.checks import Check, Problem, warning
from labelctl.doctor.lookups import APPLY, found, principals, statements
from labelctl.doctor.simulation import Use, denied
from labelctl.error_messages import is_denial, names_permission

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from labelctl.doctor.checks import Subject

#: Ground Truth's service principal.
_SERVICE = "sagemaker.amazonaws.com"


def _ground_truth(subject: Subject) -> Iterator[Problem]:
    if subject.deployed.job_state_rule is None:
        return
    try:
        subject.client("sagemaker").list_labeling_jobs(MaxResults=1)
    except ClientError as error:
        # A denial that names no permission is not one of a policy: the account has no access.
        if is_denial(error) and names_permission(error):
            raise
        details = error.response["Error"]
        yield Problem(
            f"Ground Truth is closed to this account or region: {details['Code']}:"
            f" {' '.join(details.get('Message', '').split())}",
            "AWS stopped accepting new Ground Truth customers; deploy to an account and region"
            " that have used it, or ask AWS Support",
        )


def _work_teams(subject: Subject) -> Iterator[Problem]:
    for arn in sorted({job.work_team_arn for job in subject.deployed.jobs.values()}):
        yield from _work_team(subject, arn)


def _work_team(subject: Subject, arn: str) -> Iterator[Problem]:
    sagemaker = subject.client("sagemaker")
    _, _, _, _, account, resource = arn.split(":", 5)
    name = resource.rpartition("/")[2]
    if "/public-crowd/" in arn:
        yield Problem(
            f"the work team {arn} is the public one: Mechanical Turk has closed",
            "set workteam_arn or verification.workteam_arn to a private or vendor work team",
        )
    elif "/vendor-crowd/" in arn:
        if _absent_team(lambda: sagemaker.describe_subscribed_workteam(WorkteamArn=arn)):
            yield Problem(
                f"this account is not subscribed to the vendor's work team {arn}",
                "subscribe to the vendor in AWS Marketplace",
            )
    elif account != subject.pipeline.state_machine_arn.split(":")[4]:
        yield warning(
            f"the work team {arn} belongs to another account and cannot be looked up",
            "let a labeling job with one object show whether Ground Truth accepts it",
        )
    elif _absent_team(lambda: sagemaker.describe_workteam(WorkteamName=name)):
        yield Problem(
            f"the work team {arn} does not exist",
            "create it, or set workteam_arn or verification.workteam_arn to one that exists",
        )


def _absent_team(describe: Callable[[], object]) -> bool:
    try:
        describe()
    except ClientError as error:
        # The answer to an unknown work team is a ValidationException.
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeWorkteam.html
        if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
            raise
        return True
    return False


def _worker_files(subject: Subject) -> Iterator[Problem]:
    for uri in sorted({uri for job in subject.deployed.jobs.values() for uri in job.worker_files}):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        # The answer to HeadObject has no text, so it cannot name the permission for the key.
        answer = found(subject.client("s3").get_object, Bucket=bucket, Key=key)
        if answer is None:
            yield Problem(f"the file for workers {uri} does not exist", APPLY)
        else:
            answer["Body"].close()


def _role(subject: Subject) -> Iterator[Problem]:
    for role_arn in sorted({job.role_arn for job in subject.deployed.jobs.values()}):
        yield from _role_problems(subject, role_arn)


def _role_problems(subject: Subject, role_arn: str) -> Iterator[Problem]:
    name = role_arn.rpartition("/")[2]
    role = found(subject.client("iam").get_role, RoleName=name)
    if role is None:
        yield Problem(f"the role of labeling jobs {name} does not exist", APPLY)
        return
    trust = role["Role"]["AssumeRolePolicyDocument"]
    if not any(_SERVICE in principals(statement) for statement in statements(json.dumps(trust))):
        yield Problem(f"the role {name} does not trust {_SERVICE}", APPLY)
    yield from denied(subject, role_arn, _job_uses(subject))


def _job_uses(subject: Subject) -> Iterator[Use]:
    deployed = subject.deployed
    uploads, output = (
        subject.bucket_arn(bucket)
        for bucket in (subject.pipeline.upload_bucket, deployed.output_bucket)
    )
    yield Use("s3:GetObject", f"{uploads}/*")
    yield Use("s3:PutObject", f"{output}/labeling-jobs/*")
    yield Use("kms:Decrypt", deployed.kms_key_arn, "s3")
    yield Use("kms:GenerateDataKey", deployed.kms_key_arn, "s3")
    for job in deployed.jobs.values():
        for uri in job.worker_files:
            path = uri.removeprefix("s3://")
            # The functions copy the module's files to each run; Ground Truth reads your own.
            if not path.startswith(f"{deployed.output_bucket}/"):
                yield Use("s3:GetObject", subject.bucket_arn(path))


def _cors(subject: Subject) -> Iterator[Problem]:
    bucket = subject.pipeline.upload_bucket
    if subject.pipeline.splits_uploads:
        return
    answer = found(subject.client("s3").get_bucket_cors, Bucket=bucket)
    rules = answer["CORSRules"] if answer else []
    if not any("GET" in rule["AllowedMethods"] for rule in rules):
        yield Problem(
            f"the bucket {bucket} has no CORS rule that allows GET: workers see no images", APPLY
        )


def _feature_group(subject: Subject) -> Iterator[Problem]:
    name = subject.deployed.feature_group
    group = found(subject.client("sagemaker").describe_feature_group, FeatureGroupName=name)
    if group is None:
        yield Problem(f"the feature group {name} does not exist: no label can be stored", APPLY)
        return
    if group["FeatureGroupStatus"] != "Created":
        reason = group.get("FailureReason", "no reason is stated")
        yield Problem(f"the feature group {name} is {group['FeatureGroupStatus']}: {reason}", APPLY)
    offline = group.get("OfflineStoreStatus", {})
    if offline.get("Status") == "Blocked":
        yield Problem(
            f"the offline store of {name} is blocked: {offline.get('BlockedReason', '')}", APPLY
        )


CHECKS = (
    Check("ground_truth", "Ground Truth answers in this account and region", _ground_truth),
    Check("work_teams", "the work teams exist", _work_teams),
    Check("worker_files", "worker templates and label categories exist", _worker_files),
    Check("labeling_role", "labeling jobs may read uploads and write labels", _role),
    Check("cors", "browsers of workers may load the uploads", _cors),
    Check("feature_group", "the feature group takes records", _feature_group),
)

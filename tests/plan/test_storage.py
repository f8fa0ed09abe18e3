"""The buckets are private, encrypted, and open only to the roles that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.planned import Planned, as_list
from tests.plan.scenarios import KEY_ARN

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.terraform

USES = ("features", "output", "upload")
ACCOUNT_ROOT = "arn:aws:iam::123456789012:root"
DEPLOYERS = [
    "arn:aws:iam::123456789012:role/*/deployment",
    "arn:aws:iam::123456789012:role/deployment",
]
ARTIFACT_STEPS = (
    "finish-run",
    "plan-results",
    "poll-queue",
    "return-items",
    "start-labeling-job",
    "update-feature-store",
)


def role(name: str, path: str = "/") -> str:
    return f"arn:aws:iam::123456789012:role{path}digits-{name}-us-east-1"


def of_bucket(planned: Planned, kind: str, use: str) -> dict[str, Any]:
    return planned.resources[f'module.storage.{kind}.this["{use}"]']


def excepted(planned: Planned, use: str, sid: str) -> set[str]:
    """Who is excepted from a denial."""
    policy = planned.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
    return set(as_list(policy[sid]["Condition"]["ArnNotLike"]["aws:PrincipalArn"]))


@pytest.fixture(scope="session")
def own_key(plan: Callable[[str], Planned]) -> Planned:
    return plan("own_key")


@pytest.fixture(scope="session")
def enterprise(plan: Callable[[str], Planned]) -> Planned:
    return plan("enterprise")


@pytest.mark.parametrize("use", USES)
def test_a_bucket_is_versioned_private_and_encrypted(own_key: Planned, use: str) -> None:
    versioning = of_bucket(own_key, "aws_s3_bucket_versioning", use)
    assert versioning["versioning_configuration"][0]["status"] == "Enabled"
    block = of_bucket(own_key, "aws_s3_bucket_public_access_block", use)
    names = ("block_public_acls", "block_public_policy", "ignore_public_acls")
    assert all(block[name] for name in (*names, "restrict_public_buckets"))
    owner = of_bucket(own_key, "aws_s3_bucket_ownership_controls", use)
    assert owner["rule"][0]["object_ownership"] == "BucketOwnerEnforced"
    kind = "aws_s3_bucket_server_side_encryption_configuration"
    rule = of_bucket(own_key, kind, use)["rule"][0]
    assert rule["bucket_key_enabled"] is True
    assert rule["apply_server_side_encryption_by_default"] == [
        {"kms_master_key_id": KEY_ARN, "sse_algorithm": "aws:kms"}
    ]
    lifecycle = of_bucket(own_key, "aws_s3_bucket_lifecycle_configuration", use)
    abort = lifecycle["rule"][0]["abort_incomplete_multipart_upload"]
    assert abort == [{"days_after_initiation": 7}]
    assert of_bucket(own_key, "aws_s3_bucket", use)["force_destroy"] is False


@pytest.mark.parametrize("use", USES)
def test_a_bucket_refuses_requests_without_tls(own_key: Planned, use: str) -> None:
    policy = own_key.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
    bucket = f"arn:aws:s3:::digits-123456789012-us-east-1-{use}"
    denial = policy["DenyInsecureTransport"]
    assert denial["Effect"] == "Deny"
    assert denial["Principal"] == "*"
    assert denial["Action"] == "s3:*"
    assert as_list(denial["Resource"]) == [bucket, f"{bucket}/*"]
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("use", USES)
def test_a_put_under_another_key_is_refused_and_one_that_names_none_is_not(
    own_key: Planned, use: str
) -> None:
    policy = own_key.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
    header = "s3:x-amz-server-side-encryption"
    expected = {
        "DenyOtherEncryption": {
            "Null": {header: "false"},
            "StringNotEquals": {header: "aws:kms"},
        },
        "DenyOtherKeys": {
            "Null": {f"{header}-aws-kms-key-id": "false"},
            "StringNotEquals": {f"{header}-aws-kms-key-id": KEY_ARN},
        },
        "DenyCustomerProvidedKeys": {"Null": {f"{header}-customer-algorithm": "false"}},
    }
    for sid, condition in expected.items():
        assert policy[sid]["Effect"] == "Deny"
        assert policy[sid]["Action"] == "s3:PutObject"
        assert policy[sid]["Condition"] == condition


@pytest.mark.parametrize(
    ("use", "sid", "roles"),
    [
        ("features", "DenyOtherReaders", ["feature-group"]),
        ("features", "DenyOtherWriters", ["feature-group"]),
        ("output", "DenyOtherReaders", ["ground-truth", *ARTIFACT_STEPS]),
        ("output", "DenyOtherWriters", ["ground-truth", *ARTIFACT_STEPS]),
        ("upload", "DenyOtherReaders", ["ground-truth"]),
        ("upload", "DenyOtherWriters", []),
    ],
)
def test_only_the_roles_that_need_a_bucket_and_who_deploys_reach_its_objects(
    own_key: Planned, use: str, sid: str, roles: list[str]
) -> None:
    assert excepted(own_key, use, sid) == {*map(role, roles), ACCOUNT_ROOT, *DEPLOYERS}


@pytest.mark.parametrize("use", USES)
def test_denied_principals_cannot_read_or_write_old_versions(own_key: Planned, use: str) -> None:
    policy = own_key.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
    for sid, actions in (
        ("DenyOtherReaders", ["s3:GetObject", "s3:GetObjectVersion"]),
        ("DenyOtherWriters", ["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"]),
    ):
        assert policy[sid]["Effect"] == "Deny"
        assert policy[sid]["Principal"] == "*"
        assert as_list(policy[sid]["Action"]) == actions


@pytest.mark.parametrize("use", USES)
def test_no_denial_but_that_of_insecure_transport_touches_the_management_of_a_bucket(
    own_key: Planned, use: str
) -> None:
    policy = own_key.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
    for sid, statement in policy.items():
        if sid != "DenyInsecureTransport":
            assert all(resource.endswith("/*") for resource in as_list(statement["Resource"])), sid


def test_templates_and_categories_stay_readable_for_whoever_runs_terraform(
    own_key: Planned,
) -> None:
    policy = own_key.statements('module.storage.aws_s3_bucket_policy.this["output"]')
    bucket = "arn:aws:s3:::digits-123456789012-us-east-1-output"
    for sid in ("DenyOtherReaders", "DenyOtherWriters"):
        denied = as_list(policy[sid]["Resource"])
        assert denied == [
            f"{bucket}/labeling-jobs/*",
            f"{bucket}/runs/*",
            f"{bucket}/training-sets/*",
        ]


def test_a_frozen_training_set_is_replaced_by_nobody(own_key: Planned) -> None:
    policy = own_key.statements('module.storage.aws_s3_bucket_policy.this["output"]')
    sets = "arn:aws:s3:::digits-123456789012-us-east-1-output/training-sets/*"
    denial = {name: policy["DenyChangesOfTrainingSets"][name] for name in ("Effect", "Principal")}
    assert denial == {"Effect": "Deny", "Principal": "*"}
    assert policy["DenyChangesOfTrainingSets"]["Action"] == "s3:PutObject"
    assert policy["DenyChangesOfTrainingSets"]["Resource"] == sets
    assert policy["DenyChangesOfTrainingSets"]["Condition"] == {
        "Null": {"s3:if-none-match": "true"}
    }


def test_named_principals_may_upload_and_read_also_from_another_account(
    enterprise: Planned,
) -> None:
    cameras = "arn:aws:iam::123456789012:role/cameras"
    analysis = "arn:aws:iam::210987654321:role/analysis"
    platform = "arn:aws:iam::123456789012:role/platform"
    path = "/labeling/"
    administrators = {ACCOUNT_ROOT, platform}
    assert excepted(enterprise, "upload", "DenyOtherWriters") == {cameras, *administrators}
    compactor = "arn:aws:iam::123456789012:role/compactor"
    assert excepted(enterprise, "features", "DenyOtherReaders") == {
        role("feature-group", path),
        analysis,
        compactor,
        *administrators,
    }
    assert compactor in excepted(enterprise, "features", "DenyOtherWriters")
    assert compactor not in excepted(enterprise, "output", "DenyOtherReaders")
    upload = enterprise.statements('module.storage.aws_s3_bucket_policy.this["upload"]')
    assert upload["UploadPrincipals"]["Principal"] == {"AWS": cameras}
    assert "s3:GetObject" not in as_list(upload["UploadPrincipals"]["Action"])
    for use in ("features", "output"):
        policy = enterprise.statements(f'module.storage.aws_s3_bucket_policy.this["{use}"]')
        assert policy["ReaderPrincipals"]["Principal"] == {"AWS": analysis}
        assert as_list(policy["ReaderPrincipals"]["Action"]) == [
            "s3:GetObject",
            "s3:GetObjectVersion",
        ]


@pytest.mark.parametrize("use", USES)
def test_lifting_the_denials_of_writers_changes_nothing_else(
    plan: Callable[[str], Planned], own_key: Planned, use: str
) -> None:
    address = f'module.storage.aws_s3_bucket_policy.this["{use}"]'
    usual = own_key.statements(address)
    lifted = plan("lifted_denials").statements(address)
    assert usual.pop("DenyOtherWriters")["Effect"] == "Deny"
    assert lifted == usual
    assert {"DenyInsecureTransport", "DenyOtherKeys", "DenyOtherReaders"} <= set(lifted)


def test_lifting_the_denials_of_writers_touches_no_other_policy(
    plan: Callable[[str], Planned], own_key: Planned
) -> None:
    lifted = plan("lifted_denials")
    assert set(lifted.resources) == set(own_key.resources)
    changed = {
        address
        for address, values in own_key.resources.items()
        for policy in ("policy", "assume_role_policy")
        if values.get(policy) != lifted.resources[address].get(policy)
    }
    assert changed == {f'module.storage.aws_s3_bucket_policy.this["{use}"]' for use in USES}


def test_only_uploads_raise_events_and_serve_browsers(own_key: Planned) -> None:
    notifications = own_key.of_type("aws_s3_bucket_notification")
    assert list(notifications) == ["module.storage.aws_s3_bucket_notification.upload"]
    assert all(values["eventbridge"] for values in notifications.values())
    cors = own_key.of_type("aws_s3_bucket_cors_configuration")
    assert list(cors) == ["module.storage.aws_s3_bucket_cors_configuration.upload[0]"]
    (rule,) = next(iter(cors.values()))["cors_rule"]
    assert rule["allowed_methods"] == ["GET"]
    assert rule["allowed_origins"] == ["*"]
    assert rule["expose_headers"] == ["Access-Control-Allow-Origin"]


def test_access_logs_of_each_bucket_have_their_own_prefix(
    plan: Callable[[str], Planned],
) -> None:
    kind = "module.storage.aws_s3_bucket_logging.this"
    logging = {use: plan("locked_down").resources[f'{kind}["{use}"]'] for use in USES}
    assert {values["target_bucket"] for values in logging.values()} == {"my-logs"}
    assert {use: values["target_prefix"] for use, values in logging.items()} == {
        use: f"s3/digits/{use}/" for use in USES
    }
    assert not plan("own_key").of_type("aws_s3_bucket_logging")

"""The example that deploys Label Studio: who reaches what, what is kept, what is refused."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from labeling_deployment.plan_endpoint import PASSWORD, plan_time_aws
from labeling_sandbox.terraform.runner import Terraform, TerraformError
from tests.plan.examples import (
    EXAMPLES,
    LABEL_STUDIO,
    LABEL_STUDIO_INPUTS,
    arguments,
    module_call,
    planned_example,
)

if TYPE_CHECKING:
    from labeling_deployment.planned import Planned

pytestmark = pytest.mark.terraform

UPLOADS = "arn:aws:s3:::digits-upload"
#: Inputs that are refused, by the beginning of the error, and such as are not.
REFUSED: dict[str, list[dict[str, Any]]] = {
    "admin_email": [{"admin_email": "admin"}],
    "database.backup_retention_days": [{"database": {"backup_retention_days": 0}}],
    "database.max_storage_gb": [{"database": {"max_storage_gb": 20}}],
    "domain_name": [{"domain_name": "https://label-studio.example.com"}],
    "hosted_zone_id": [{"hosted_zone_id": "example.com"}],
    "iam.path": [{"iam": {"path": "labeling"}}],
    "iam.permissions_boundary_arn": [{"iam": {"permissions_boundary_arn": "boundary"}}],
    "image.digest": [{"image": {"digest": "latest"}}],
    "image.version": [
        {"image": {"version": version}}
        for version in ("1.23.1", "1.22.9", "0.99.99", "latest", "1.24", "1.24.0-beta", "1.24.x")
    ],
    "log_retention_days": [{"log_retention_days": 100}],
    "name": [{"name": "label--studio"}, {"name": "label-studio-"}, {"name": "x" * 23}],
    "oidc:": [{"oidc": LABEL_STUDIO_INPUTS["oidc"] | {"token_endpoint": "http://login"}}],
    "oidc.session_hours": [{"oidc": LABEL_STUDIO_INPUTS["oidc"] | {"session_hours": 169}}],
    "people.cidr_blocks": [{"people": LABEL_STUDIO_INPUTS["people"] | {"cidr_blocks": ["home"]}}],
    "people.subnet_ids": [{"people": LABEL_STUDIO_INPUTS["people"] | {"subnet_ids": ["subnet-1"]}}],
    "private_subnet_ids": [{"private_subnet_ids": ["subnet-3"]}],
    "secret_versions": [{"secret_versions": {"secret_key": 1.5}}],
    "upload_bucket.kms_key_arn": [
        {"upload_bucket": LABEL_STUDIO_INPUTS["upload_bucket"] | {"kms_key_arn": "alias/uploads"}}
    ],
    "upload_bucket.name": [
        {"upload_bucket": LABEL_STUDIO_INPUTS["upload_bucket"] | {"name": "s3://uploads"}}
    ],
    "vpc_id": [{"vpc_id": "default"}],
}
ACCEPTED = [
    {"image": {"version": "1.23.10"}, "name": "ls"},
    {"image": {"version": "2.0.0", "digest": f"sha256:{'0' * 64}"}, "name": "x" * 22},
]
BALANCERS = ("people", "pipeline")


@pytest.fixture(scope="module")
def plan() -> Planned:
    return planned_example(LABEL_STUDIO)


def only(plan: Planned, kind: str) -> dict[str, Any]:
    (found,) = plan.of_type(kind).values()
    return found


def test_addresses_are_admitted_to_https_only_and_nothing_else_is_public(plan: Planned) -> None:
    ingress = plan.of_type("aws_vpc_security_group_ingress_rule").values()
    open_to_addresses = [rule for rule in ingress if rule["cidr_ipv4"] or rule["cidr_ipv6"]]
    assert [(each["cidr_ipv4"], each["to_port"]) for each in open_to_addresses] == [
        ("0.0.0.0/0", 443)
    ]
    assert sorted(each["to_port"] for each in ingress) == [443, 443, 5432, 8080, 8080]
    for rule in [*ingress, *plan.of_type("aws_vpc_security_group_egress_rule").values()]:
        assert rule["from_port"] == rule["to_port"]
        assert rule["ip_protocol"] == "tcp"
    assert only(plan, "aws_db_instance")["publicly_accessible"] is False
    (network,) = only(plan, "aws_ecs_service")["network_configuration"]
    assert network["assign_public_ip"] is False
    balancers = plan.of_type("aws_lb").values()
    assert {each["name"]: each["internal"] for each in balancers} == {
        "label-studio-people": False,
        "label-studio-pipeline": True,
    }


def test_people_log_in_first_and_the_pipeline_gets_the_api_only(plan: Planned) -> None:
    people, pipeline = (_resource(plan, f"aws_lb_listener.{name}") for name in BALANCERS)
    login, forward = people["default_action"]
    assert (login["type"], login["order"]) == ("authenticate-oidc", 1)
    assert login["authenticate_oidc"][0]["on_unauthenticated_request"] == "authenticate"
    assert (forward["type"], forward["order"]) == ("forward", 2)
    (refusal,) = pipeline["default_action"]
    assert refusal["fixed_response"][0]["status_code"] == "404"
    rule = only(plan, "aws_lb_listener_rule")
    assert rule["condition"][0]["path_pattern"][0]["values"] == ["/api/*"]
    for listener in (people, pipeline):
        assert (listener["protocol"], listener["port"]) == ("HTTPS", 443)
        assert listener["ssl_policy"].startswith("ELBSecurityPolicy-TLS13-1-2")


def test_the_database_is_encrypted_backed_up_and_not_deleted_by_mistake(plan: Planned) -> None:
    database = only(plan, "aws_db_instance")
    assert database["storage_encrypted"] is True
    assert database["backup_retention_period"] == 14
    assert database["delete_automated_backups"] is False
    assert database["deletion_protection"] is True
    assert database["skip_final_snapshot"] is False
    assert database["final_snapshot_identifier"] == "label-studio-final"
    assert (database["engine"], database["instance_class"]) == ("postgres", "db.t4g.micro")
    parameters = only(plan, "aws_db_parameter_group")["parameter"]
    assert {"name": "rds.force_ssl", "value": "1", "apply_method": "immediate"} in parameters
    for balancer in plan.of_type("aws_lb").values():
        assert balancer["enable_deletion_protection"] is True


def test_label_studio_reads_uploads_and_has_no_other_permission(plan: Planned) -> None:
    statements = plan.statements(_address(plan, 'aws_iam_role_policy.this["task"]'))
    assert {sid: (each["Action"], each["Resource"]) for sid, each in statements.items()} == {
        "DecryptUploads": ("kms:Decrypt", LABEL_STUDIO_INPUTS["upload_bucket"]["kms_key_arn"]),
        "ListUploads": ("s3:ListBucket", UPLOADS),
        "ReadUploads": ("s3:GetObject", f"{UPLOADS}/*"),
    }
    assert {each["Effect"] for each in statements.values()} == {"Allow"}
    assert statements["DecryptUploads"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    }
    attached = [kind for kind in _kinds(plan) if kind.startswith("aws_iam")]
    assert sorted(attached) == ["aws_iam_role"] * 2 + ["aws_iam_role_policy"] * 2


def test_tasks_of_this_account_alone_assume_the_roles(plan: Planned) -> None:
    for role in plan.of_type("aws_iam_role").values():
        (statement,) = json.loads(role["assume_role_policy"])["Statement"]
        assert statement["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
        assert statement["Condition"] == {
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:us-east-1:123456789012:*"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        }


def test_one_task_ends_before_another_starts(plan: Planned) -> None:
    service = only(plan, "aws_ecs_service")
    assert service["desired_count"] == 1
    assert service["deployment_maximum_percent"] == 100
    assert service["deployment_minimum_healthy_percent"] == 0
    assert service["deployment_circuit_breaker"] == [{"enable": True, "rollback": True}]
    task = only(plan, "aws_ecs_task_definition")
    assert (task["cpu"], task["memory"]) == ("1024", "2048")


def test_a_plan_contains_no_generated_password(plan: Planned) -> None:
    secrets = plan.of_type("aws_secretsmanager_secret_version")
    assert len(secrets) == 4
    assert {each["secret_string"] for each in secrets.values()} == {None}
    assert PASSWORD not in json.dumps(plan.shown)


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What one plan says about all calls with inputs that are refused, and some that are not."""
    root = tmp_path_factory.mktemp("refused")
    shutil.copytree(EXAMPLES / LABEL_STUDIO, root / "example")
    cases = [*_cases(), *((f"accepted-{n}", inputs) for n, inputs in enumerate(ACCEPTED))]
    calls = [
        module_call(call, "example", arguments(LABEL_STUDIO_INPUTS | inputs))
        for call, inputs in cases
    ]
    (root / "main.tf").write_text("\n".join(calls), encoding="utf-8")
    with plan_time_aws() as endpoint:
        terraform = Terraform(root, root / "work", _environment(endpoint))
        terraform.init()
        with pytest.raises(TerraformError) as refused:
            terraform.plan()
    return refused.value.output


def test_invalid_inputs_are_refused_by_name_and_valid_ones_are_not(refusals: str) -> None:
    errors = re.sub(r"\n *", " ", re.sub(r"[│╷╵]", "", refusals)).split("Error: ")[1:]
    told: dict[str, str] = {}
    for error in errors:
        call = re.search(r'in module "([\w-]+)"', error)
        assert call is not None, error
        told[call[1]] = told.get(call[1], "") + error
    assert sorted(told) == sorted(call for call, _ in _cases())
    for beginning, cases in REFUSED.items():
        for number in range(len(cases)):
            assert beginning in told[_name(beginning, number)]


def _cases() -> list[tuple[str, dict[str, Any]]]:
    return [
        (_name(beginning, number), inputs)
        for beginning, cases in REFUSED.items()
        for number, inputs in enumerate(cases)
    ]


def _name(beginning: str, number: int) -> str:
    return f"{re.sub(r'[^a-z_]', '-', beginning)}-{number}"


def _environment(endpoint: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }


def _address(plan: Planned, ending: str) -> str:
    (found,) = [address for address in plan.resources if address.endswith(ending)]
    return found


def _resource(plan: Planned, ending: str) -> dict[str, Any]:
    return plan.resources[_address(plan, ending)]


def _kinds(plan: Planned) -> list[str]:
    return [re.sub(r"^module\.[\w-]+\.|\.\w+(\[.*\])?$", "", each) for each in plan.resources]

"""The example that deploys Label Studio, applied: what its task gets, and what a destroy leaves.

moto creates the resources and starts nothing: no image is pulled, no task runs, no database
answers, and nobody logs in.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from moto import settings

from labeling_deployment.planned import Planned
from labeling_lambdas.aws.secrets import secret_text
from labeling_lambdas.label_studio.connection import Connection
from labeling_sandbox.terraform.runner import Terraform, TerraformError
from tests.plan.examples import EXAMPLES, LABEL_STUDIO, LABEL_STUDIO_INPUTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labeling_sandbox.server import Sandbox

pytestmark = pytest.mark.terraform

SECRET_TYPE = "aws_secretsmanager_secret"
SECRETS = {
    "LABEL_STUDIO_PASSWORD": "label-studio/admin-password",
    "LABEL_STUDIO_USER_TOKEN": "label-studio/api-token",
    "POSTGRE_PASSWORD": "label-studio/database-password",
    "SECRET_KEY": "label-studio/secret-key",
}
#: Resources of which moto does not return everything: parameters, the grace period of health
#: checks, and descriptions of rules between groups.
FORGOTTEN_BY_MOTO = {
    "aws_db_parameter_group",
    "aws_ecs_service",
    "aws_vpc_security_group_egress_rule",
    "aws_vpc_security_group_ingress_rule",
}
#: What Label Studio would report to its publisher or look up there, by the variable for it.
TELEMETRY_OFF = {"COLLECT_ANALYTICS": "false", "LATEST_VERSION_CHECK": "false"}
CLOSED = {
    "ENABLE_LOCAL_FILES_STORAGE": "false",
    "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
    "LOCAL_FILES_SERVING_ENABLED": "false",
    "ML_BLOCK_LOCAL_IP": "true",
    "SESSION_COOKIE_SECURE": "1",
    "SSRF_PROTECTION_ENABLED": "true",
    "USE_DEFAULT_BANNED_SUBNETS": "true",
}


@dataclass(frozen=True)
class Applied:
    """Label Studio as it is deployed.

    Attributes:
        terraform: Terraform with its state.
        values: The resources of the state.
        outputs: The outputs.
    """

    terraform: Terraform
    values: Planned
    outputs: dict[str, Any]

    def only(self, kind: str) -> dict[str, Any]:
        """Return the one resource of a type."""
        (found,) = self.values.of_type(kind).values()
        return found

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the task's containers by name."""
        text = self.only("aws_ecs_task_definition")["container_definitions"]
        return {each["name"]: each for each in json.loads(text)}


@pytest.fixture(scope="module")
def applied(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """Apply the example once."""
    folder = tmp_path_factory.mktemp("label-studio")
    shutil.copytree(EXAMPLES / LABEL_STUDIO, folder / "example")
    inputs = LABEL_STUDIO_INPUTS | _network(sandbox)
    file = folder / "example" / "inputs.auto.tfvars.json"
    file.write_text(json.dumps(inputs), encoding="utf-8")
    terraform = Terraform(folder / "example", folder / "work", sandbox.environment())
    terraform.init()
    with pytest.MonkeyPatch.context() as patch:
        # moto validates a certificate after a minute.
        patch.setattr(settings, "ACM_VALIDATION_WAIT", 0)
        terraform.apply()
    values = Planned({"planned_values": terraform.state()["values"]})
    yield Applied(terraform, values, terraform.outputs())
    # As an operator could, whatever Terraform's inputs are.
    sandbox.client("rds").modify_db_instance(
        DBInstanceIdentifier="label-studio", DeletionProtection=False, ApplyImmediately=True
    )
    terraform.destroy()


def _network(sandbox: Sandbox) -> dict[str, Any]:
    """Return the network of the account, and a new zone."""
    subnets = sandbox.client("ec2").describe_subnets()["Subnets"]
    ids = [each["SubnetId"] for each in subnets]
    zone = sandbox.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    return {
        "hosted_zone_id": zone["HostedZone"]["Id"].removeprefix("/hostedzone/"),
        "people": {"cidr_blocks": ["203.0.113.0/24"], "subnet_ids": ids[:2]},
        "private_subnet_ids": ids[2:4],
        "vpc_id": subnets[0]["VpcId"],
    }


def test_a_second_plan_updates_what_moto_forgets_and_nothing_else(applied: Applied) -> None:
    assert applied.terraform.planned() == []
    shown = applied.terraform._read("show", str(applied.terraform.work / "plan"))
    changes = {
        each["type"]: each["change"]["actions"]
        for each in shown["resource_changes"]
        if each["change"]["actions"] not in (["no-op"], ["read"])
    }
    assert changes == {kind: ["update"] for kind in FORGOTTEN_BY_MOTO}


def test_label_studio_reports_nothing_and_is_closed(applied: Applied) -> None:
    container = applied.containers()["label-studio"]
    plain = {each["name"]: each["value"] for each in container["environment"]}
    assert plain.items() >= (TELEMETRY_OFF | CLOSED).items()
    assert plain["LABEL_STUDIO_HOST"] == "https://label-studio.example.com"
    assert plain["CSRF_TRUSTED_ORIGINS"] == "https://label-studio.example.com"
    # ECS drops empty variables; only the command can make these two empty.
    program = container["command"].index("label-studio")
    assert container["command"][:program] == ["env", "SENTRY_DSN=", "FRONTEND_SENTRY_DSN="]
    assert "" not in plain.values()
    assert container["image"] == "heartexlabs/label-studio:1.23.2"


def test_secrets_reach_the_task_by_reference_only(applied: Applied, sandbox: Sandbox) -> None:
    container = applied.containers()["label-studio"]
    arns = {each["name"]: each["arn"] for each in applied.values.of_type(SECRET_TYPE).values()}
    assert {each["name"]: each["valueFrom"] for each in container["secrets"]} == {
        variable: arns[name] for variable, name in SECRETS.items()
    }
    assert not SECRETS.keys() & {each["name"] for each in container["environment"]}
    client = sandbox.client("secretsmanager")
    values = {client.get_secret_value(SecretId=arn)["SecretString"] for arn in arns.values()}
    assert len(values) == len(SECRETS)
    assert all(re.fullmatch("[A-Za-z0-9]{40}", value) for value in values)
    state = json.dumps(applied.terraform.state())
    assert [value for value in values if value in state] == []


def test_containers_write_to_two_folders_only(applied: Applied) -> None:
    for name, container in applied.containers().items():
        assert container["readonlyRootFilesystem"] is True, name
        assert {each["containerPath"] for each in container["mountPoints"]} == {
            "/label-studio/data",
            "/tmp",
        }
    folders, label_studio = (applied.containers()[name] for name in ("folders", "label-studio"))
    assert (folders["user"], folders["essential"]) == ("0", False)
    assert "user" not in label_studio
    assert label_studio["dependsOn"] == [{"containerName": "folders", "condition": "SUCCESS"}]


def test_everything_is_encrypted_with_the_key(applied: Applied) -> None:
    key = applied.only("aws_kms_key")
    assert key["enable_key_rotation"] is True
    assert applied.only("aws_db_instance")["kms_key_id"] == key["arn"]
    encrypted = [
        *applied.values.of_type(SECRET_TYPE).values(),
        *applied.values.of_type("aws_cloudwatch_log_group").values(),
    ]
    assert len(encrypted) == 4 + 3
    assert {each["kms_key_id"] for each in encrypted} == {key["arn"]}
    (configuration,) = applied.only("aws_ecs_cluster")["configuration"]
    (storage,) = configuration["managed_storage_configuration"]
    assert storage["fargate_ephemeral_storage_kms_key_id"] == key["arn"]
    logs = [each["logConfiguration"]["options"] for each in applied.containers().values()]
    assert {each["awslogs-group"] for each in logs} == {"/ecs/label-studio"}


def test_ecs_reads_the_secrets_and_writes_the_log(applied: Applied) -> None:
    statements = applied.values.statements('aws_iam_role_policy.this["execution"]')
    secrets = {each["arn"] for each in applied.values.of_type(SECRET_TYPE).values()}
    assert statements.keys() == {"DecryptSecrets", "ReadSecrets", "WriteLogs"}
    assert statements["ReadSecrets"]["Action"] == "secretsmanager:GetSecretValue"
    assert set(statements["ReadSecrets"]["Resource"]) == secrets
    assert statements["DecryptSecrets"]["Action"] == "kms:Decrypt"
    assert statements["DecryptSecrets"]["Resource"] == applied.only("aws_kms_key")["arn"]
    assert statements["DecryptSecrets"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}
    }
    assert statements["WriteLogs"]["Action"] == ["logs:PutLogEvents", "logs:CreateLogStream"]
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/label-studio"
    assert statements["WriteLogs"]["Resource"] == f"{group}:log-stream:*"


def test_groups_admit_each_other_in_one_direction(applied: Applied) -> None:
    names = {
        each["id"]: each["name"] for each in applied.values.of_type("aws_security_group").values()
    }
    rules = applied.values.of_type("aws_vpc_security_group_ingress_rule").values()
    admitted = {
        (
            names.get(each["referenced_security_group_id"], each["cidr_ipv4"]),
            names[each["security_group_id"]],
            each["to_port"],
        )
        for each in rules
    }
    assert admitted == {
        ("203.0.113.0/24", "label-studio-people", 443),
        ("label-studio-caller", "label-studio-pipeline", 443),
        ("label-studio-people", "label-studio-task", 8080),
        ("label-studio-pipeline", "label-studio-task", 8080),
        ("label-studio-task", "label-studio-database", 5432),
    }


def test_the_outputs_are_what_a_pipeline_needs(applied: Applied, sandbox: Sandbox) -> None:
    token = applied.values.resources[f'{SECRET_TYPE}.this["api-token"]']["arn"]
    assert applied.outputs["label_studio"] == {
        "reader_role_arns": [applied.values.resources['aws_iam_role.this["task"]']["arn"]],
        "token_secret_arn": token,
        "token_secret_kms_key_arn": applied.only("aws_kms_key")["arn"],
        "url": "https://pipeline.label-studio.example.com",
    }
    # What the functions do with both before they call Label Studio: they check them.
    Connection(
        applied.outputs["label_studio"]["url"], secret_text(sandbox.client("secretsmanager"), token)
    )
    records = applied.values.of_type("aws_route53_record").values()
    names = {each["name"] for each in records if each["type"] == "A"}
    assert names == {"label-studio.example.com", "pipeline.label-studio.example.com"}
    caller = applied.values.resources['aws_security_group.this["caller"]']["id"]
    assert applied.outputs["functions_vpc"]["security_group_ids"] == [caller]


def test_another_name_is_refused(applied: Applied) -> None:
    with pytest.raises(TerraformError) as refused:
        applied.terraform.plan(variables={"name": "other"})
    told = re.sub(r"[│\s]+", " ", refused.value.output)
    assert "name: the secret label-studio/secret-key exists and cannot become other/" in told
    assert "name: the log group /ecs/label-studio holds logs and cannot become /ecs/other." in told


def test_a_destroy_leaves_database_secrets_and_key(applied: Applied) -> None:
    with pytest.raises(TerraformError, match="DB Instance"):
        applied.terraform.destroy()
    left = Planned({"planned_values": applied.terraform.state()["values"]})
    for kind in ("aws_db_instance", "aws_kms_key", "aws_cloudwatch_log_group", SECRET_TYPE):
        assert left.of_type(kind).keys() == applied.values.of_type(kind).keys(), kind

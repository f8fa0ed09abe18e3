"""What holds data survives every plan: renamed, unknown, or destroyed without leave.

One apply of a root that has ``depends_on`` on the module block, then plans against its state. The
last test destroys it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import hcl2
import pytest
import tftest

from labeling_deployment.module import copy_module
from labeling_deployment.provider_process import attached_provider
from labeling_deployment.terraform import offline_environment, terraform_test

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labeling_sandbox.server import Sandbox

SECONDS = 1200
pytestmark = [pytest.mark.terraform, pytest.mark.timeout(SECONDS * 3)]

ACCOUNT = "123456789012"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
ROOT_MODULE = """
variable "given" {
  type = object({ account_id = string, region = string })
}

variable "network" {
  type = string
}

variable "region" {
  type = string
}

provider "aws" {
  region = var.region
}

resource "terraform_data" "network" {
  input = var.network
}

module "labeling" {
  source     = "./labeling"
  depends_on = [terraform_data.network]

  deployment               = var.given
  job_name                 = %(job_name)s
  task_type                = %(task_type)s
  labels                   = ["praise", "complaint"]
  engine                   = %(engine)s
  label_studio             = %(label_studio)s
  workteam_arn             = %(workteam_arn)s
  feature_group            = %(feature_group)s
  force_destroy            = %(force_destroy)s
  iam                      = %(iam)s
  kms_deletion_window_days = 7
  kms_key                  = %(kms_key)s
  schedule                 = { enabled = false }
  verification             = %(verification)s
}
"""
MODULE = "module.labeling"
REVIEWERS = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/reviewers"
APPLIED = {
    "job_name": '"kept"',
    "task_type": '"text_single_label_classification"',
    "engine": '"ground_truth"',
    "label_studio": "null",
    "workteam_arn": f'"arn:aws:sagemaker:us-east-1:{ACCOUNT}:workteam/private-crowd/kept"',
    "feature_group": "{}",
    "force_destroy": "false",
    "iam": "{}",
    "kms_key": "null",
    "verification": f'{{ workteam_arn = "{REVIEWERS}" }}',
}
LABEL_STUDIO = (
    "{"
    f'token_secret_arn = "arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:token-AbCdEf", '
    f'reader_role_arns = ["arn:aws:iam::{ACCOUNT}:role/label-studio"], '
    'url = "https://label-studio.example.com"'
    "}"
)
# The steps from one engine to the other, each against what was applied first.
OTHER_ENGINE: dict[str, dict[str, str]] = {
    "both": {"label_studio": LABEL_STUDIO},
    "switched": {"label_studio": LABEL_STUDIO, "engine": '"label_studio"'},
    "alone": {
        "label_studio": LABEL_STUDIO,
        "engine": '"label_studio"',
        "workteam_arn": "null",
        "verification": "{}",
    },
}
GIVEN = {"account_id": ACCOUNT, "region": "us-east-1"}
LATER = "terraform_data.network.output"
DATA_TYPES = {
    "aws_cloudwatch_log_group",
    "aws_dynamodb_table",
    "aws_kms_key",
    "aws_s3_bucket",
    "aws_sagemaker_feature_group",
    "aws_sqs_queue",
}
# What no plan may do, and the name of the input that has to be in the refusal.
REFUSED = {
    "job_name": ({"job_name": '"renamed"'}, "job_name must stay kept"),
    "name of the feature group": (
        {"feature_group": '{ name = "another" }'},
        "feature_group.name must stay kept",
    ),
    "table format": (
        {"feature_group": '{ table_format = "Glue" }'},
        "feature_group.table_format must stay Iceberg",
    ),
    "online store": (
        {"feature_group": "{ online_store_enabled = true }"},
        "feature_group.online_store_enabled must stay false",
    ),
    "own key": ({"kms_key": f'{{ arn = "{KEY}" }}'}, "kms_key must stay null"),
    "own key, unknown": (
        {
            "kms_key": f'{{ arn = "arn:aws:kms:us-east-1:{ACCOUNT}:key/'
            "${terraform_data.network.output}"
            '" }'
        },
        "kms_key must stay null",
    ),
    "path of roles": ({"iam": '{ path = "/labeling/" }'}, "iam.path must stay /"),
}
# What may change, known or not, with what is written into the root for it.
ALLOWED: dict[str, dict[str, str]] = {
    "depends_on": {},
    "unknown job_name": {"job_name": LATER},
    "unknown name of the feature group": {"feature_group": f"{{ name = {LATER} }}"},
    "task type and verification": {
        "task_type": '"image_bounding_box"',
        "verification": "null",
    },
}


@dataclass(frozen=True)
class Root:
    """A root configuration that was applied.

    Attributes:
        folder: Where it lies.
        terraform: Runs Terraform there.
    """

    folder: Path
    terraform: tftest.TerraformTest

    def write(self, changed: dict[str, str]) -> None:
        """Write the root with other inputs."""
        (self.folder / "main.tf").write_text(ROOT_MODULE % (APPLIED | changed), encoding="utf-8")

    def run(
        self,
        command: str,
        *options: str,
        network: str = "kept",
        given: dict[str, str] | None = None,
        region: str = "us-east-1",
    ) -> str:
        """Run Terraform, and return what it printed.

        Raises:
            TerraformTestError: If it fails.
        """
        variables = {"network": network, "given": given, "region": region}
        (self.folder / "inputs.tfvars.json").write_text(json.dumps(variables), encoding="utf-8")
        settings = ["-input=false", "-no-color", "-var-file=inputs.tfvars.json"]
        if command == "plan":
            # What AWS holds is as it was applied; asking for it takes most of a plan's time.
            settings.append("-refresh=false")
        printed: str = self.terraform.execute_command(command, *settings, *options).out
        return printed

    def refusal(self, command: str, *options: str, **changed: Any) -> str:
        """Run Terraform, which must fail; return what it said, in one line without its frame."""
        with pytest.raises(tftest.TerraformTestError) as refused:
            self.run(command, *options, **changed)
        return re.sub(r"[\s│╷╵]+", " ", str(refused.value.args[0]))

    def state(self) -> set[str]:
        """Give the addresses of what the module has deployed."""
        output = self.terraform.execute_command("state", "list").out
        return {
            address
            for address in output.split()
            if address.startswith("module.labeling.") and ".data." not in address
        }

    def planned(self, **options: Any) -> list[dict[str, Any]]:
        """Plan, and give what happens to each managed resource that changes or moves.

        Each is of https://developer.hashicorp.com/terraform/internals/machine-readable-ui.
        """
        events = [json.loads(line) for line in self.run("plan", "-json", **options).splitlines()]
        return [
            event["change"]
            for event in events
            if event["type"] == "planned_change" and event["change"]["action"] != "read"
        ]


def moved_blocks(module: Path) -> list[tuple[str, str]]:
    """Return the addresses before and after each ``moved`` block of a module and of its parts."""
    found = []
    for path in sorted([*module.glob("*.tf"), *module.glob("modules/*/*.tf")]):
        part = "" if path.parent == module else f"module.{path.parent.name}."
        for block in hcl2.loads(path.read_text(encoding="utf-8")).get("moved", []):
            found.append(
                (part + str(block["from"]).strip("${}"), part + str(block["to"]).strip("${}"))
            )
    return found


def type_of(address: str) -> str:
    return re.sub(r"^(module\.\w+(\[[^]]*\])?\.)*", "", address).split(".")[0]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Root]:
    """The root, applied once."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "labeling").mkdir()
    copy_module(folder / "labeling")
    environment = offline_environment(folder, sandbox.endpoint) | sandbox.environment()
    made = Root(folder, terraform_test(folder, environment))
    made.write({})
    made.terraform.init()
    with attached_provider(folder, environment) as made.terraform.env:
        made.run("apply", "-auto-approve")
        yield made
        if made.state():  # the last test was not among those asked for
            made.write({"force_destroy": "true"})
            made.run("apply", "-auto-approve")
            made.run("destroy", "-auto-approve")


@pytest.mark.parametrize("given", [None, GIVEN], ids=["read", "given"])
@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_no_resource_with_data_is_replaced_whatever_is_unknown(
    root: Root, name: str, given: dict[str, str] | None
) -> None:
    changed = ALLOWED[name]
    root.write(changed)
    planned = root.planned(network="changed" if LATER not in str(changed) else "kept2", given=given)
    assert planned, "the change must reach something"
    gone = {
        change["resource"]["addr"]
        for change in planned
        if change["action"] in ("delete", "remove", "replace")
    }
    assert {type_of(address) for address in gone}.isdisjoint(DATA_TYPES), gone
    if "task_type" not in changed:
        assert gone == set()


@pytest.mark.parametrize("name", sorted(OTHER_ENGINE))
def test_another_engine_changes_no_resource_that_holds_data(root: Root, name: str) -> None:
    root.write(OTHER_ENGINE[name])
    changed = {(each["resource"]["addr"], each["action"]) for each in root.planned()}
    assert changed, "the engine must reach something"
    # The policy of the key names the roles that may use it.
    of_data = {each for each in changed if type_of(each[0]) in DATA_TYPES}
    assert {(type_of(address), action) for address, action in of_data} <= {
        ("aws_kms_key", "update")
    }
    if name == "switched":
        assert "module.labeling.module.label_studio[0].aws_scheduler_schedule.this" in {
            address for address, action in changed if action == "create"
        }


def test_a_moved_resource_is_not_replaced(root: Root) -> None:
    root.write({})
    applied = root.state()
    moved = moved_blocks(root.folder / "labeling")
    for old, new in moved:
        root.terraform.execute_command("state", "mv", f"{MODULE}.{new}", f"{MODULE}.{old}")
    gone = applied - root.state()
    assert gone
    planned = root.planned()
    assert {change["resource"]["addr"] for change in planned} == gone
    assert {change["action"] for change in planned} == {"move"}
    for old, new in moved:
        root.terraform.execute_command("state", "mv", f"{MODULE}.{old}", f"{MODULE}.{new}")


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_a_pipeline_keeps_is_refused_another_value_at_plan(root: Root, name: str) -> None:
    changed, message = REFUSED[name]
    root.write(changed)
    refusal = root.refusal("plan", network="changed")
    assert message in refusal
    assert "deploy a second pipeline" in refusal


@pytest.mark.parametrize("given", [None, GIVEN | {"region": "eu-west-1"}], ids=["read", "given"])
def test_another_region_is_refused_at_plan(root: Root, given: dict[str, str] | None) -> None:
    root.write({})
    main = root.folder / "main.tf"
    main.write_text(main.read_text().replace(":us-east-1:", ":eu-west-1:"), encoding="utf-8")
    refusal = root.refusal("plan", region="eu-west-1", given=given)
    assert f"this pipeline is in us-east-1 of account {ACCOUNT}" in refusal


def test_a_deployment_that_is_not_the_providers_is_refused(root: Root) -> None:
    root.write({})
    refusal = root.refusal("plan", given=GIVEN | {"account_id": "210987654321"})
    assert "deployment.account_id is not the account of the provider's credentials" in refusal


def test_another_name_that_shows_only_at_apply_is_refused_before_anything_changes(
    root: Root,
) -> None:
    root.write({"job_name": LATER})
    refusal = root.refusal("apply", "-auto-approve", network="renamed")
    assert "job_name must stay kept" in refusal
    finished = re.findall(r"(\S+): (?:Creation|Modifications|Destruction) complete", refusal)
    assert {type_of(address) for address in finished} <= {"terraform_data"}


def test_destroy_deletes_nothing_unless_force_destroy_is_set(root: Root, sandbox: Sandbox) -> None:
    # The last test of this file.
    root.write({})
    environment = root.terraform.env
    session = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        region_name="us-east-1",
    )
    bucket = f"kept-{ACCOUNT}-us-east-1-upload"
    s3 = session.client("s3", endpoint_url=sandbox.endpoint)
    s3.put_object(Bucket=bucket, Key="praise.txt", Body=b"Thank you.\n")

    before = root.state()
    assert "DeletionProtectionEnabled" in root.refusal("destroy", "-auto-approve")
    assert root.state() == before
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]

    root.write({"force_destroy": "true"})
    root.run("apply", "-auto-approve")
    root.run("destroy", "-auto-approve")
    assert root.state() == set()

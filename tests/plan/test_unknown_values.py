"""The module can be planned with ARNs that are known only after apply."""

from __future__ import annotations

import pytest

from labeling_deployment.module import copy_module
from labeling_deployment.terraform import planning_terraform

pytestmark = pytest.mark.terraform

CALLER = """
locals {
  key  = "arn:aws:kms:us-east-1:123456789012:key"
  team = "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd"
}

resource "terraform_data" "later" {}

resource "terraform_data" "team" {
  input = "${local.team}/labelers"
}

resource "terraform_data" "secret" {
  input = "arn:aws:secretsmanager:us-east-1:123456789012:secret:token-AbCdEf"
}

resource "terraform_data" "labels" {
  input = ["cat", "dog"]
}

module "labeling" {
  source = "./labeling"

  job_name              = "digits"
  task_type             = "image_single_label_classification"
  labels                = terraform_data.labels.output
  workteam_arn          = terraform_data.team.output
  kms_key               = { arn = "${local.key}/${terraform_data.later.id}" }
  ground_truth_role     = { arn = "arn:aws:iam::123456789012:role/${terraform_data.later.id}" }
  template_s3_uri       = "s3://files/${terraform_data.later.id}.liquid.html"
  reader_principal_arns = ["arn:aws:iam::123456789012:role/${terraform_data.later.id}"]
  upload_principal_arns = ["arn:aws:iam::123456789012:role/${terraform_data.later.id}"]
  functions = {
    vpc = { security_group_ids = [terraform_data.later.id], subnet_ids = [terraform_data.later.id] }
  }
  verification = {
    workteam_arn    = "${local.team}/${terraform_data.later.id}"
    template_s3_uri = "s3://files/${terraform_data.later.id}.liquid.html"
  }
  label_studio = {
    reader_role_arns         = ["arn:aws:iam::123456789012:role/${terraform_data.later.id}"]
    token_secret_arn         = terraform_data.secret.output
    token_secret_kms_key_arn = "${local.key}/${terraform_data.later.id}"
    url                      = "https://${terraform_data.later.id}.example.com"
  }
  alarms = { actions = ["arn:aws:sns:us-east-1:123456789012:${terraform_data.later.id}"] }
}
"""


def test_the_module_can_be_planned_with_values_known_only_after_apply(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("caller")
    (folder / "labeling").mkdir()
    copy_module(folder / "labeling")
    (folder / "main.tf").write_text(CALLER)
    with planning_terraform(folder) as terraform:
        assert "0 to change, 0 to destroy" in terraform.plan()

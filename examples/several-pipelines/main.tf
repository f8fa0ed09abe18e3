# A map of pipelines that share one key, each with its own schedule, queue, ledger and feature group.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  pipelines = {
    flowers = {
      task_type = "image_single_label_classification"
      labels    = ["daisy", "poppy", "tulip"]
      schedule  = "cron(0 6 * * ? *)"
    }
    messages = {
      task_type = "text_multi_label_classification"
      labels    = ["delivery", "price", "quality", "staff"]
      schedule  = "cron(0 7 ? * MON-FRI *)"
    }
  }
}

module "labeling" {
  source   = "../.."
  for_each = local.pipelines

  job_name     = each.key
  task_type    = each.value.task_type
  labels       = each.value.labels
  workteam_arn = var.workteam_arn

  kms_key  = { arn = aws_kms_key.labeling.arn }
  schedule = { expression = each.value.schedule }
}

# The pipelines say what they need of the key before it exists: their names are known, so there is no cycle.
resource "aws_kms_key" "labeling" {
  description             = "Encrypts everything of the labeling pipelines."
  deletion_window_in_days = 30
  enable_key_rotation     = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "AccountAdministration"
          Effect    = "Allow"
          Action    = "kms:*"
          Resource  = "*"
          Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        }
      ],
      flatten([
        for name, pipeline in module.labeling : [
          for statement in jsondecode(pipeline.required_key_policy_json).Statement :
          merge(statement, { Sid = "${statement.Sid}${replace(name, "-", "")}" })
        ]
      ]),
    )
  })
}

# A map of pipelines that share one key, each with its own schedule, queue, ledger and feature group.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

# Its region is read alike by every provider that the module takes.
data "aws_service" "sagemaker" {
  service_id = "sagemaker"
}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_service.sagemaker.region

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

# The account's own principals use the key by their IAM policies, which the module gives to the pipelines' roles; the
# services that write on behalf of a pipeline need a statement each. The output required_key_policy_json names the roles
# one by one, but a key cannot wait for the outputs of a module with for_each that waits for the key.
data "aws_iam_policy_document" "key" {
  statement {
    sid       = "AccountPrincipals"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  statement {
    sid       = "EventDelivery"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [for name in keys(local.pipelines) : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}-*"]
    }
  }

  statement {
    sid       = "AlarmNotifications"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  statement {
    sid       = "LogGroups"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:*"]
    }
  }

  statement {
    sid       = "WorkflowLogDelivery"
    actions   = ["kms:Decrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["delivery.logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SourceArn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account_id}:*"]
    }
  }
}

resource "aws_kms_key" "labeling" {
  description             = "Encrypts everything of the labeling pipelines."
  deletion_window_in_days = 30
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
}

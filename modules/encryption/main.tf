# The customer-managed key and its policy: one statement for each kind of user, so that each can be judged alone.

locals {
  account_principal = "arn:${var.deployment.partition}:iam::${var.deployment.account_id}:root"
}

# What any key must allow for this pipeline; an output for callers who bring their own key.
data "aws_iam_policy_document" "required" {
  #checkov:skip=CKV_AWS_111:In the policy of a key the star is the key itself.
  #checkov:skip=CKV_AWS_356:In the policy of a key the star is the key itself.
  statement {
    sid = "DeployingPrincipals"
    # ReEncrypt is asked of who creates a feature group with an online store.
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }
  }

  # Lambda (environments), DynamoDB (the table) and Feature Store (the online store) work with grants that the
  # deploying principal gives at creation.
  statement {
    sid       = "ServiceGrants"
    actions   = ["kms:CreateGrant", "kms:ListGrants", "kms:RetireGrant", "kms:RevokeGrant"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }

  statement {
    sid = "PipelineRoles"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:Encrypt",
      "kms:GenerateDataKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:PrincipalArn"
      values   = var.role_arns
    }
  }

  # The rules write to encrypted queues: the intake queue and the queue of undelivered events. AWS's pages disagree about
  # what the key sees of a rule, so a key that is absent passes; the queues' own policies ask for both.
  statement {
    sid       = "EventDelivery"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }

    condition {
      test     = "ArnEqualsIfExists"
      variable = "aws:SourceArn"
      values   = var.event_rule_arns
    }
  }

  statement {
    sid       = "LogGroups"
    actions   = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.deployment.region}.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = var.log_group_arns
    }
  }

  # An encrypted state machine hands its log events over encrypted.
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
      values   = ["arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:*"]
    }
  }

  # Alarms publish to the encrypted topic; the AWS-managed key of SNS cannot be opened to them.
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
      values   = [var.deployment.account_id]
    }
  }

  dynamic "statement" {
    for_each = length(var.upload_principal_arns) == 0 ? [] : ["upload"]

    content {
      sid       = "UploadPrincipals"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = var.upload_principal_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.deployment.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.label_studio_role_arns) == 0 ? [] : ["label-studio"]

    content {
      sid       = "LabelStudioRoles"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = var.label_studio_role_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.deployment.region}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.reader_principal_arns) == 0 ? [] : ["reader"]

    content {
      sid       = "ReaderPrincipals"
      actions   = ["kms:Decrypt"]
      resources = ["*"]

      principals {
        type        = "AWS"
        identifiers = var.reader_principal_arns
      }

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.deployment.region}.amazonaws.com"]
      }
    }
  }
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:In the policy of a key the star is the key itself.
  #checkov:skip=CKV_AWS_111:In the policy of a key the star is the key itself.
  #checkov:skip=CKV_AWS_356:In the policy of a key the star is the key itself.
  source_policy_documents = [data.aws_iam_policy_document.required.json]

  # Without this statement a mistake in the others would leave a key that nobody can repair.
  statement {
    sid       = "AccountAdministration"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_principal]
    }
  }
}

resource "aws_kms_key" "this" {
  count = var.existing_key == null ? 1 : 0

  description             = "Encrypts everything of the labeling pipeline ${var.name}."
  deletion_window_in_days = var.deletion_window_days
  enable_key_rotation     = true
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = var.tags
}

resource "aws_kms_alias" "this" {
  count = var.existing_key == null ? 1 : 0

  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this[0].key_id
}

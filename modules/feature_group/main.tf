# The feature group that takes the records, and the role that writes its offline store.

locals {
  # The identifier and the time of a record come first, as the service lists them.
  columns = concat(
    [for name in ["source_ref", "event_time"] : { name = name, type = var.base_features[name] }],
    [for name, type in var.base_features : { name = name, type = type } if !contains(["event_time", "source_ref"], name)],
    [for name in var.extra_feature_names : { name = name, type = "String" }],
  )
  feature_names = aws_sagemaker_feature_group.this.feature_definition[*].feature_name
}

resource "aws_sagemaker_feature_group" "this" {
  feature_group_name             = var.name
  description                    = "Labels of the labeling pipeline."
  event_time_feature_name        = "event_time"
  record_identifier_feature_name = "source_ref"
  role_arn                       = aws_iam_role.this.arn
  tags                           = var.tags

  dynamic "feature_definition" {
    for_each = local.columns

    content {
      feature_name = feature_definition.value.name
      feature_type = feature_definition.value.type
    }
  }

  offline_store_config {
    table_format = var.table_format

    s3_storage_config {
      kms_key_id = var.kms_key_arn
      s3_uri     = "s3://${var.bucket_name}/offline-store"
    }
  }

  dynamic "online_store_config" {
    for_each = var.online_store_enabled ? ["online"] : []

    content {
      enable_online_store = true

      security_config {
        kms_key_id = var.kms_key_arn
      }
    }
  }

  lifecycle {
    # The provider replaces the group, and with it the records, when one of them changes or is not known at plan.
    ignore_changes = [
      description,
      event_time_feature_name,
      feature_definition,
      feature_group_name,
      offline_store_config,
      online_store_config,
      record_identifier_feature_name,
      role_arn,
    ]

    postcondition {
      condition     = self.feature_group_name == var.name
      error_message = "feature_group.name: the feature group ${self.feature_group_name} holds records and cannot become ${var.name}. Keep the name, or deploy a second pipeline."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

check "extra_features_are_columns" {
  assert {
    condition     = length(setsubtract(var.extra_feature_names, local.feature_names)) == 0
    error_message = "extra_features ${join(", ", setsubtract(var.extra_feature_names, local.feature_names))}: the feature group ${var.name} was created without them. Their values go into the column extra_json; the group is not changed."
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["sagemaker.amazonaws.com"]
    }

    # AWS does not say whether SageMaker sets the key when it assumes this role.
    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  description          = "Writes the offline store of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "this" {
  statement {
    sid       = "WriteOfflineStore"
    actions   = ["s3:PutObject", "s3:PutObjectAcl"]
    resources = ["${var.bucket_arn}/offline-store/*"]
  }

  statement {
    sid       = "ReadTableMetadata"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arn}/offline-store/*/metadata/*"]
  }

  statement {
    sid       = "InspectBucket"
    actions   = ["s3:GetBucketAcl"]
    resources = [var.bucket_arn]
  }

  statement {
    sid     = "Catalog"
    actions = ["glue:GetTable", "glue:UpdateTable"]
    resources = [
      for resource in ["catalog", "database/sagemaker_featurestore", "table/sagemaker_featurestore/*"] :
      "arn:${var.deployment.partition}:glue:${var.deployment.region}:${var.deployment.account_id}:${resource}"
    ]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "offline-store"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

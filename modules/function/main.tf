# One function: its role, its log group, its code.

locals {
  shipped_package = "${path.module}/package/labeling_lambdas.zip"
  package_path    = var.package == null ? local.shipped_package : var.package.path
}

# Lambda takes a role only from its own account, and checks at creation that it can assume it, so the role needs no
# condition on the source account.
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.role_name
  description          = var.description
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "this" {
  # No logs:CreateLogGroup: a call after destroy would bring the group back, unencrypted and kept for ever.
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${var.log_group_arn}:*"]
  }

  dynamic "statement" {
    for_each = var.statements

    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = statement.value.resources

      dynamic "condition" {
        for_each = merge([
          for test, variables in statement.value.conditions : {
            for variable, values in variables : "${test} ${variable}" => { test = test, variable = variable, values = values }
          }
        ]...)

        content {
          test     = condition.value.test
          variable = condition.value.variable
          values   = condition.value.values
        }
      }
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "function"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.this.json
}

resource "aws_cloudwatch_log_group" "this" {
  name              = var.log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  function_name     = var.name
  description       = var.description
  architectures     = ["arm64"]
  filename          = local.package_path
  handler           = var.handler
  kms_key_arn       = var.kms_key_arn
  memory_size       = var.memory_mb
  role              = aws_iam_role.this.arn
  runtime           = var.runtime
  s3_bucket         = try(var.package.s3_bucket, null)
  s3_key            = try(var.package.s3_key, null)
  s3_object_version = try(var.package.s3_object_version, null)
  source_code_hash  = local.package_path == null ? null : filebase64sha256(local.package_path)
  tags              = var.tags
  timeout           = var.timeout_seconds

  environment {
    variables = var.environment
  }

  logging_config {
    application_log_level = "INFO"
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    system_log_level      = "WARN"
  }

  lifecycle {
    precondition {
      # Lambda counts bytes and length() characters.
      condition     = length(base64encode(jsonencode(var.environment))) * 3 / 4 <= 4096
      error_message = "The environment of ${var.name} is larger than Lambda's 4 KB. Use fewer or shorter tags, extra_features, labels, task texts and verification categories."
    }
  }

  depends_on = [aws_iam_role_policy.this]
}

# One function: its role and its code. Its log group outlives it and is in the module log_groups.

locals {
  shipped_package = "${path.module}/package/labeling_lambdas.zip"
  package_path    = var.package == null ? local.shipped_package : var.package.path

  attach_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
  ]
  describe_actions   = ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"]
  network_arn_prefix = "arn:${var.deployment.partition}:ec2:${var.deployment.region}:${var.deployment.account_id}"
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

  # Both know no resources: Service Authorization Reference, X-Ray.
  dynamic "statement" {
    for_each = var.tracing_enabled ? ["Trace"] : []

    content {
      sid       = statement.value
      actions   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      resources = ["*"]
    }
  }

  # What Lambda itself does with the role to reach the subnets, whose interfaces it makes and takes away.
  # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
  dynamic "statement" {
    for_each = var.vpc == null ? [] : ["AttachToSubnets"]

    content {
      sid     = statement.value
      actions = local.attach_actions
      resources = concat(
        ["${local.network_arn_prefix}:network-interface/*"],
        [for id in var.vpc.security_group_ids : "${local.network_arn_prefix}:security-group/${id}"],
        [for id in var.vpc.subnet_ids : "${local.network_arn_prefix}:subnet/${id}"],
      )
    }
  }

  # Descriptions know no resources.
  dynamic "statement" {
    for_each = var.vpc == null ? [] : ["DescribeNetwork"]

    content {
      sid       = statement.value
      actions   = local.describe_actions
      resources = ["*"]
    }
  }

  # The function's own code needs none of it, and Lambda's calls do not carry this key.
  # https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
  dynamic "statement" {
    for_each = var.vpc == null ? [] : ["KeepNetworkFromCode"]

    content {
      sid       = statement.value
      effect    = "Deny"
      actions   = concat(local.attach_actions, local.describe_actions)
      resources = ["*"]

      condition {
        test     = "ArnEquals"
        variable = "lambda:SourceFunctionArn"
        values   = [var.function_arn]
      }
    }
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

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:The state machine waits for the answer of its steps; what rules call has the undelivered queue on the rule or as its destination.
  function_name                  = var.name
  description                    = var.description
  architectures                  = ["arm64"]
  code_signing_config_arn        = var.code_signing_config_arn
  filename                       = local.package_path
  handler                        = var.handler
  kms_key_arn                    = var.kms_key_arn
  layers                         = var.layer_arns
  memory_size                    = var.memory_mb
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  role                           = aws_iam_role.this.arn
  runtime                        = var.runtime
  s3_bucket                      = try(var.package.s3_bucket, null)
  s3_key                         = try(var.package.s3_key, null)
  s3_object_version              = try(var.package.s3_object_version, null)
  source_code_hash               = local.package_path == null ? null : filebase64sha256(local.package_path)
  tags                           = var.tags
  timeout                        = var.timeout_seconds

  environment {
    variables = var.environment
  }

  logging_config {
    application_log_level = "INFO"
    log_format            = "JSON"
    log_group             = var.log_group_name
    system_log_level      = "WARN"
  }

  tracing_config {
    mode = var.tracing_enabled ? "Active" : "PassThrough"
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      security_group_ids = vpc_config.value.security_group_ids
      subnet_ids         = vpc_config.value.subnet_ids
    }
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

# What has the function that works on jobs in Label Studio called, and the alarm on its errors.

locals {
  # Each period has at least one call. The first two failures in a row may be Label Studio being restarted.
  alarm_period_seconds = max(300, var.interval_minutes * 120)
  alarm_periods        = 3
}

data "aws_iam_policy_document" "schedule_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }
  }
}

resource "aws_iam_role" "schedule" {
  name                 = var.role_name
  description          = "Calls the function that works on jobs in Label Studio."
  assume_role_policy   = data.aws_iam_policy_document.schedule_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "CallFunction"
    actions   = ["lambda:InvokeFunction"]
    resources = [var.function.arn]
  }

  statement {
    sid       = "DecryptInput"
    actions   = ["kms:Decrypt"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:scheduler:schedule:arn"
      values   = [var.schedule_arn]
    }
  }
}

resource "aws_iam_role_policy" "schedule" {
  name   = "schedule"
  role   = aws_iam_role.schedule.id
  policy = data.aws_iam_policy_document.schedule.json
}

resource "aws_scheduler_schedule" "this" {
  name                         = var.name
  description                  = "Imports tasks into Label Studio and collects their answers."
  group_name                   = "default"
  kms_key_arn                  = var.kms_key_arn
  schedule_expression          = "rate(${var.interval_minutes} ${var.interval_minutes == 1 ? "minute" : "minutes"})"
  schedule_expression_timezone = "UTC"
  state                        = "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = var.function.arn
    input    = jsonencode({})
    role_arn = aws_iam_role.schedule.arn

    # The next call does what this one could not.
    retry_policy {
      maximum_event_age_in_seconds = 60
      maximum_retry_attempts       = 0
    }
  }

  depends_on = [aws_iam_role_policy.schedule, aws_lambda_function_event_invoke_config.this]
}

# Lambda repeats none of the calls either, and drops those that wait.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = var.function.name
  maximum_event_age_in_seconds = 60
  maximum_retry_attempts       = 0
}

resource "aws_cloudwatch_metric_alarm" "this" {
  alarm_name          = var.name
  alarm_description   = "The work on jobs in Label Studio fails again and again: labels do not arrive. Look at the function's log; nothing is lost."
  alarm_actions       = var.alarm_actions
  comparison_operator = "GreaterThanOrEqualToThreshold"
  datapoints_to_alarm = local.alarm_periods
  dimensions          = { FunctionName = var.function.name }
  evaluation_periods  = local.alarm_periods
  metric_name         = "Errors"
  namespace           = "AWS/Lambda"
  ok_actions          = var.alarm_actions
  period              = local.alarm_period_seconds
  statistic           = "Sum"
  tags                = var.tags
  threshold           = 1
  treat_missing_data  = "notBreaching"
}

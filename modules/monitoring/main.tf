# The alarms and the topic they notify.

locals {
  pipeline_metrics = { namespace = "GroundTruthLabeling", dimensions = { Pipeline = var.name } }

  # Only Ground Truth sends events of its jobs.
  job_state_rule_name = lookup(var.rule_names, "job_state", null)

  alarms = {
    accounting-mismatch = {
      description = "A run did not account for every item it received or claimed. See its report under runs/ in the output bucket."
      namespace   = local.pipeline_metrics.namespace
      metric      = "AccountingMismatch"
      dimensions  = local.pipeline_metrics.dimensions
      statistic   = "Sum"
      threshold   = 1
    }
    dead-letter = {
      description = "Items were given up. Each message in the dead-letter queue carries its reason."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.queue_names.dead_letter }
      statistic   = "Maximum"
      threshold   = var.dead_letter_threshold
    }
    failed-executions = {
      description = "An execution failed by name. Nothing is lost: its items were returned or the next run recovers them."
      namespace   = "AWS/States"
      metric      = "ExecutionsFailed"
      dimensions  = { StateMachineArn = var.state_machine_arn }
      statistic   = "Sum"
      threshold   = 1
    }
    # AWS spells it so. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    job-state-lost = {
      description = "Labeling job events reached neither the function nor the undelivered queue. The next scheduled run catches up."
      namespace   = "AWS/Events"
      metric      = "InvocationsFailedToBeSentToDlq"
      dimensions  = { RuleName = local.job_state_rule_name }
      statistic   = "Sum"
      threshold   = 1
    }
    job-state-rule = {
      description = "Labeling job events did not reach the function. The next scheduled run catches up."
      namespace   = "AWS/Events"
      metric      = "FailedInvocations"
      dimensions  = { RuleName = local.job_state_rule_name }
      statistic   = "Sum"
      threshold   = 1
    }
    oldest-message = {
      description = "An upload has waited too long for a run. It is lost when the queue's retention is over."
      namespace   = "AWS/SQS"
      metric      = "ApproximateAgeOfOldestMessage"
      dimensions  = { QueueName = var.queue_names.intake }
      statistic   = "Maximum"
      threshold   = var.oldest_message_age_seconds
    }
    probe-mode = {
      description = "Several labeling jobs failed in a row; runs claim one item only until one succeeds. Look at the job's failure reason."
      namespace   = local.pipeline_metrics.namespace
      metric      = "ProbeMode"
      dimensions  = local.pipeline_metrics.dimensions
      statistic   = "Maximum"
      threshold   = 1
    }
    timed-out-executions = {
      description = "An execution ran longer than Step Functions allows. The next scheduled run recovers its items."
      namespace   = "AWS/States"
      metric      = "ExecutionsTimedOut"
      dimensions  = { StateMachineArn = var.state_machine_arn }
      statistic   = "Sum"
      threshold   = 1
    }
    undelivered = {
      description = "Events or schedule calls could not be delivered, or an uploaded text could not be split. They are kept in the undelivered queue."
      namespace   = "AWS/SQS"
      metric      = "ApproximateNumberOfMessagesVisible"
      dimensions  = { QueueName = var.queue_names.undelivered }
      statistic   = "Maximum"
      threshold   = 1
    }
    upload-lost = {
      description = "Upload events reached no queue and are gone. The objects are in the upload bucket: send events for them with labelctl backfill."
      namespace   = "AWS/Events"
      metric      = "InvocationsFailedToBeSentToDlq"
      dimensions  = { RuleName = var.rule_names.upload }
      statistic   = "Sum"
      threshold   = 1
    }
    upload-rule = {
      description = "Upload events could not be handed on. They are kept in the undelivered queue."
      namespace   = "AWS/Events"
      metric      = "FailedInvocations"
      dimensions  = { RuleName = var.rule_names.upload }
      statistic   = "Sum"
      threshold   = 1
    }
  }

  alarm_arn_prefix = "arn:${var.deployment.partition}:cloudwatch:${var.deployment.region}:${var.deployment.account_id}:alarm:${var.name}-"

  topic_name = "${var.name}-alarms"
  topic_arn  = "arn:${var.deployment.partition}:sns:${var.deployment.region}:${var.deployment.account_id}:${local.topic_name}"
}

resource "aws_sns_topic" "this" {
  name              = local.topic_name
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "AlarmNotifications"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["${local.alarm_arn_prefix}*"]
    }
  }

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = {
    for name, alarm in local.alarms : name => alarm
    if !startswith(name, "job-state-") || local.job_state_rule_name != null
  }

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.description
  alarm_actions       = concat([aws_sns_topic.this.arn], var.actions)
  comparison_operator = "GreaterThanOrEqualToThreshold"
  dimensions          = each.value.dimensions
  evaluation_periods  = 1
  metric_name         = each.value.metric
  namespace           = each.value.namespace
  ok_actions          = concat([aws_sns_topic.this.arn], var.actions)
  period              = 300
  statistic           = each.value.statistic
  tags                = var.tags
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"
}

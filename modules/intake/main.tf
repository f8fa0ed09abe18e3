# The way in: the rule on uploads, the intake queue, the dead-letter queue for items, and a queue for events and
# schedule calls that could not be delivered and for texts that could not be split.

locals {
  # SQS keeps a message for 14 days at most.
  longest_retention_seconds = 1209600

  # The most that SQS takes. What cannot be labeled is dead-lettered with its reason by whoever reads it; SQS gives none,
  # and a wrong permission that outlasts some runs must not move the whole queue there.
  # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
  max_receive_count = 1000

  delivering_rule_arns = {
    dead_letter = []
    intake      = var.splitter == null ? [var.upload_rule_arn] : []
    undelivered = concat(var.job_state_rule_arn[*], [var.upload_rule_arn])
  }
}

resource "aws_sqs_queue" "dead_letter" {
  name                      = var.queue_names.dead_letter
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = local.longest_retention_seconds
  tags                      = var.tags

  lifecycle {
    ignore_changes = [name]

    postcondition {
      condition     = self.name == var.queue_names.dead_letter
      error_message = "job_name: the queue ${self.name} holds messages and cannot become ${var.queue_names.dead_letter}. Keep the name, or deploy a second pipeline."
    }
  }
}

resource "aws_sqs_queue" "undelivered" {
  name                      = var.queue_names.undelivered
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = local.longest_retention_seconds
  tags                      = var.tags

  lifecycle {
    ignore_changes = [name]

    postcondition {
      condition     = self.name == var.queue_names.undelivered
      error_message = "job_name: the queue ${self.name} holds messages and cannot become ${var.queue_names.undelivered}. Keep the name, or deploy a second pipeline."
    }
  }
}

resource "aws_sqs_queue" "intake" {
  name                      = var.queue_names.intake
  kms_master_key_id         = var.kms_key_arn
  message_retention_seconds = var.message_retention_seconds
  receive_wait_time_seconds = 20
  tags                      = var.tags

  # A minute more than the consumer can run: its messages do not come back while it still claims them.
  visibility_timeout_seconds = var.consumer_timeout_seconds + 60

  lifecycle {
    ignore_changes = [name]

    postcondition {
      condition     = self.name == var.queue_names.intake
      error_message = "job_name: the queue ${self.name} holds messages and cannot become ${var.queue_names.intake}. Keep the name, or deploy a second pipeline."
    }
  }
}

resource "aws_sqs_queue_redrive_policy" "intake" {
  queue_url = aws_sqs_queue.intake.url
  redrive_policy = jsonencode({
    deadLetterTargetArn = var.queue_arns.dead_letter
    maxReceiveCount     = local.max_receive_count
  })

  depends_on = [aws_sqs_queue.dead_letter]
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letter" {
  queue_url = aws_sqs_queue.dead_letter.url
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [var.queue_arns.intake]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.delivering_rule_arns

  statement {
    sid       = "DenyInsecureTransport"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [var.queue_arns[each.key]]

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

  dynamic "statement" {
    for_each = length(each.value) == 0 ? [] : ["events"]

    content {
      sid       = "EventDelivery"
      actions   = ["sqs:SendMessage"]
      resources = [var.queue_arns[each.key]]

      principals {
        type        = "Service"
        identifiers = ["events.amazonaws.com"]
      }

      condition {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [var.deployment.account_id]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = each.value
      }
    }
  }
}

resource "aws_sqs_queue_policy" "dead_letter" {
  queue_url = aws_sqs_queue.dead_letter.url
  policy    = data.aws_iam_policy_document.queue["dead_letter"].json
}

resource "aws_sqs_queue_policy" "intake" {
  queue_url = aws_sqs_queue.intake.url
  policy    = data.aws_iam_policy_document.queue["intake"].json
}

resource "aws_sqs_queue_policy" "undelivered" {
  queue_url = aws_sqs_queue.undelivered.url
  policy    = data.aws_iam_policy_document.queue["undelivered"].json
}

resource "aws_cloudwatch_event_rule" "upload" {
  name        = var.upload_rule_name
  description = var.splitter == null ? "Sends each upload to the intake queue." : "Has each upload split into items."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail      = { bucket = { name = [var.upload_bucket_name] } }
  })
}

resource "aws_cloudwatch_event_target" "upload" {
  rule = aws_cloudwatch_event_rule.upload.name
  arn  = var.splitter == null ? aws_sqs_queue.intake.arn : var.splitter.arn

  dead_letter_config {
    arn = aws_sqs_queue.undelivered.arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  depends_on = [
    aws_lambda_function_event_invoke_config.splitter,
    aws_lambda_permission.splitter,
    aws_sqs_queue_policy.intake,
    aws_sqs_queue_policy.undelivered,
  ]
}

# No source_account: EventBridge sends none, and the rule's ARN holds it.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html#eb-lam-function-not-invoked
resource "aws_lambda_permission" "splitter" {
  count = var.splitter == null ? 0 : 1

  statement_id  = "UploadRule"
  action        = "lambda:InvokeFunction"
  function_name = var.splitter.name
  principal     = "events.amazonaws.com"
  source_arn    = var.upload_rule_arn
}

# EventBridge counts an event as delivered when Lambda accepts it, so a failure after that must be kept here.
resource "aws_lambda_function_event_invoke_config" "splitter" {
  count = var.splitter == null ? 0 : 1

  function_name                = var.splitter.name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = aws_sqs_queue.undelivered.arn
    }
  }
}

# The state machine, what starts it, and the rule that tells it that a labeling job has ended.

resource "aws_cloudwatch_log_group" "this" {
  name              = var.log_group_name
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags

  lifecycle {
    ignore_changes = [name]

    postcondition {
      condition     = self.name == var.log_group_name
      error_message = "job_name: the log group ${self.name} holds what was logged and cannot become ${var.log_group_name}. Keep the name, or deploy a second pipeline."
    }
  }
}

data "aws_iam_policy_document" "workflow_trust" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["states.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [var.deployment.account_id]
    }
  }
}

resource "aws_iam_role" "workflow" {
  name                 = var.role_name
  description          = "Calls the steps of ${var.name}."
  assume_role_policy   = data.aws_iam_policy_document.workflow_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "workflow" {
  statement {
    sid       = "CallSteps"
    actions   = ["lambda:InvokeFunction"]
    resources = values(var.function_arns)
  }

  # The log delivery actions know no resources. https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
  statement {
    sid = "LogDelivery"
    actions = [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeLogGroups",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ]
    resources = ["*"]
  }

  # The same page also names these two; they support resources, so the state machine's log group is enough.
  statement {
    sid     = "WriteLog"
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      "arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:log-group:${var.log_group_name}:*",
    ]
  }

  statement {
    sid       = "EncryptHistory"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:aws:states:stateMachineArn"
      values   = [var.state_machine_arn]
    }
  }

  statement {
    sid       = "EncryptLogs"
    actions   = ["kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:SourceArn"
      values   = ["arn:${var.deployment.partition}:logs:${var.deployment.region}:${var.deployment.account_id}:*"]
    }
  }
}

data "aws_iam_policy_document" "tracing" {
  # They know no resources. https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
  statement {
    sid = "Trace"
    actions = [
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
      "xray:PutTelemetryRecords",
      "xray:PutTraceSegments",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "tracing" {
  count = var.tracing_enabled ? 1 : 0

  name   = "tracing"
  role   = aws_iam_role.workflow.id
  policy = data.aws_iam_policy_document.tracing.json
}

resource "aws_iam_role_policy" "workflow" {
  name   = "workflow"
  role   = aws_iam_role.workflow.id
  policy = data.aws_iam_policy_document.workflow.json
}

resource "aws_sfn_state_machine" "this" {
  #checkov:skip=CKV_AWS_285:Every event is logged, without the data of the states.
  name       = var.name
  definition = var.definition
  role_arn   = aws_iam_role.workflow.arn
  tags       = var.tags
  type       = "STANDARD"

  encryption_configuration {
    kms_data_key_reuse_period_seconds = 300
    kms_key_id                        = var.kms_key_arn
    type                              = "CUSTOMER_MANAGED_KMS_KEY"
  }

  # The states carry references, never labels or text; their data is left out of the log all the same.
  logging_configuration {
    include_execution_data = false
    level                  = var.log_level
    log_destination        = "${aws_cloudwatch_log_group.this.arn}:*"
  }

  tracing_configuration {
    enabled = var.tracing_enabled
  }

  lifecycle {
    precondition {
      condition     = length(var.definition) <= 1048576
      error_message = "The definition of ${var.name} is larger than the 1 MB that Step Functions takes."
    }
  }

  depends_on = [aws_iam_role_policy.workflow]
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
  name                 = var.schedule_role_name
  description          = "Starts ${var.name} on schedule."
  assume_role_policy   = data.aws_iam_policy_document.schedule_trust.json
  path                 = var.iam.path
  permissions_boundary = var.iam.permissions_boundary_arn
  tags                 = var.tags
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "StartWorkflow"
    actions   = ["states:StartExecution"]
    resources = [var.state_machine_arn]
  }

  statement {
    sid       = "KeepUndelivered"
    actions   = ["sqs:SendMessage"]
    resources = [var.undelivered_queue_arn]
  }

  statement {
    sid       = "EncryptUndelivered"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${var.deployment.region}.amazonaws.com"]
    }
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

# When the expression was first planned. Scheduler refuses a moment that is past, and so does this plan; later plans, when
# the moment has come, do not.
resource "terraform_data" "schedule" {
  input            = plantimestamp()
  triggers_replace = "${var.schedule.expression} ${var.schedule.timezone}"

  lifecycle {
    ignore_changes = [input]

    postcondition {
      # Where the zone's distance from UTC is not known here, the moment is past for certain 12 hours later.
      condition = try(timecmp(
        timeadd(
          "${trimsuffix(trimprefix(var.schedule.expression, "at("), ")")}Z",
          contains(["Etc/UTC", "UTC"], var.schedule.timezone) ? "0s" : "12h",
        ),
        self.input,
      ) > 0, true)
      error_message = "schedule.expression: the time of ${var.schedule.expression} is in the past. Set a future time."
    }
  }
}

resource "aws_scheduler_schedule" "this" {
  name                         = var.name
  description                  = "Starts a run of ${var.name}."
  group_name                   = "default"
  kms_key_arn                  = var.kms_key_arn
  schedule_expression          = var.schedule.expression
  schedule_expression_timezone = var.schedule.timezone
  state                        = var.schedule.enabled ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_sfn_state_machine.this.arn
    input    = jsonencode({})
    role_arn = aws_iam_role.schedule.arn

    dead_letter_config {
      arn = var.undelivered_queue_arn
    }

    # The default of 185 attempts over a day would start a run long after its time; the next schedule does it anyway.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 5
    }
  }

  depends_on = [aws_iam_role_policy.schedule, terraform_data.schedule]
}

# The workflow waits for a task token instead of asking again and again; this event is what answers it.
resource "aws_cloudwatch_event_rule" "job_state" {
  count = var.job_state == null ? 0 : 1

  name        = var.job_state.rule_name
  description = "Tells ${var.name} that one of its labeling jobs has ended."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.sagemaker"]
    detail-type = ["SageMaker Ground Truth Labeling Job State Change"]
    resources   = [{ prefix = var.labeling_job_arn_prefix }]
  })
}

# No source_account: EventBridge sends none, and the rule's ARN holds it.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-troubleshooting.html#eb-lam-function-not-invoked
resource "aws_lambda_permission" "job_state" {
  count = var.job_state == null ? 0 : 1

  statement_id  = "JobStateRule"
  action        = "lambda:InvokeFunction"
  function_name = var.job_state.function_name
  principal     = "events.amazonaws.com"
  source_arn    = var.job_state.rule_arn
}

resource "aws_cloudwatch_event_target" "job_state" {
  count = var.job_state == null ? 0 : 1

  rule = aws_cloudwatch_event_rule.job_state[0].name
  arn  = var.job_state.function_arn

  dead_letter_config {
    arn = var.undelivered_queue_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  depends_on = [
    aws_lambda_function_event_invoke_config.job_state,
    aws_lambda_permission.job_state,
  ]
}

# EventBridge counts an event as delivered when Lambda accepts it. Ground Truth may not know of a job's end yet when its event
# comes, so Lambda tries again, after one minute and after two; what fails then is kept.
resource "aws_lambda_function_event_invoke_config" "job_state" {
  count = var.job_state == null ? 0 : 1

  function_name                = var.job_state.function_name
  maximum_event_age_in_seconds = 21600
  maximum_retry_attempts       = 2

  destination_config {
    on_failure {
      destination = var.undelivered_queue_arn
    }
  }
}

moved {
  from = aws_cloudwatch_event_rule.job_state
  to   = aws_cloudwatch_event_rule.job_state[0]
}

moved {
  from = aws_cloudwatch_event_target.job_state
  to   = aws_cloudwatch_event_target.job_state[0]
}

moved {
  from = aws_lambda_function_event_invoke_config.job_state
  to   = aws_lambda_function_event_invoke_config.job_state[0]
}

moved {
  from = aws_lambda_permission.job_state
  to   = aws_lambda_permission.job_state[0]
}

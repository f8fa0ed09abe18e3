# The dashboard: what waits, how runs went, what was labeled, and what that cost.

locals {
  dashboard_name = "${var.name}-labeling"

  queue_metric = {
    for use in ["dead_letter", "intake", "undelivered"] :
    use => ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.queue_names[use]]
  }

  # Each widget is a third of the width of the dashboard, which has 24 columns.
  widgets = [
    {
      title = "Uploads that wait"
      stat  = "Maximum"
      metrics = [
        concat(local.queue_metric.intake, [{ label = "waiting" }]),
        ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", var.queue_names.intake, { label = "being claimed" }],
      ]
    },
    {
      title   = "Age of the oldest upload that waits, seconds"
      stat    = "Maximum"
      metrics = [["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.queue_names.intake, { label = "oldest" }]]
      annotations = {
        horizontal = [{ label = "alarm", value = var.oldest_message_age_seconds }]
      }
    },
    {
      title = "Runs"
      stat  = "Sum"
      metrics = [
        for metric, label in {
          ExecutionsStarted   = "started"
          ExecutionsSucceeded = "succeeded"
          ExecutionsFailed    = "failed"
          ExecutionsTimedOut  = "timed out"
          ExecutionsAborted   = "aborted"
        } :
        ["AWS/States", metric, "StateMachineArn", var.state_machine_arn, { label = label }]
      ]
    },
    {
      title = "Items of the runs that ended"
      stat  = "Sum"
      metrics = [
        for metric, label in {
          ItemsClaimed  = "claimed"
          ItemsStored   = "stored"
          ItemsReturned = "returned"
        } :
        [local.pipeline_metrics.namespace, metric, "Pipeline", var.name, { label = label }]
      ]
    },
    {
      title = "Labels that reviewers rejected, and dead letters"
      stat  = "Sum"
      metrics = [
        [local.pipeline_metrics.namespace, "ItemsRejected", "Pipeline", var.name, { label = "rejected" }],
        [local.pipeline_metrics.namespace, "ItemsDeadLettered", "Pipeline", var.name, { label = "dead-lettered" }],
        concat(local.queue_metric.dead_letter, [{ label = "in the dead-letter queue", stat = "Maximum", yAxis = "right" }]),
        concat(local.queue_metric.undelivered, [{ label = "in the undelivered queue", stat = "Maximum", yAxis = "right" }]),
      ]
    },
    {
      title = "Cost of labels since the beginning of the period, dollars"
      stat  = "Sum"
      metrics = [
        [local.pipeline_metrics.namespace, "ObjectsLabeled", "Pipeline", var.name, { id = "labeled", visible = false }],
        [local.pipeline_metrics.namespace, "ObjectsVerified", "Pipeline", var.name, { id = "verified", visible = false }],
        [{ id = "label_cost", label = "labels", expression = "RUNNING_SUM(FILL(labeled, 0)) * ${try(var.dashboard.label_cost, 0)}" }],
        [{ id = "verify_cost", label = "verification", expression = "RUNNING_SUM(FILL(verified, 0)) * ${try(var.dashboard.verify_cost, 0)}" }],
      ]
    },
    {
      title = "Objects that labeling jobs have finished"
      stat  = "Maximum"
      # AWS's pages name several namespaces for the metrics of labeling jobs, so none is given. Words
      # of a name are found one by one.
      # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
      metrics = [[{ id = "jobs", expression = "SEARCH('MetricName=\"TotalDatasetObjectsLabeled\" ${join(" ", [for word in split("-", var.name) : "LabelingJobName=${word}"])}', 'Maximum', 300)" }]]
    },
    {
      title = "Errors of the functions"
      stat  = "Sum"
      metrics = [
        for step, name in var.function_names :
        ["AWS/Lambda", "Errors", "FunctionName", name, { label = replace(step, "_", " ") }]
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard == null ? 0 : 1

  dashboard_name = local.dashboard_name
  dashboard_body = jsonencode({
    widgets = concat(
      [
        for place, widget in local.widgets : {
          type   = "metric"
          x      = place % 3 * 8
          y      = floor(place / 3) * 6
          width  = 8
          height = 6
          properties = merge(
            { region = var.deployment.region, period = 300, view = "timeSeries" },
            widget,
          )
        }
      ],
      [
        {
          type       = "alarm"
          x          = length(local.widgets) % 3 * 8
          y          = floor(length(local.widgets) / 3) * 6
          width      = 8
          height     = 6
          properties = { title = "Alarms", alarms = [for key in keys(aws_cloudwatch_metric_alarm.this) : "${local.alarm_arn_prefix}${key}"] }
        }
      ],
    )
  })
}

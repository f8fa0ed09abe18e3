# The log groups of the functions and of the state machine. Each is there whether or not its function is, so that turning
# a function off deletes nothing that it logged.

resource "aws_cloudwatch_log_group" "this" {
  for_each = var.names

  name              = each.value
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.retention_days
  tags              = var.tags

  lifecycle {
    ignore_changes = [name]

    postcondition {
      condition     = self.name == each.value
      error_message = "job_name: the log group ${self.name} holds what was logged and cannot become ${each.value}. Keep the name, or deploy a second pipeline."
    }
  }
}

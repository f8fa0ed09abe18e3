output "key_arn" {
  description = "ARN of the key, created or given."
  value       = var.existing_key == null ? one(aws_kms_key.this[*].arn) : var.existing_key.arn
}

output "required_key_policy_json" {
  description = "Statements that the policy of a caller's key must hold."
  value       = data.aws_iam_policy_document.required.json
}

output "required_key_statements" {
  description = "Principals and actions of the statements that the key's policy must contain, by statement id."
  value = {
    for statement in jsondecode(data.aws_iam_policy_document.required.json).Statement : statement.Sid => {
      actions    = flatten([statement.Action])
      principals = flatten(values(statement.Principal))
    }
  }
}

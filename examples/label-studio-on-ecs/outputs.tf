output "admin_password_secret_arn" {
  description = "Secret with the password of admin_email at its first login."
  value       = aws_secretsmanager_secret.this["admin-password"].arn
}

output "functions_vpc" {
  description = "Subnets and security group with which the pipeline's functions reach Label Studio, for the module's input functions.vpc."
  value = {
    security_group_ids = [aws_security_group.this["caller"].id]
    subnet_ids         = var.private_subnet_ids
  }
}

output "kms_key_arn" {
  description = "Key with which the token is encrypted; who reads the token needs kms:Decrypt with it."
  value       = aws_kms_key.this.arn
}

output "label_studio" {
  description = "Where the pipeline's functions call Label Studio, the secret with their token, and the role that reads uploads: the module's input label_studio."
  value = {
    reader_role_arns         = [aws_iam_role.this["task"].arn]
    token_secret_arn         = aws_secretsmanager_secret.this["api-token"].arn
    token_secret_kms_key_arn = aws_kms_key.this.arn
    url                      = "https://${local.pipeline_domain_name}"
  }
}

output "task_role_arn" {
  description = "Role with which Label Studio reads uploads; the policy of the upload bucket must admit it."
  value       = aws_iam_role.this["task"].arn
}

output "url" {
  description = "Where people label."
  value       = "https://${var.domain_name}"
}

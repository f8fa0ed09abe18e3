output "arn" {
  description = "ARN of the feature group."
  value       = aws_sagemaker_feature_group.this.arn
}

output "feature_names" {
  description = "Columns that the group really has; a feature that came later is none of them."
  value       = local.feature_names
}

output "name" {
  description = "Name of the feature group."
  value       = aws_sagemaker_feature_group.this.feature_group_name
}
